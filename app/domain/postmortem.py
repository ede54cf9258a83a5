"""What is kept after an incident: the postmortem and the follow-ups that came out of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.evidence import Assessment, Evidence
from app.domain.incident import Incident
from app.domain.proposal import Proposal, Run
from app.domain.series import Series
from app.domain.signal import Signal
from app.domain.timeline import Entry


class FollowUpKind(StrEnum):
    """What a follow-up is for."""

    DETECT = "detect"
    PREVENT = "prevent"
    CORRECT = "correct"


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Something to do after the incident; `source` cites what it came from (a timeline entry `T4` or evidence `E2`)."""

    id: str
    incident: int
    kind: FollowUpKind
    text: str
    source: str = ""
    owner: str = ""
    due_at: datetime | None = None
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class Impact:
    """What it cost, in numbers taken from the metrics: `metric` of `service` at its worst against its normal level."""

    service: str
    metric: str
    unit: str
    normal: float
    worst: float
    worst_at: datetime
    bad_seconds: float


@dataclass(frozen=True, slots=True)
class PostmortemFacts:
    """Everything a postmortem is written from: records only, nothing invented."""

    incident: Incident
    signals: tuple[Signal, ...]
    evidence: tuple[Evidence, ...]
    assessments: tuple[Assessment, ...]
    proposals: tuple[Proposal, ...]
    runs: tuple[Run, ...]
    entries: tuple[Entry, ...]
    follow_ups: tuple[FollowUp, ...]
    impacts: tuple[Impact, ...]
    series: tuple[Series, ...]
    people: dict[str, str]
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Postmortem:
    """A draft. `markdown` and `html` say the same; `plot_png` is the worst metric over the incident, or empty."""

    incident: int
    revision: int
    markdown: str
    html: str
    written_at: datetime
    plot_png: bytes = b""
