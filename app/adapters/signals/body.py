"""Reads the body of a webhook: its size, text and shape are checked before anything is built from it."""

import json
import math
import re
from typing import Any, NoReturn

from app.domain.canonical import Json
from app.domain.errors import BadInput

MAX_DIGITS = 19  # a 64-bit number
MAX_NUMBER_TEXT = 400

# Possessive, so that a hostile body is read once from front to back: an unfinished string simply runs to the end.
_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?+|[\[{]|[\]}]|:|(?P<whole>[0-9]++)(?:\.[0-9]++)?+(?:[eE][-+]?+[0-9]++)?+', re.DOTALL)
_OPENING, _CLOSING = frozenset(b"[{"), frozenset(b"]}")


def read_json(raw: bytes, max_bytes: int = 1024 * 1024, max_depth: int = 20, max_keys: int = 20_000) -> dict[str, Json]:
    """The object in `raw`; raises BadInput with a hint for anything else.

    Refused are: too large, not UTF-8, too deep, too many keys (over the whole body), a key twice, NaN and infinities,
    whole numbers of more than 19 digits, lone surrogates and NUL characters.
    """
    value = _read(raw, max_bytes, max_depth, max_keys)
    if not isinstance(value, dict):
        raise BadInput(f"The body is a JSON {_kind(value)}.", "Send one JSON object.")
    return value


def read_list(raw: bytes, max_bytes: int = 1024 * 1024, max_depth: int = 20, max_keys: int = 20_000) -> list[Json]:
    """The array in `raw`, under the same rules; raises BadInput."""
    value = _read(raw, max_bytes, max_depth, max_keys)
    if not isinstance(value, list):
        raise BadInput(f"The body is a JSON {_kind(value)}.", "Send one JSON array.")
    return value


def _read(raw: bytes, max_bytes: int, max_depth: int, max_keys: int) -> Json:
    if len(raw) > max_bytes:
        raise BadInput(f"The body has {len(raw)} bytes.", f"Send at most {max_bytes} bytes, in several requests.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"The body is not UTF-8 (byte {error.start}).", "Send UTF-8 encoded JSON.") from None
    _scan(raw, max_depth, max_keys)
    try:
        value: Json = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise BadInput(f"The body is not JSON: {error.msg} ({place}).", "Send one JSON object.") from None
    _check_text(value)
    return value


def _scan(raw: bytes, max_depth: int, max_keys: int) -> None:
    """Counts depth, keys and digits in one pass over the bytes, without recursion."""
    depth = keys = 0
    for match in _TOKENS.finditer(raw):
        first = raw[match.start()]
        if first in _OPENING:
            depth += 1
            if depth > max_depth:
                raise BadInput(f"The body is nested deeper than {max_depth}.", "Send a flatter object.")
        elif first in _CLOSING:
            depth -= 1
        elif first == ord(":"):
            keys += 1
            if keys > max_keys:
                raise BadInput(f"The body has more than {max_keys} keys.", "Send fewer, in several requests.")
        elif _is_too_long(match):
            raise BadInput(f"The body has a number of more than {MAX_DIGITS} digits.", "Send long numbers as text.")


def _is_too_long(match: re.Match[bytes]) -> bool:
    whole = match["whole"]
    return whole is not None and (len(whole) > MAX_DIGITS or match.end() - match.start() > MAX_NUMBER_TEXT)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    built: dict[str, Any] = {}
    for key, value in pairs:
        if key in built:
            raise BadInput(f"The key {_shown(key)} stands twice in one object.", "Send each key once.")
        built[key] = value
    return built


def _no_constant(word: str) -> NoReturn:
    raise BadInput(f"The body holds {word}, which is not JSON.", "Send null or a number.")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise BadInput("The body holds a number that is too large.", "Send it as text.")
    return value


def _check_text(value: Json) -> None:
    """Depth is bounded by the scan, so recursion is safe here."""
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
            raise BadInput("The body holds text with NUL or half a character (a lone surrogate).", "Send valid Unicode text.")
    elif isinstance(value, list):
        for item in value:
            _check_text(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key)
            _check_text(item)


def _shown(key: str) -> str:
    return ascii(key[:60])


def _kind(value: object) -> str:
    names: dict[type, str] = {list: "array", dict: "object", str: "string", bool: "boolean", int: "number", float: "number"}
    return names.get(type(value), "null")
