"""The door for the app: Web API methods, uploads, files, response addresses and the Socket Mode endpoint."""

import asyncio
from collections.abc import Callable

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from app.workspace import (
    methods_chat,
    methods_conversations,
    methods_files,
    methods_marks,
    methods_people,
    methods_views,
)
from app.workspace.call import Call, read_arguments
from app.workspace.core import Core
from app.workspace.errors import ApiError, RateLimited
from app.workspace.faults import Fault
from app.workspace.model import Json

log = structlog.get_logger(__name__)

METHODS: dict[str, Callable[[Call], Json]] = {
    **methods_chat.METHODS,
    **methods_conversations.METHODS,
    **methods_people.METHODS,
    **methods_marks.METHODS,
    **methods_views.METHODS,
    **methods_files.METHODS,
}
TIMEOUT_FAULT_SECONDS = 120.0
OPEN_SOCKET = "apps.connections.open"


class WebApi:
    """Answers what the app asks, and records it in the journal."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def routes(self) -> list[BaseRoute]:
        """The paths of this door."""
        return [
            Route("/api/{method:path}", self.method, methods=["GET", "POST"]),
            Route("/upload/v1/{ticket}", self.upload, methods=["POST", "PUT"]),
            Route("/files-pri/{file_id}/{name}", self.file),
            Route("/respond/{token}", self.respond, methods=["POST"]),
            WebSocketRoute("/link", self.link),
        ]

    async def method(self, request: Request) -> Response:
        """One Web API call."""
        name = request.path_params["method"]
        record = self._core.journal.add("api", method=name, args={}, ok=None)
        fault = self._core.faults.take(name)
        if fault and not fault.kind.endswith("_after_commit"):
            record |= {"ok": False, "fault": fault.kind}
            return await self._fail(request, fault)
        status, headers, body = await self._answer(request, name, record)
        record |= {"ok": body["ok"], "error": body.get("error"), "response": body}
        if fault:
            record["fault"] = fault.kind
            return await self._fail(request, fault)
        return JSONResponse(body, status, headers)

    async def _answer(self, request: Request, name: str, record: Json) -> tuple[int, dict[str, str], Json]:
        try:
            args = read_arguments(request.headers.get("content-type", ""), await request.body(), request.url.query)
            token = _token(request, args)
            record["args"] = {key: value for key, value in args.items() if key != "token"}
            if name not in METHODS and name != OPEN_SOCKET:
                raise ApiError("unknown_method", req_method=name)
            self._authorize(name, token)
            if self._core.config.strict:
                self._core.quotas.take(name, self._room(args.get("channel")))
            base_url = str(request.base_url).rstrip("/")
            self._core.people.base_url = base_url
            result = self._open_socket(base_url) if name == OPEN_SOCKET else METHODS[name](self._call(name, args, base_url))
            return 200, {}, {"ok": True, **result}
        except RateLimited as limited:
            return 429, {"Retry-After": str(limited.retry_after)}, {"ok": False, "error": limited.error}
        except ApiError as refused:
            log.info("workspace.refused", method=name, error=refused.error)
            return 200, {}, {"ok": False, "error": refused.error, **refused.extra}

    def _call(self, name: str, args: Json, base_url: str) -> Call:
        core = self._core
        return Call(name, args, base_url, core.config, core.clock, core.state, core.changes, core.tickets, core.journal)

    def _room(self, name: object) -> str:
        """The id of the channel meant, so that its name and its id share one quota."""
        found = self._core.state.channel_named(str(name).lstrip("#"))
        return found.id if found else str(name)

    def _authorize(self, method: str, token: str) -> None:
        if method == "api.test":
            return
        if not token:
            raise ApiError("not_authed")
        wanted = self._core.config.app_token if method == OPEN_SOCKET else self._core.config.bot_token
        prefix = "xapp-" if method == OPEN_SOCKET else "xoxb-"
        if token == wanted or (not self._core.config.strict and token.startswith(prefix)):
            return
        known = {self._core.config.app_token, self._core.config.bot_token}
        raise ApiError("not_allowed_token_type" if token in known else "invalid_auth")

    def _open_socket(self, base_url: str) -> Json:
        ticket = self._core.new_socket_ticket()
        return {"url": f"ws{base_url.removeprefix('http')}/link?ticket={ticket}&app_id=A0SITREP1"}

    async def _fail(self, request: Request, fault: Fault) -> Response:
        if fault.kind == "429":
            return JSONResponse({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(fault.retry_after)})
        if fault.kind in {"500", "503"}:
            page = "<!DOCTYPE html><html><body><h1>Server Error</h1><p>Something went wrong on our end.</p></body></html>"
            return Response(page, int(fault.kind), media_type="text/html")
        if fault.kind.startswith("timeout"):
            await _until_gone(request, TIMEOUT_FAULT_SECONDS)
        self._core.connections.abort(request.scope.get("client"))
        await asyncio.sleep(0)
        return Response(status_code=502)

    async def link(self, websocket: WebSocket) -> None:
        """The Socket Mode endpoint; its ticket works once."""
        ticket = websocket.query_params.get("ticket", "")
        if ticket not in self._core.socket_tickets:
            await websocket.close(code=1008)
            return
        self._core.socket_tickets.discard(ticket)
        await self._core.delivery.serve_socket(websocket, websocket.url.hostname or "workspace")

    async def upload(self, request: Request) -> Response:
        """Where an upload address leads; takes the file's bytes."""
        file_id, _, token = request.path_params["ticket"].partition("-")
        file = self._core.state.files.get(file_id)
        if file is None or token != file.upload_token or file.done:
            return PlainTextResponse("not found", 404)
        content = await request.body()
        if len(content) != file.expected_length:
            return PlainTextResponse(f"expected {file.expected_length} bytes, got {len(content)}", 400)
        file.content = content
        self._core.journal.add("upload", file=file.id, name=file.name, size=len(content))
        return PlainTextResponse(f"OK - {len(content)}")

    async def file(self, request: Request) -> Response:
        """A stored file, for callers with the bot's token."""
        if request.headers.get("authorization", "") != f"Bearer {self._core.config.bot_token}":
            return PlainTextResponse("not authorized", 403)
        file = self._core.state.files.get(request.path_params["file_id"].partition("-")[2])
        if file is None or file.content is None:
            return PlainTextResponse("not found", 404)
        return Response(file.content, media_type=file.mimetype)

    async def respond(self, request: Request) -> Response:
        """Where a response address leads."""
        record = self._core.journal.add("response_url", ok=None)
        try:
            reply = read_arguments("application/json", await request.body(), "")
            record["args"] = reply
            self._core.people.respond(request.path_params["token"], reply)
        except ApiError as refused:
            record |= {"ok": False, "error": refused.error}
            status = 404 if refused.error in {"expired_url", "used_url"} else 200
            return JSONResponse({"ok": False, "error": refused.error, **refused.extra}, status)
        record["ok"] = True
        return PlainTextResponse("ok")


def _token(request: Request, args: Json) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else str(args.get("token") or "")


async def _until_gone(request: Request, seconds: float) -> None:
    waited = 0.0
    while waited < seconds and not await request.is_disconnected():
        await asyncio.sleep(0.05)
        waited += 0.05
