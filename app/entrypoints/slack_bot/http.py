"""Slack over HTTP: `POST /slack/events` for events, commands and clicks alike."""

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest

from app.adapters.slack.shape import Refusal
from app.adapters.slack.signature import MAX_BYTES, Guard, too_large

log = structlog.get_logger(__name__)


def slack_router(app: AsyncApp, guard: Guard) -> APIRouter:
    """The route. A refused request is answered in JSON and never logged with its body."""
    router = APIRouter()

    @router.post("/slack/events")
    async def receive(request: Request) -> Response:
        return await _receive(app, guard, request)

    return router


async def _receive(app: AsyncApp, guard: Guard, request: Request) -> Response:
    body = await _bounded_body(request)
    checked = guard.check(request.headers, body) if body is not None else too_large()
    if isinstance(checked, Refusal):
        log.warning("slack.refused", status=checked.status, reason=checked.error)
        return JSONResponse(checked.body, checked.status)
    if checked.is_replay:
        log.info("slack.replayed")
        return Response(status_code=200)
    # The guard has verified and parsed: handing over the object keeps Bolt from parsing it a second time, in a way that
    # loses every command with the word "payload" in it. Bolt calls a parsed body "socket mode".
    answer = await app.async_dispatch(
        AsyncBoltRequest(body=dict(checked.body), headers=dict(request.headers), mode="socket_mode")
    )
    if 200 <= answer.status < 300:
        guard.answered(checked)
    return to_starlette_response(answer)


async def _bounded_body(request: Request) -> bytes | None:
    """The body, or None once it is longer than the cap; the rest is not read."""
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > MAX_BYTES:
            return None
    return bytes(parts)
