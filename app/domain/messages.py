"""What Sitrep says in a room, as values; an adapter draws them, so no text can draw itself a button."""

from dataclasses import dataclass, field
from datetime import datetime

from app.domain.action import ActionSpec
from app.domain.approval import Approval
from app.domain.evidence import Assessment, Evidence
from app.domain.incident import Incident
from app.domain.proposal import Proposal, Run
from app.domain.series import MetricSpec


@dataclass(frozen=True, slots=True)
class IncidentCard:
    """The living card of an incident: one message per room, edited in place.

    `kinds` and `services` say over how many alert names and services its alerts are spread.
    """

    incident: Incident
    firing: int
    resolved: int
    assessment: Assessment | None = None
    evidence: tuple[Evidence, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    console_url: str = ""
    kinds: int = 0
    services: int = 0


@dataclass(frozen=True, slots=True)
class ApprovalCard:
    """One proposal with everything a person needs to say yes or no; drawn from the canonical action only.

    `metric` is the probe's metric (unit and name); `now` the moment it is drawn, to say how long the offer stands.
    """

    proposal: Proposal
    spec: ActionSpec | None
    approvals: tuple[Approval, ...] = ()
    run: Run | None = None
    metric: MetricSpec | None = None
    undo_text: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Plain words from Sitrep. `text` may carry user mentions `<@U…>` written by code; quoted text is in `quoted`."""

    text: str
    quoted: str = ""
    citations: tuple[str, ...] = ()
    is_alarming: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG with the sentence it shows."""

    png: bytes
    title: str
    alt: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A cited passage of a runbook or past incident."""

    id: str
    kind: str
    title: str
    text: str
    score: float
    heading: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a question: sentences that cite passages or evidence by id, or an honest 'nothing in memory matches'."""

    question: str
    sentences: tuple[str, ...]
    passages: tuple[Passage, ...] = ()
    tier: str = ""
    is_confident: bool = True


@dataclass(frozen=True, slots=True)
class PostmortemNotice:
    """A draft is ready: where to read it and its summary lines."""

    incident: Incident
    lines: tuple[str, ...]
    url: str = ""
    written_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CommandHelp:
    """The list of commands: (usage, what it does)."""

    title: str
    commands: tuple[tuple[str, str], ...] = field(default_factory=tuple)


Message = IncidentCard | ApprovalCard | Note | Answer | PostmortemNotice | CommandHelp
