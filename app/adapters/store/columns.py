"""Column types that read back exactly what was written, on SQLite and on Postgres alike."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, String, Text
from sqlalchemy.types import TypeDecorator

from app.domain.canonical import Json, plain
from app.domain.errors import BadInput

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def clean_text(text: str) -> str:
    """`text` without NUL and lone surrogates, which one database or the other cannot hold; each becomes U+FFFD."""
    if "\x00" in text:
        text = text.replace("\x00", REPLACEMENT)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join(REPLACEMENT if "\ud800" <= letter <= "\udfff" else letter for letter in text)
    return text


def clean_json(value: object) -> Json:
    """A JSON value whose texts are clean; raises TypeError for anything without a JSON spelling."""
    return _clean(plain(value))


def _clean(value: Json) -> Json:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {clean_text(key): _clean(item) for key, item in value.items()}
    return value


def dump_json(value: object) -> str:
    """The stored spelling of a JSON value; raises BadInput for NaN and infinities, which are not JSON."""
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except ValueError as error:
        raise BadInput("A number in the data is not finite.", "Leave it out or write it as text.") from error


def utc(at: datetime) -> datetime:
    """`at` in UTC; raises ValueError for a naive time, which would mean another moment on another machine."""
    if at.tzinfo is None:
        msg = f"{at!r} is naive; the store takes aware times only"
        raise ValueError(msg)
    return at.astimezone(UTC)


class UtcTime(TypeDecorator[datetime]):
    """Aware UTC datetimes with microseconds. On SQLite a text of fixed width, so that comparing texts compares times."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Text on SQLite, timestamptz elsewhere."""
        return dialect.type_descriptor(String(32) if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """To the database."""
        if value is None:
            return None
        return utc(value).isoformat(timespec="microseconds") if dialect.name == "sqlite" else utc(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 -- SQLAlchemy calls it so
        """From the database."""
        if value is None:
            return None
        return utc(datetime.fromisoformat(value) if isinstance(value, str) else value)


class CleanText(TypeDecorator[str]):
    """Text without NUL and lone surrogates, cleaned on the way in, in values and in comparisons."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 -- SQLAlchemy calls it so
        """To the database."""
        return None if value is None else clean_text(value)


class JsonText(TypeDecorator[Json]):
    """JSON kept as its text: Postgres' jsonb would rewrite 1e20 as an integer and break the seal of a timeline entry."""

    impl = JSON(none_as_null=False)
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> Json:  # noqa: ARG002 -- SQLAlchemy calls it so
        """To the database."""
        return clean_json(value)
