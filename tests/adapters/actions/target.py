"""A small real target on loopback that records what reached it and answers as told."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Target:
    """What it saw, and what it answers."""

    port: int = 0
    status: int = 200
    body: bytes = b'{"value": 20, "deep": {"er": "x"}}'
    headers: dict[str, str] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def json_of(self, index: int = -1) -> Any:
        return json.loads(self.seen[index].body)


@contextmanager
def serving() -> Iterator[Target]:
    target = Target()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            target.seen.append(Seen(self.command, self.path, headers, self.rfile.read(length)))
            self.send_response(target.status)
            for name, value in target.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(target.body)))
            self.end_headers()
            self.wfile.write(target.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - names of the standard library

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's signature
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    target.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield target
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def raw_server(script: "RawScript") -> Iterator[int]:
    """A server that does with each connection what `script` says; yields the port."""
    stopping = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)

        def serve() -> None:
            while not stopping.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                with connection:
                    script.talk(connection, stopping)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            stopping.set()
            thread.join()


class RawScript:
    """Base of the misbehaving servers: reads the request, then `misbehave`."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []

    def talk(self, connection: socket.socket, stopping: threading.Event) -> None:
        connection.settimeout(2)
        self.requests.append(connection.recv(65_536))
        try:
            self.misbehave(connection, stopping)
        except OSError:
            return  # the client has gone, as it should

    def misbehave(self, connection: socket.socket, stopping: threading.Event) -> None:
        """Closes without an answer."""


class Silent(RawScript):
    """Never answers."""

    def misbehave(self, connection: socket.socket, stopping: threading.Event) -> None:
        stopping.wait(10)


class Dripping(RawScript):
    """Sends one byte of a header every 50 ms, for ever."""

    def misbehave(self, connection: socket.socket, stopping: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not stopping.wait(0.05):
            connection.sendall(b"a")


class Endless(RawScript):
    """Answers with a body that never ends."""

    def misbehave(self, connection: socket.socket, stopping: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not stopping.is_set():
            connection.sendall(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")


class HalfABody(RawScript):
    """Promises more than it sends."""

    def misbehave(self, connection: socket.socket, stopping: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
