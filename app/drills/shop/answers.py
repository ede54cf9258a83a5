"""How the shop's HTTP doors read a body and answer a mistake: always JSON with an error and a hint."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from app.drills.shop.spec import SpecError

MAX_DEPTH = 8
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def refusal(status: int, error: str, hint: str) -> web.Response:
    """A 4xx answer."""
    return web.json_response({"error": error, "hint": hint}, status=status)


@web.middleware
async def answer_errors_in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn refused values and aiohttp's own refusals into `{"error", "hint"}`."""
    try:
        return await handler(request)
    except SpecError as error:
        return refusal(error.status, str(error), error.hint)
    except web.HTTPRequestEntityTooLarge:
        return refusal(413, "the body is too large", "Send less than 64 kB of JSON.")
    except web.HTTPMethodNotAllowed as error:
        return refusal(405, f"{error.method} is not allowed here", f"Allowed: {', '.join(sorted(error.allowed_methods))}.")
    except web.HTTPNotFound:
        return refusal(404, f"there is no {request.path}", "GET /services lists what can be addressed.")


async def read_object(request: web.Request) -> dict[str, Any]:
    """The JSON object of the body; `SpecError` 400 for anything else."""
    if request.content_type != "application/json":
        raise SpecError(f"the body is {request.content_type}, not JSON", "Send Content-Type: application/json.", 415)
    raw = await request.read()
    try:
        value = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise SpecError("the body is not JSON in UTF-8", 'Send an object such as {"value": 20}.', 400) from error
    if not isinstance(value, dict):
        raise SpecError("the body is not a JSON object", 'Send an object such as {"value": 20}.', 400)
    if _depth(value, MAX_DEPTH) == 0:
        raise SpecError("the body is nested too deeply", f"At most {MAX_DEPTH} levels are read.", 400)
    return value


def _depth(value: object, left: int) -> int:
    """What remains of `left` levels below this value; 0 when they do not suffice."""
    if left == 0:
        return 0
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return min((_depth(child, left - 1) for child in children), default=left)
