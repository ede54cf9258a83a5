"""The door for alerts: checks who sends and what shape it has, commits it, and answers."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence

import anyio.to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app.domain.canonical import Json, digest
from app.domain.errors import BadInput
from app.domain.signal import Signal

MAX_BYTES = 2 * 1024 * 1024

Reader = Callable[[bytes], Mapping[str, Json]]
Parser = Callable[[Mapping[str, Json]], Sequence[Signal]]
Receive = Callable[[str, str, Mapping[str, Json]], bool]


def router(receive: Receive, read_json: Reader, parsers: Mapping[str, Parser], token: str) -> APIRouter:
    """`POST /webhooks/{source}` for every parser. 202 for new, 200 for seen, 4xx with `error` and `hint` otherwise."""
    routes = APIRouter()
    for source, parser in parsers.items():
        routes.add_api_route(
            f"/webhooks/{source}",
            _endpoint(source, parser, receive, read_json, token),
            methods=["POST"],
            name=f"webhook {source}",
        )
    return routes


def _endpoint(
    source: str, parser: Parser, receive: Receive, read_json: Reader, token: str
) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def accept(request: Request) -> JSONResponse:
        if token and not _is_authorised(request, token):
            return _refusal(401, "The webhook token is missing or wrong.", "Send `Authorization: Bearer <SITREP_WEBHOOK_TOKEN>`.")
        raw = await _body(request)
        if raw is None:
            return _refusal(413, f"The body is larger than {MAX_BYTES} bytes.", "Send fewer alerts in one notification.")
        try:
            payload = read_json(raw)
            signals = parser(payload)
        except BadInput as problem:
            return _refusal(400, problem.message, problem.hint)
        is_new = await anyio.to_thread.run_sync(receive, source, delivery_key(source, payload, signals), payload)
        return JSONResponse({"status": "accepted" if is_new else "already seen", "signals": len(signals)}, 202 if is_new else 200)

    return accept


def delivery_key(source: str, payload: Mapping[str, Json], signals: Sequence[Signal]) -> str:
    """The same for every delivery that says the same about the same episodes: a repetition changes nothing."""
    said = sorted(f"{signal.episode}|{signal.state.value}|{int(signal.severity)}" for signal in signals)
    return f"{source}:{digest({'said': [*said], 'group': payload.get('groupKey', '')})}"


def _is_authorised(request: Request, token: str) -> bool:
    given = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
    return hmac.compare_digest(hashlib.sha256(given).digest(), hashlib.sha256(token.encode()).digest())


async def _body(request: Request) -> bytes | None:
    """The body, or None as soon as it grows beyond the cap."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BYTES:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _refusal(status: int, error: str, hint: str) -> JSONResponse:
    return JSONResponse({"error": error, "hint": hint}, status)
