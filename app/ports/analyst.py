"""Whoever words the findings: rules or a model, one contract."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.evidence import Assessment, Evidence, Suggestion
from app.domain.incident import Incident
from app.domain.messages import Answer, Passage
from app.domain.signal import Signal


@dataclass(frozen=True, slots=True)
class Brief:
    """Everything the analyst may use. `suggestions` were built by code; an analyst may reorder or drop them, never add.

    `draft` is what rules and statistics say; a model starts from it and may not cite anything outside `evidence`.
    """

    incident: Incident
    signals: tuple[Signal, ...]
    evidence: tuple[Evidence, ...]
    suggestions: tuple[Suggestion, ...]
    draft: Assessment
    now: datetime


class Analyst(Protocol):
    """Words findings; raises Unavailable when it cannot."""

    def assess(self, brief: Brief) -> Assessment:
        """Findings over the brief. What it returns is checked by code before anyone sees it."""
        ...

    def answer(self, question: str, passages: Sequence[Passage], evidence: Sequence[Evidence]) -> Answer:
        """An answer that cites passages and evidence by id."""
        ...
