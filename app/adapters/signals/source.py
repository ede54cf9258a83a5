"""A source: one kind of sender, how it proves itself, and how its deliveries are read."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.adapters.signals.body import read_json
from app.domain.canonical import Json
from app.domain.report import Report

MAX_HEADER = 512
MAX_GROUP_BYTES = 4 * 1024 * 1024
MAX_GROUP_KEYS = 100_000
Parse = Callable[[Mapping[str, Json]], Report]


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came: raw bytes, header names in lower case, and when."""

    raw: bytes
    headers: Mapping[str, str]
    at: datetime


Read = Callable[[Received], Mapping[str, Json]]


@dataclass(frozen=True, slots=True)
class Signature:
    """How a sender proves a request: `header` carries what `matches` compares with each secret, over the raw bytes."""

    header: str
    setting: str
    secrets: tuple[str, ...]
    matches: Callable[[Received, str], bool]


@dataclass(frozen=True, slots=True)
class Source:
    """`admit` runs once a body was read and may refuse it (BadInput, Refused or Unavailable); with `proves_itself` that is
    all the proof it needs. `answers_options` says that the sender asks for permission before it sends.
    """

    name: str
    parse: Parse
    read: Read
    signatures: tuple[Signature, ...] = ()
    admit: Callable[[Mapping[str, Json]], None] = field(default=lambda _: None)
    proves_itself: bool = False
    answers_options: bool = False


def read_body(received: Received) -> Mapping[str, Json]:
    """The body's JSON object, unchanged. Groups of alerts may be long: a refused one would be lost."""
    return read_json(received.raw, MAX_GROUP_BYTES, max_keys=MAX_GROUP_KEYS)


def read_with(*names: str) -> Read:
    """A reader that keeps these headers beside the body, and the minute it came for senders that name no time."""

    def read(received: Received) -> Mapping[str, Json]:
        return envelope(received, read_json(received.raw), names)

    return read


def envelope(received: Received, body: Json, names: tuple[str, ...] = ()) -> Mapping[str, Json]:
    """What is stored of a delivery: body, headers that matter, and the minute it came."""
    headers: dict[str, Json] = {name: received.headers[name][:MAX_HEADER] for name in names if name in received.headers}
    minute = received.at.replace(second=0, microsecond=0)
    return {"headers": headers, "body": body, "received_at": minute.isoformat()}


def hmac_hex(secret: str, message: bytes) -> str:
    """HMAC-SHA256 in lower-case hex."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def same(given: str, expected: str) -> bool:
    """Equality in a time that does not depend on where the texts differ, nor on their length."""
    left, right = (hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in (given, expected))
    return hmac.compare_digest(left, right)


def secrets_from(setting: str) -> tuple[str, ...]:
    """Every secret of a setting: several, with spaces between, while one is being replaced."""
    return tuple(setting.split())
