"""Fills the frozen templates of an action with checked values; a value can never become more than one value."""

import json
import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit

from app.domain.action import ActionSpec
from app.domain.canonical import Json
from app.domain.errors import ActionRefused

OUTPUT_CHARACTERS = 2000
RUN_ID_IN_WORDS = "(the id of the run)"

_PIECE = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]*)\}|[{}]")
_WHOLE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def values_for(spec: ActionSpec, target: str, parameters: Mapping[str, Json], **more: str) -> dict[str, Json]:
    """What placeholders stand for, after the catalogue's own check; raises ActionRefused."""
    checked = spec.check(target, parameters)
    for name, value in {**checked, **more, "target": target}.items():
        if isinstance(value, str) and any(ord(char) < 32 or ord(char) == 127 for char in value):
            raise ActionRefused(f"{name} has a line break or another control character.", "Give plain text on one line.")
    return {**checked, **more, "target": target}


def fill_json(template: Json, values: Mapping[str, Json]) -> Json:
    """The body: a string that is one placeholder becomes the value with its type."""
    if isinstance(template, str):
        match = _WHOLE.fullmatch(template)
        return _value(match[1], values) if match else _PIECE.sub(_brace_only, template)
    if isinstance(template, list):
        return [fill_json(item, values) for item in template]
    if isinstance(template, dict):
        return {key: fill_json(item, values) for key, item in template.items()}
    return template


def fill_url(template: str, values: Mapping[str, Json]) -> str:
    """The URL: values stand percent-encoded inside the path; scheme, host, port and query are the template's own."""
    parts = urlsplit(template)
    if any("{" in piece or "}" in piece for piece in (parts.scheme, parts.netloc, parts.query, parts.fragment)):
        raise ActionRefused("The URL of this action has a placeholder outside its path.", "Correct the catalogue entry.")
    segments = [_fill(segment, values, in_url=True) for segment in parts.path.split("/")]
    if any(segment in {".", ".."} for segment in segments) or any(segment == "" for segment in segments[1:-1]):
        raise ActionRefused("A value would change the path of the URL.", "Values may not be empty, '.' or '..'.")
    return urlunsplit((parts.scheme, parts.netloc, "/".join(segments), parts.query, ""))


def fill_argv(template: list[str], values: Mapping[str, Json]) -> list[str]:
    """The arguments: every item stays one item, and none that holds a value begins with a dash because of it."""
    filled = []
    for item in template:
        text = _fill(item, values, in_url=False)
        if text.startswith("-") and not item.startswith("-"):
            raise ActionRefused(f"The value '{text}' begins with a dash and would be read as an option.", "Give another value.")
        filled.append(text)
    return filled


def fill_text(template: str, values: Mapping[str, Json]) -> str:
    """Plain text for a person, or a name that its reader checks again: values stand as they are."""
    return _fill(template, values, in_url=False)


def spelled(value: Json) -> str:
    """A scalar as text, as JSON spells it; strings as they are."""
    return value if isinstance(value, str) else json.dumps(value)


def words(raw: bytes) -> str:
    """What a target said: cut, with undecodable and control characters made harmless."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", raw.decode("utf-8", errors="replace"))[:OUTPUT_CHARACTERS].strip()


def visible(text: str) -> str:
    """`text` with every character a reader could not see (control, format, bidi, zero-width) written as an escape; line
    breaks stay.
    """
    return "".join(char if char == "\n" or char.isprintable() else f"\\u{ord(char):04x}" for char in text)


def pick(document: Json, place: str) -> Json:
    """The value at a dotted place, where a number counts in a list (`-1` is its last item); raises KeyError."""
    value = document
    for part in place.split("."):
        if isinstance(value, list) and re.fullmatch(r"-?[0-9]{1,4}", part) and -len(value) <= int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, dict):
            value = value[part]
        else:
            raise KeyError(place)
    return value


def _fill(template: str, values: Mapping[str, Json], *, in_url: bool) -> str:
    def replace(match: re.Match[str]) -> str:
        if not match[1]:
            return _brace_only(match)
        text = spelled(_value(match[1], values))
        return quote(text, safe="") if in_url else text

    return _PIECE.sub(replace, template)


def _brace_only(match: re.Match[str]) -> str:
    if match[0] not in {"{{", "}}"}:
        raise ActionRefused(f"The template holds a stray {match[0]}.", "Correct the catalogue entry.")
    return match[0][0]


def _value(name: str, values: Mapping[str, Json]) -> Json:
    try:
        return values[name]
    except KeyError:
        raise ActionRefused(
            f"The template asks for {{{name}}}, which is not a parameter.", "Correct the catalogue entry."
        ) from None
