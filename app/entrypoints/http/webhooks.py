"""The door for alerts and changes: checks who sends and what shape it has, commits it, and answers."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import anyio.to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CollectorRegistry, Counter

from app.adapters.signals.source import Received, Source
from app.domain.canonical import Json, digest
from app.domain.errors import Refused, SitrepError, Unavailable
from app.domain.report import SHOWN_PARTS, Report
from app.entrypoints.http.access import hint_for, is_proved, may_come_in

MAX_BYTES = 4 * 1024 * 1024
RETRY_AFTER_S = 30
# SNS sends the user and password of its address only after such a challenge.
CHALLENGE = {"WWW-Authenticate": 'Basic realm="sitrep"'}

Receive = Callable[[str, str, Mapping[str, Json]], bool]


@dataclass(frozen=True, slots=True)
class Door:
    """What every webhook needs: `receive` commits a delivery and is False for one that was seen, `token` may be empty."""

    receive: Receive
    token: str
    now: Callable[[], datetime]
    deliveries: Counter
    refused_parts: Counter


def router(
    receive: Receive, sources: Mapping[str, Source], token: str, now: Callable[[], datetime], registry: CollectorRegistry
) -> APIRouter:
    """`POST /webhooks/{source}` for every source. 202 for new, 200 for seen, 4xx with `error` and `hint` otherwise; 429 asks
    for another try where a sender's certificate cannot be read now, 503 where the database cannot.
    """
    deliveries = Counter("sitrep_webhook_deliveries", "Answers to webhooks.", ["source", "status"], registry=registry)
    parts = Counter("sitrep_webhook_refused_parts", "Parts nobody could understand.", ["source"], registry=registry)
    door = Door(receive, token, now, deliveries, parts)
    routes = APIRouter()
    for name, source in sources.items():
        routes.add_api_route(f"/webhooks/{name}", _endpoint(door, source), methods=["POST"], name=f"webhook {name}")
        if source.answers_options:
            routes.add_api_route(f"/webhooks/{name}", _permission, methods=["OPTIONS"], name=f"permission {name}")
    return routes


def delivery_key(source: str, payload: Mapping[str, Json], report: Report) -> str:
    """The sender's own name of a delivery; without one the same for all that say the same about the same episodes."""
    if report.key:
        return f"{source}:{report.key}" if len(report.key) <= 200 else f"{source}:{digest(report.key)}"
    said: list[Json] = [*sorted(f"{item.episode}|{item.state.value}|{int(item.severity)}" for item in report.signals)]
    group = payload.get("groupKey", "")
    return f"{source}:{digest({'said': said, 'group': group if isinstance(group, str) else '', 'refused': [*report.refused]})}"


def _endpoint(door: Door, source: Source) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def accept(request: Request) -> JSONResponse:
        answer = await _answer(door, source, request)
        door.deliveries.labels(source.name, str(answer.status_code)).inc()
        return answer

    return accept


async def _answer(door: Door, source: Source, request: Request) -> JSONResponse:
    headers = {name.lower(): value for name, value in request.headers.items()}
    if not may_come_in(source, headers, door.token):
        return _refusal(401, "Nothing proves who sends this.", hint_for(source), CHALLENGE)
    raw = await _body(request)
    if raw is None:
        return _refusal(413, f"The body is larger than {MAX_BYTES} bytes.", "Send fewer alerts in one notification.")
    return await anyio.to_thread.run_sync(_take, door, source, Received(raw, headers, door.now()))


def _take(door: Door, source: Source, received: Received) -> JSONResponse:
    if not is_proved(source, received, door.token):
        return _refusal(401, "The signature does not fit the body.", hint_for(source), CHALLENGE)
    try:
        payload = source.read(received)
        source.admit(payload)
        report = source.parse(payload)
    except SitrepError as problem:
        return _no(problem)
    try:
        is_new = door.receive(source.name, delivery_key(source.name, payload, report), payload)
    except Unavailable as problem:
        return _refusal(503, problem.message, "Nothing was stored; send it again.", {"Retry-After": str(RETRY_AFTER_S)})
    if is_new:
        door.refused_parts.labels(source.name).inc(len(report.refused))
    return JSONResponse(_said(report, is_new), 202 if is_new else 200)


def _said(report: Report, is_new: bool) -> dict[str, object]:
    answer: dict[str, object] = {
        "status": "accepted" if is_new else "already seen",
        "signals": len(report.signals),
        "changes": len(report.changes),
    }
    if report.note:
        answer["note"] = report.note
    if report.refused:
        answer |= {"refused": len(report.refused), "problems": list(report.refused[:SHOWN_PARTS])}
    return answer


def _no(problem: SitrepError) -> JSONResponse:
    if isinstance(problem, Unavailable):
        return _refusal(429, problem.message, problem.hint, {"Retry-After": str(RETRY_AFTER_S)})
    return _refusal(403 if isinstance(problem, Refused) else 400, problem.message, problem.hint)


async def _permission(request: Request) -> Response:
    """The handshake of CloudEvents' HTTP webhooks, section 4: whoever may post, may post as often as they like."""
    headers = {"Allow": "POST, OPTIONS"}
    if "webhook-request-origin" in request.headers:
        headers |= {"WebHook-Allowed-Origin": "*", "WebHook-Allowed-Rate": "*"}
    return Response(status_code=200, headers=headers)


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


def _refusal(status: int, error: str, hint: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": error, "hint": hint}, status, dict(headers or {}))
