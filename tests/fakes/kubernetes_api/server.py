"""The door of the fake API server: paths, tokens, dry runs, faults and Status objects over real HTTP on loopback."""

import copy
import json
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

from tests.fakes.kubernetes_api import patches
from tests.fakes.kubernetes_api.state import PLURALS, Fault, State, Status

_PATH = re.compile(r"/(?:api/v1|apis/[a-z0-9.]+/v[0-9]+)(?:/namespaces/([^/]+))?/([a-z]+)(?:/([^/]+))?(/scale)?")
ADMIN = "admin-token"


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    content_type: str
    body: Any


@dataclass
class ApiServer:
    """The state, what was asked, and who may do what: token -> verbs on plurals such as `patch deployments`; `*` is all."""

    state: State = field(default_factory=State)
    asked: list[Asked] = field(default_factory=list)
    tokens: dict[str, set[str]] = field(default_factory=lambda: {ADMIN: {"*"}})
    port: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def writes(self) -> list[Asked]:
        """The requests that could have changed something, dry runs left out."""
        return [item for item in self.asked if item.method != "GET" and not is_dry_run(item)]

    def kubeconfig(self, folder: Path, token: str = ADMIN, server: str = "", **user: Any) -> str:
        """The path of a kubeconfig for one account."""
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "fake", "cluster": {"server": server or self.url}}],
            "users": [{"name": "sitrep", "user": user or {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "fake", "user": "sitrep"}}],
        }
        path = folder / f"kubeconfig-{token}"
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        return str(path)

    def take_fault(self, method: str) -> str:
        for fault in self.state.faults:
            if fault.method == method and fault.times > 0:
                fault.times -= 1
                return fault.what
        return ""

    def fail(self, method: str, what: str, times: int = 1) -> None:
        self.state.faults.append(Fault(method, what, times))


def is_dry_run(asked: Asked) -> bool:
    options = asked.body.get("dryRun") if isinstance(asked.body, dict) else None
    return bool(asked.query.get("dryRun") or options)


@contextmanager
def serving() -> Iterator[ApiServer]:
    """A running server; its faults end with it."""
    api = ApiServer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"api": api}))
    server.daemon_threads = False
    api.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield api
    finally:
        api.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()


def answer(api: ApiServer, asked: Asked, token: str) -> Any:
    """What the server does with one request; raises Status."""
    match = _PATH.fullmatch(asked.path)
    kind = PLURALS.get(match[2]) if match else None
    if match is None or kind is None:
        raise Status(404, "NotFound", "the server could not find the requested resource")
    namespace, name = unquote(match[1] or ""), unquote(match[3] or "")
    verb = {"GET": "get" if name else "list", "PATCH": "patch", "DELETE": "delete"}.get(asked.method, asked.method.lower())
    _authorise(api, token, verb, match[2], name)
    if asked.query.get("dryRun", ["All"]) != ["All"]:
        raise Status(422, "Invalid", "dryRun: Unsupported value")
    with api.state.lock:
        if verb == "list":
            return _listing(api.state, kind, namespace, asked)
        if verb == "get":
            return api.state.get(kind, namespace, name)
        return _write(api.state, kind, namespace, name, asked)


def _authorise(api: ApiServer, token: str, verb: str, plural: str, name: str) -> None:
    if token not in api.tokens:
        raise Status(401, "Unauthorized", "Unauthorized")
    if not {"*", f"{verb} {plural}"} & api.tokens[token]:
        raise Status(403, "Forbidden", f'{plural} "{name}" is forbidden: User "sitrep" cannot {verb} resource "{plural}"')


def _write(state: State, kind: str, namespace: str, name: str, asked: Asked) -> Any:
    if not is_dry_run(asked) and state.before_write:
        state.before_write.pop(0)(state)
    if asked.method == "DELETE":
        return state.delete(kind, namespace, name, asked.body or {}, is_dry_run=is_dry_run(asked))
    if asked.method != "PATCH":
        raise Status(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
    return _patch(state, state.get(kind, namespace, name), asked)


def _listing(state: State, kind: str, namespace: str, asked: Asked) -> Any:
    wanted = dict(pair.split("=", 1) for pair in asked.query.get("labelSelector", [""])[0].split(",") if pair)
    found = state.of_kind(kind, namespace)
    items = [item for item in found if wanted.items() <= item["metadata"].get("labels", {}).items()]
    return {"kind": f"{kind}List", "apiVersion": "v1", "metadata": {}, "items": items}


def _patch(state: State, old: Any, asked: Asked) -> Any:
    if old["kind"] in {"Kustomization", "HelmRelease"} and "strategic" in asked.content_type:
        raise Status(415, "UnsupportedMediaType", "the body of the request was in an unknown format")
    try:
        new = patches.apply(asked.content_type, old, asked.body)
    except KeyError:
        raise Status(415, "UnsupportedMediaType", "the body of the request was in an unknown format") from None
    except patches.BadPatch as error:
        raise Status(422, "Invalid", f"the server rejected our request due to an error in our request: {error}") from None
    return state.write(old, new, is_dry_run=is_dry_run(asked))


class Handler(BaseHTTPRequestHandler):
    """One connection, one request."""

    api: ApiServer

    def respond(self) -> None:
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.loads(raw) if raw else None
        asked = Asked(self.command, parts.path, parse_qs(parts.query), self.headers.get("Content-Type", ""), body)
        self.api.asked.append(asked)
        fault = "" if is_dry_run(asked) else self.api.take_fault(self.command)
        if fault == "reset":
            self.reset()
            return
        status, document = self.decide(asked, fault)
        if fault == "reset_after":
            self.reset()
        elif fault == "hang_after":
            self.api.stopping.wait(20)
            self.close_connection = True
        else:
            self.send(status, document, is_cut=fault == "cut_body")

    def decide(self, asked: Asked, fault: str) -> tuple[int, Any]:
        if fault.startswith("status:"):
            code = int(fault.partition(":")[2])
            reason = {500: "InternalError", 504: "Timeout"}.get(code, "ServiceUnavailable")
            return code, _status(Status(code, reason, "as told by a test"))
        try:
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            return 200, copy.deepcopy(answer(self.api, asked, token))
        except Status as refused:
            return refused.code, _status(refused)

    def send(self, status: int, document: Any, *, is_cut: bool) -> None:
        text = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text[: len(text) // 2] if is_cut else text)
        self.close_connection = True

    def reset(self) -> None:
        """A TCP reset, not a polite close."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.shutdown(socket.SHUT_RD)
        self.connection.close()
        self.close_connection = True

    do_GET = do_PATCH = do_DELETE = do_PUT = do_POST = respond  # noqa: N815 - names of the standard library

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's signature
        """Quiet."""


def _status(refused: Status) -> dict[str, Any]:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": str(refused),
        "reason": refused.reason,
        "code": refused.code,
    }
