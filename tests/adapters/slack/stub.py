"""A small real HTTP server that answers Web API calls as a test tells it to, and remembers what it was asked."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

Reply = dict[str, Any]


@dataclass
class Answer:
    """One answer: a JSON body, an HTTP status, headers; or `reset`, which breaks the connection after the call was taken in."""

    body: Reply | str = field(default_factory=lambda: {"ok": True})
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    reset: bool = False


@dataclass
class Stub:
    """Answers by method name: planned answers first, then `usual`."""

    url: str = ""
    calls: list[tuple[str, Reply]] = field(default_factory=list)
    planned: dict[str, list[Answer]] = field(default_factory=dict)
    usual: dict[str, Callable[[Reply], Reply]] = field(default_factory=dict)

    def plan(self, method: str, *answers: Answer) -> None:
        self.planned.setdefault(method, []).extend(answers)

    def asked(self, method: str) -> list[Reply]:
        return [arguments for name, arguments in self.calls if name == method]

    def answer(self, method: str, arguments: Reply) -> Answer:
        self.calls.append((method, arguments))
        waiting = self.planned.get(method)
        if waiting:
            return waiting.pop(0)
        usual = self.usual.get(method)
        return Answer(usual(arguments) if usual else {"ok": True})


@contextmanager
def running_stub() -> Iterator[Stub]:
    """A stub on a free loopback port."""
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            answer = stub.answer(self.path.rpartition("/")[2], _arguments(raw, self.headers.get("Content-Type", "")))
            if answer.reset:
                # Lingering for zero seconds turns the close into a TCP reset.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()
                return
            body = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body.encode())))
            # A client that gave up waiting has closed its end.
            with suppress(ConnectionError):
                self.end_headers()
                self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    stub.url = f"http://127.0.0.1:{server.server_address[1]}/api/"
    try:
        yield stub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _arguments(raw: bytes, content_type: str) -> Reply:
    if content_type.startswith("application/json"):
        return dict(json.loads(raw or b"{}"))
    return {name: values[0] for name, values in parse_qs(raw.decode("utf-8", "replace")).items()}
