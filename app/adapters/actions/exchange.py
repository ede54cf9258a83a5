"""One HTTP exchange with a deadline that knows whether the request had left when it failed."""

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

READ_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """The status, and at most 64 KiB of the body as it came."""

    status: int
    body: bytes


class NothingLeft(Exception):
    """The exchange failed before the first byte of the request was sent."""


class NoAnswer(Exception):
    """The request (or part of it) was sent, and no status came back in time."""


@dataclass(slots=True)
class Watch:
    """Follows one exchange through httpx's trace events, and cuts the connection at the deadline: a target that sends one
    byte now and then would otherwise hold us for ever.
    """

    deadline: float
    sent: bool = False
    expired: bool = False
    _stream: Any = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def trace(self, name: str, info: dict[str, Any]) -> None:
        """Called by the transport for each step."""
        if name.endswith(("connect_tcp.complete", "start_tls.complete")):
            with self._lock:
                self._stream = info["return_value"]
                late = self.expired
            if late:
                self.cut()
        elif name.endswith("send_request_headers.started"):
            self.sent = True

    def cut(self) -> None:
        """Ends the connection from our side."""
        with self._lock:
            self.expired = True
            stream = self._stream
        connection = stream.get_extra_info("socket") if stream is not None else None
        if connection is not None:
            with suppress(OSError):  # already closed: what we wanted
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


def exchange(client: httpx.Client, request: httpx.Request, timeout_s: float) -> Answer:
    """Sends the request and reads the answer within `timeout_s` seconds; raises NothingLeft or NoAnswer."""
    watch = Watch(time.monotonic() + timeout_s)
    request.extensions = {
        **request.extensions,
        "trace": watch.trace,
        "timeout": httpx.Timeout(timeout_s).as_dict(),
    }
    timer = threading.Timer(timeout_s, watch.cut)
    timer.daemon = True
    timer.start()
    try:
        response = client.send(request, stream=True)
    except httpx.HTTPError as error:
        reason = f"no answer within {timeout_s:g} s" if watch.expired else _reason(error)
        raise (NoAnswer if watch.sent else NothingLeft)(reason) from None
    else:
        try:
            return Answer(response.status_code, _body(response))
        finally:
            response.close()
    finally:
        timer.cancel()


def _body(response: httpx.Response) -> bytes:
    kept = bytearray()
    # The status line is the answer; a body that breaks off afterwards only shortens its words.
    with suppress(httpx.HTTPError):
        for chunk in response.iter_raw():
            kept += chunk
            if len(kept) >= READ_BYTES:
                break
    return bytes(kept[:READ_BYTES])


def _reason(error: httpx.HTTPError) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
