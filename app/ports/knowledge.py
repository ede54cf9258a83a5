"""Runbooks and past incidents, searched."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.canonical import Json
from app.domain.messages import Passage


@dataclass(frozen=True, slots=True)
class Recollection:
    """What a search found, best first; `is_confident` is False when nothing really matches; `degraded` says what was off."""

    passages: tuple[Passage, ...]
    is_confident: bool
    degraded: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """A closed incident as it is remembered: the words to find it by and what each action did."""

    id: str
    title: str
    text: str
    fields: dict[str, Json]


class Knowledge(Protocol):
    """Searches runbooks (`kind` runbook) and past incidents (`kind` incident). Raises Unavailable if even words fail."""

    def search(self, question: str, kinds: Sequence[str] = (), top: int = 5) -> Recollection:
        """`question` is plain words, an alert's text, or an Alertmanager payload as JSON text."""
        ...

    def fields(self, document_id: str) -> dict[str, Json]:
        """The front matter of a document (`actions`, `alerts`, ...); empty if it has none or is unknown."""
        ...

    def learn(self, memory: Memory) -> None:
        """Remembers a closed incident, replacing the one with the same id."""
        ...
