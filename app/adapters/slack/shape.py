"""Reads a signed Slack request into one bounded object, or says why it is none."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import parse_qsl

from app.domain.canonical import Json

_DEEPEST, _MOST_KEYS, _MOST_FIELDS, _LONGEST_NUMBER = 60, 20_000, 60, 60
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NUMBER = re.compile(rf"[0-9.eE+-]{{{_LONGEST_NUMBER},}}")
_NEEDS: Mapping[str, Mapping[str, type]] = {
    "url_verification": {"challenge": str},
    "event_callback": {"event_id": str, "event": dict},
    "block_actions": {"user": dict, "actions": list},
    "view_submission": {"user": dict, "view": dict},
    "view_closed": {"user": dict, "view": dict},
}
# The framework reads these before any listener does, and takes for granted that they are objects.
_OBJECTS = ("team", "user", "channel", "container", "message", "view", "enterprise", "event", "bot", "function_data")
_HINT = "Only what Slack sends is understood here."


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is turned away: an HTTP status, what is wrong, and what to do."""

    status: int
    error: str
    hint: str

    @property
    def body(self) -> dict[str, str]:
        """The answer's JSON."""
        return {"error": self.error, "hint": self.hint}


def read_body(text: str, content_type: str) -> dict[str, Json] | Refusal:
    """The event, command or interaction in a body: JSON, a form, or JSON in a form's `payload`."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        return _checked(_parsed(text))
    if kind == "application/x-www-form-urlencoded":
        return _form(text)
    return Refusal(415, "This content type is not understood.", _HINT)


def _form(text: str) -> dict[str, Json] | Refusal:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        return Refusal(400, "The form cannot be read.", _HINT)
    form: dict[str, Json] = dict(pairs)
    if len(form) != len(pairs):
        return Refusal(400, "The form names a field twice.", _HINT)
    payload = form.get("payload")
    return _checked(_parsed(payload)) if isinstance(payload, str) else _checked(form)


def _parsed(text: str) -> "Json | Refusal":
    bare = _STRING.sub('""', text)
    if bare.count(":") > _MOST_KEYS or _depth(bare) > _DEEPEST or _NUMBER.search(bare):
        return Refusal(400, "The JSON is too deep, too wide or has too long a number.", _HINT)
    try:
        value: Json = json.loads(text, parse_constant=_no_constant)
    except ValueError:
        return Refusal(400, "The JSON cannot be read.", _HINT)
    return value


def _depth(bare: str) -> int:
    deepest = depth = 0
    for char in bare:
        if char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest


def _no_constant(name: str) -> NoReturn:
    msg = f"{name} is no JSON"
    raise ValueError(msg)


def _checked(value: "Json | Refusal") -> dict[str, Json] | Refusal:
    if isinstance(value, Refusal):
        return value
    if not isinstance(value, dict):
        return Refusal(400, "The body is no object.", _HINT)
    missing = _missing(value)
    return Refusal(400, f"The request has no usable {missing}.", _HINT) if missing else value


def _missing(body: Mapping[str, Json]) -> str:
    """The first part that is missing or of the wrong type; empty if the request can be handled."""
    if "command" in body or "ssl_check" in body:
        return "" if all(isinstance(value, str) for value in body.values()) else "form"
    kind = body.get("type")
    if not isinstance(kind, str) or not kind:
        return "type"
    for name, wanted in _NEEDS.get(kind, {}).items():
        if not body.get(name) or not isinstance(body[name], wanted):
            return name
    return _missing_inside(kind, body)


def _missing_inside(kind: str, body: Mapping[str, Json]) -> str:
    event, actions = body.get("event"), body.get("actions")
    if kind == "event_callback" and not (isinstance(event, dict) and isinstance(event.get("type"), str)):
        return "event type"
    if kind == "block_actions" and not (isinstance(actions, list) and all(map(_is_action, actions))):
        return "action"
    odd = next((name for name in _OBJECTS if body.get(name) is not None and not isinstance(body[name], dict)), "")
    return odd or ("authorizations" if not isinstance(body.get("authorizations", []), list) else "")


def _is_action(action: Json) -> bool:
    return isinstance(action, dict) and isinstance(action.get("action_id"), str) and isinstance(action.get("type"), str)
