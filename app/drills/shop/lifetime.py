"""How a process of the shop ends: by signal, or when the process that started it is gone."""

import asyncio
import signal
import socket
import sys

from aiohttp import web


async def until_told_to_end(watch_stdin: bool) -> None:
    """Return on SIGTERM, SIGINT, or (when told to watch it) at the end of standard input: then the parent has died."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    if watch_stdin:
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        reading = asyncio.create_task(_drain(reader, ended))
        await ended.wait()
        reading.cancel()
    else:
        await ended.wait()


async def serve_until_told_to_end(app: web.Application, port: int, *, watch_stdin: bool, grace_s: float = 3.0) -> None:
    """Serve on 127.0.0.1; at the end finish the requests under way for at most `grace_s` seconds."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=grace_s)
    await runner.setup()
    try:
        # A restarted service opens its port before the old process closes it.
        await web.TCPSite(runner, "127.0.0.1", port, reuse_port=True).start()
        await until_told_to_end(watch_stdin)
    finally:
        await runner.cleanup()


class ReservedPort:
    """A free loopback port, kept from others without listening on it; our own processes may still open it."""

    def __init__(self) -> None:
        """Pick and hold a port."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]

    def release(self) -> None:
        """Give the port back."""
        self._socket.close()


async def _drain(reader: asyncio.StreamReader, ended: asyncio.Event) -> None:
    while await reader.read(1024):
        pass
    ended.set()
