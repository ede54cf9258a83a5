"""Reads any JSON object into signals by a mapping: the team's own, or names that most tools use."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.adapters.signals.fields import first, inside, labels_from, link_of, moment, text_at
from app.domain.canonical import Json, digest
from app.domain.errors import BadInput
from app.domain.mapping import Paths, SignalMapping
from app.domain.report import Report
from app.domain.severity import Severity
from app.domain.signal import Signal, SignalState

MAX_ITEMS = 1000
PLACEHOLDER = re.compile(r"\{([^{}]{1,200})\}")

_HINT = "Say in webhooks.generic of the configuration where the words stand; `sitrep webhook test generic FILE` tries it."


@dataclass(frozen=True, slots=True)
class GenericParser:
    """One mapping at work."""

    mapping: SignalMapping

    def __call__(self, payload: Mapping[str, Json]) -> Report:
        """One signal, or one for each item of the list at `items`; a bad item never costs its neighbours.

        Raises BadInput if nothing at all can be read. A body without a time is told apart by the minute it came.
        """
        body = payload.get("body")
        items = inside(body, *self.mapping.items.split(".")) if self.mapping.items else [body]
        if not isinstance(items, list) or not items:
            raise BadInput(f"There is no list at {self.mapping.items}.", _HINT)
        received = moment(payload.get("received_at"), "received_at")
        signals: list[Signal] = []
        refused: list[str] = []
        for index, item in enumerate(items[:MAX_ITEMS]):
            try:
                signals.append(self.signal(item, "generic", received))
            except BadInput as problem:
                if not self.mapping.items:
                    raise
                refused.append(f"{self.mapping.items}[{index}]: {problem.message}")
        refused += [f"{self.mapping.items}[{index}] is beyond the first {MAX_ITEMS}." for index in range(MAX_ITEMS, len(items))]
        came = "" if all(self._has_time(item) for item in items) else str(payload.get("received_at"))
        return Report(tuple(signals), refused=tuple(refused), key=digest({"body": _in_texts(body), "came": came}))

    def signal(self, item: object, source: str, received: datetime | None, condition: str = "") -> Signal:
        """The signal in one object; `condition` names it where the object does not. Raises BadInput."""
        mapping = self.mapping
        if not isinstance(item, Mapping):
            raise BadInput("It is not an object.", _HINT)
        name = self._text(item, mapping.name)
        summary = self._text(item, mapping.summary, 500)
        if not name and not summary:
            raise BadInput(f"It has no name: {', '.join(mapping.name[:3])} hold nothing.", _HINT)
        said_at = self._time(item)
        at = said_at or received
        if at is None:
            raise BadInput(f"It has no time: {', '.join(mapping.time[:3])} hold nothing.", _HINT)
        service = self._text(item, mapping.service)
        is_over = self._text(item, mapping.state).casefold() in mapping.resolved
        return Signal(
            source=source,
            fingerprint=condition or self._condition(item, name or summary, service),
            name=name or summary,
            state=SignalState.RESOLVED if is_over else SignalState.FIRING,
            severity=self._severity(item),
            starts_at=at,
            service=service or None,
            ends_at=at if is_over else None,
            summary=summary or name,
            description=self._text(item, mapping.description, 8192),
            labels=self._labels(item),
            link=first(link_of(inside(item, *path.split("."))) for path in mapping.link),
            said_at=said_at,
            is_start_known=False,
        )

    def _text(self, item: object, paths: Paths, longest: int = 1024) -> str:
        return first(text_at(item, *path.split("."), longest=longest) for path in paths)

    def _time(self, item: object) -> datetime | None:
        place = next((path for path in self.mapping.time if inside(item, *path.split(".")) not in (None, "")), "")
        return moment(inside(item, *place.split(".")), place) if place else None

    def _has_time(self, item: object) -> bool:
        return any(inside(item, *path.split(".")) not in (None, "") for path in self.mapping.time)

    def _severity(self, item: object) -> Severity:
        word = self._text(item, self.mapping.severity)
        word = {old.casefold(): new for old, new in self.mapping.severity_words.items()}.get(word.casefold(), word)
        try:
            return Severity.parse(word)
        except BadInput:
            return Severity.from_label(word)

    def _condition(self, item: object, name: str, service: str) -> str:
        if self.mapping.key:
            filled = PLACEHOLDER.sub(lambda found: text_at(item, *found[1].split(".")), self.mapping.key)
        else:
            filled = self._text(item, self.mapping.id) or f"{service}/{name}"
        return filled if len(filled) <= 200 else digest(filled)

    def _labels(self, item: object) -> dict[str, str]:
        if self.mapping.labels:
            return labels_from((path, text_at(item, *path.split("."))) for path in self.mapping.labels)
        inner = inside(item, "labels")
        pairs = [*(inner.items() if isinstance(inner, Mapping) else ()), *(item.items() if isinstance(item, Mapping) else ())]
        return labels_from(pairs)


def _in_texts(value: Json) -> Json:
    """The value with numbers as texts: RFC 8785 has no spelling for whole numbers beyond 2**53."""
    if isinstance(value, dict):
        return {key: _in_texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_in_texts(item) for item in value]
    return str(value) if isinstance(value, int | float) else value
