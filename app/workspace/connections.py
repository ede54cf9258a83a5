"""Breaks TCP connections on purpose, as a network does: with a reset and without a goodbye."""

import asyncio
import socket
import struct
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


class Connections:
    """Knows the transport of each connected client."""

    def __init__(self) -> None:
        self._transports: dict[tuple[str, int], asyncio.Transport] = {}

    def add(self, client: tuple[str, int] | None, transport: asyncio.Transport) -> None:
        """Remember a connection; those that ended are forgotten."""
        self._transports = {key: one for key, one in self._transports.items() if not one.is_closing()}
        if client is not None:
            self._transports[client] = transport

    def abort(self, client: Any) -> bool:
        """Reset this client's connection; False when it is not known."""
        transport = self._transports.pop(tuple(client or ()), None)  # type: ignore[arg-type,unused-ignore]
        if transport is None:
            return False
        connection = transport.get_extra_info("socket")
        if connection is not None:
            # Lingering for zero seconds makes the kernel send RST instead of FIN.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        return True


def tracked_protocol(connections: Connections) -> type[H11Protocol]:
    """The HTTP protocol of the server, reporting each connection."""

    class TrackedProtocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            connections.add(self.client, transport)

    return TrackedProtocol
