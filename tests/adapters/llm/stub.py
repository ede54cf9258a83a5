"""An OpenAI-compatible server on loopback that answers as it is told to, good or bad, and records what it was sent."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server sends: a status, a body, headers; `drip_s` puts a pause before each byte, `hang` says nothing at all."""

    status: int = 200
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    drip_s: float = 0.0
    hang: bool = False


Behaviour = Callable[[dict[str, Any]], Reply]


def completion(content: str | None) -> Reply:
    """A well-formed chat completion with this content."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return Reply(
        body=json.dumps(
            {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
        )
    )


@dataclass
class Stub:
    """The running server."""

    url: str
    behaviour: Behaviour
    requests: list[dict[str, Any]] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    stub: ClassVar[Stub]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
        self.stub.paths.append(self.path)
        self.stub.bodies.append(body)
        self.stub.headers.append({key.lower(): value for key, value in self.headers.items()})
        self.stub.requests.append(json.loads(body))
        reply = self.stub.behaviour(self.stub.requests[-1])
        if reply.hang:
            self.stub.stopping.wait(20)
        else:
            self._answer(reply)

    def do_GET(self) -> None:
        self.stub.paths.append(self.path)
        self._answer(Reply(404, "{}"))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name for it
        """Says nothing: tests read the recorded requests."""

    def _answer(self, reply: Reply) -> None:
        data = reply.body.encode()
        self.send_response(reply.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        for name, value in reply.headers:
            self.send_header(name, value)
        self.end_headers()
        pieces = [data[index : index + 1] for index in range(len(data))] if reply.drip_s else [data]
        for piece in pieces:
            if reply.drip_s and self.stub.stopping.wait(reply.drip_s):
                return
            try:
                self.wfile.write(piece)
                self.wfile.flush()
            except OSError:
                return


@contextmanager
def running(behaviour: Behaviour) -> Iterator[Stub]:
    """A server until the block ends."""
    stub = Stub("", behaviour)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"stub": stub}))
    server.daemon_threads = True
    stub.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        stub.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
