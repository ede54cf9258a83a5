"""Reads single fields of a payload into bounded, typed values; what has another type is named by its place."""

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from app.domain.errors import BadInput

MAX_LABELS = 100
MAX_LABEL_TEXT = 1024
MAX_TEXT = 8192
SERVICE_LABELS = ("service", "app", "app_kubernetes_io_name", "job")

_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?\s?(?:([Zz]|UTC)|([+-]\d{2}):?(\d{2}))", re.ASCII)
_TIME_HINT = "Send RFC 3339 such as 2026-11-24T03:00:00Z."
_LATEST = datetime(2200, 1, 1, tzinfo=UTC).timestamp()
_FINER_THAN_SECONDS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))  # nanoseconds, microseconds, milliseconds
_VARIABLE = re.compile(r"\$[A-Z_]+")


def inside(value: object, *path: str) -> object:
    """What stands at the end of `path`, or None; a number in the path counts a list."""
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and len(step) < 6 and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def text_at(value: object, *path: str, longest: int = MAX_LABEL_TEXT) -> str:
    """The text at the end of `path`: a scalar as JSON spells it, cut; empty for anything missing or nested."""
    return text_of(inside(value, *path), longest)


def text_of(value: object, longest: int = MAX_LABEL_TEXT) -> str:
    """A scalar as text, cut to `longest`; empty for null, lists and objects."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value) if math.isfinite(value) else ""
    return cut(value.strip(), longest) if isinstance(value, str) else ""


def required(value: object, place: str, hint: str) -> str:
    """A scalar as text; raises BadInput naming the place if there is none."""
    text = text_of(value)
    if not text:
        raise BadInput(f"{place} is missing or no text.", hint)
    return text


def cut(text: str, longest: int) -> str:
    """The text with an ellipsis where it goes on."""
    return text if len(text) <= longest else text[: longest - 1] + "\N{HORIZONTAL ELLIPSIS}"


def first(texts: Iterable[str]) -> str:
    """The first that is not empty."""
    return next((text for text in texts if text), "")


def moment(value: object, place: str) -> datetime | None:
    """RFC 3339 (to microseconds) or a count since 1970 in seconds, milli-, micro- or nanoseconds; None where there is
    none. Go's zero time counts as none. Raises BadInput naming the place.
    """
    if value is None or value == "":
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _since_1970(float(value), place)
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        return _since_1970(float(value), place)
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise BadInput(f"{place} is {shown(value)}.", _TIME_HINT)
    day, clock, fraction, is_utc, hours, minutes = match.groups()
    if day == "0001-01-01":
        return None
    offset = "+00:00" if is_utc else f"{hours}:{minutes}"
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0')[:6].ljust(6, '0')}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput(f"{place} is {shown(value)}, which is no time.", _TIME_HINT) from None


def _since_1970(count: float, place: str) -> datetime:
    for limit, parts in _FINER_THAN_SECONDS:
        if count >= limit:
            count /= parts
            break
    if not 0 < count < _LATEST:
        raise BadInput(f"{place} is {shown(count)}, which is no time.", _TIME_HINT)
    return datetime.fromtimestamp(count, UTC)


def link_of(value: object) -> str:
    """The value if it is a web address, else nothing: a bad link must not lose an alert."""
    if not isinstance(value, str):
        return ""
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    is_web = parts.scheme in {"http", "https"} and bool(parts.netloc)
    return value if is_web and len(value) <= 2000 and value.isprintable() else ""


def labels_from(pairs: Iterable[tuple[object, object]]) -> dict[str, str]:
    """Scalars under names as labels; what is nested or beyond the hundredth is left out."""
    labels: dict[str, str] = {}
    for name, value in pairs:
        text = text_of(value)
        if isinstance(name, str) and 0 < len(name) <= 200 and text:
            labels.setdefault(name, text)
        if len(labels) == MAX_LABELS:
            break
    return labels


def tags_of(value: object) -> dict[str, str]:
    """`name:value` tags, as a list or in one text with commas between, as labels; a bare tag stands for itself."""
    items = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    pairs = [item.strip().partition(":") for item in items[: 2 * MAX_LABELS] if isinstance(item, str)]
    return labels_from((name.strip(), tag.strip() or "true") for name, _, tag in pairs)


def filled(text: str) -> str:
    """The text, or nothing where the sender left a template's variable unfilled (`$ALERT_ID`)."""
    return "" if _VARIABLE.fullmatch(text) or text in {"null", "None"} else text


def shown(value: object) -> str:
    """The value for an error's text: short and in ASCII."""
    return ascii(value)[:80] if isinstance(value, str | int | float | None) else f"a {type(value).__name__}"
