"""Reads CloudEvents 1.0 over HTTP (binary, structured and batched) into signals."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from app.adapters.signals.body import read_json, read_list
from app.adapters.signals.fields import first, inside, moment, required, text_at, text_of
from app.adapters.signals.generic import GenericParser
from app.adapters.signals.source import Received, envelope
from app.domain.canonical import Json, digest
from app.domain.errors import BadInput
from app.domain.report import Report
from app.domain.signal import Signal

MAX_EVENTS = 1000

_HINT = "Send CloudEvents 1.0 with specversion, id, source and type."
_ATTRIBUTES = ("specversion", "id", "source", "type")
_TURN = re.compile(
    r"[.:/_-](resolved|recovered|closed|cleared|ok|normal|ended|fired|firing|triggered|opened|created|raised|alarm)$"
)
_OVER = frozenset({"resolved", "recovered", "closed", "cleared", "ok", "normal", "ended"})


def read(received: Received) -> Mapping[str, Json]:
    """The events of a request as a list, whichever of the three content modes it uses; raises BadInput."""
    kind = received.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/cloudevents-batch+json":
        return envelope(received, read_list(received.raw))
    if "ce-specversion" in received.headers or "ce-id" in received.headers:
        attributes: dict[str, Json] = {
            name.removeprefix("ce-"): unquote(value)[:1024]
            for name, value in list(received.headers.items())[:200]
            if name.startswith("ce-")
        }
        data = read_json(received.raw) if received.raw.strip() else {}
        return envelope(received, [{**attributes, "data": data}])
    return envelope(received, [read_json(received.raw)])


@dataclass(frozen=True, slots=True)
class CloudEventsParser:
    """Its data is read by the generic mapping; what the mapping does not find, the attributes say."""

    generic: GenericParser

    def __call__(self, payload: Mapping[str, Json]) -> Report:
        """One signal an event; in a batch a bad event never costs its neighbours, alone it raises BadInput.

        source and id name the delivery, source and subject (or else type) the condition.
        """
        events = payload.get("body")
        if not isinstance(events, list) or not events:
            raise BadInput("The batch holds no event.", _HINT)
        received = moment(payload.get("received_at"), "received_at")
        signals: list[Signal] = []
        refused: list[str] = []
        for index, event in enumerate(events[:MAX_EVENTS]):
            try:
                signals.append(self._signal(event, received))
            except BadInput as problem:
                if len(events) == 1:
                    raise
                refused.append(f"[{index}]: {problem.message}")
        refused += [f"[{index}] is beyond the first {MAX_EVENTS}." for index in range(MAX_EVENTS, len(events))]
        names: list[Json] = [f"{text_at(event, 'source')}\n{text_at(event, 'id')}" for event in events[:MAX_EVENTS]]
        return Report(tuple(signals), refused=tuple(refused), key=digest(names))

    def _signal(self, event: object, received: datetime | None) -> Signal:
        _, _, source, kind = (required(inside(event, name), name, _HINT) for name in _ATTRIBUTES)
        if text_at(event, "specversion") != "1.0":
            raise BadInput(f"specversion is {ascii(text_at(event, 'specversion'))[:20]}, not 1.0.", _HINT)
        turn = _TURN.search(kind.casefold())
        subject = text_at(event, "subject")
        defaults = {
            "name": subject or kind,
            "service": first((text_at(event, "service"), source.rstrip("/").rpartition("/")[2])),
            "time": text_of(inside(event, "time")),
            "status": "resolved" if turn and turn[1] in _OVER else "",
            "type": kind,
            "source": source,
        }
        item = {**{name: value for name, value in defaults.items() if value}, **_data(event)}
        bare = kind[: turn.start()] if turn else kind
        condition = digest({"source": source, "about": subject or bare})[:32]
        return self.generic.signal(item, "cloudevents", received, condition)


def _data(event: object) -> dict[str, object]:
    data = inside(event, "data")
    coded = inside(event, "data_base64")
    if isinstance(coded, str) and data is None:
        try:
            data = read_json(base64.b64decode(coded, validate=True))
        except (binascii.Error, ValueError):
            raise BadInput("data_base64 is not base64.", _HINT) from None
    if isinstance(data, str):
        return {"message": data}
    return {str(name): value for name, value in data.items()} if isinstance(data, Mapping) else {}
