"""Evidence and findings: each thing seen has an id, and each sentence names the ids it rests on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from app.domain.canonical import Json


class EvidenceKind(StrEnum):
    """Where a piece of evidence comes from."""

    ALERT = "alert"
    METRIC = "metric"
    CHANGE = "change"
    LOG = "log"
    RUNBOOK = "runbook"
    PAST_INCIDENT = "past_incident"
    PERSON = "person"
    PROBE = "probe"


class Tier(IntEnum):
    """Who wrote the findings: 0 rules and statistics, 1 with retrieval, 2 a small local model, 3 a large model."""

    RULES = 0
    RETRIEVAL = 1
    LOCAL_MODEL = 2
    MODEL = 3

    @property
    def label(self) -> str:
        """The words on the card."""
        return ("rules and statistics", "rules, statistics and retrieval", "local model", "model")[self]


class Confidence(StrEnum):
    """How far a finding may be trusted, in words."""

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was seen. `id` is `E1`, `E2`, ... within its incident, empty until stored; `key` makes a second
    sighting of the same thing the same row. `data` holds the numbers behind `summary`. `tainted` text was written by
    somebody outside the team's control and is only ever quoted.
    """

    kind: EvidenceKind
    key: str
    source: str
    summary: str
    observed_at: datetime
    id: str = ""
    service: str | None = None
    data: Mapping[str, Json] = field(default_factory=dict)
    link: str = ""
    tainted: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence, the ids of the evidence it rests on, and how sure we are."""

    text: str
    evidence: tuple[str, ...]
    confidence: Confidence = Confidence.POSSIBLE


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A catalogue action that could help, built by code from evidence; `id` is `S1`, `S2`, ... within its assessment."""

    id: str
    action: str
    target: str
    parameters: Mapping[str, Json]
    why: Finding


@dataclass(frozen=True, slots=True)
class Assessment:
    """What Sitrep says about an incident at one moment.

    `headline` is the verdict. `cause` names the suspected service or is None: abstaining is a result. `ruled_out` keeps
    what was considered and dropped, `unknowns` what could not be seen, `refused` how many sentences or suggestions code
    threw away because their evidence, action or target did not exist. `degraded` says in words why a higher tier is silent.
    """

    incident: int
    tier: Tier
    headline: Finding
    findings: tuple[Finding, ...]
    suggestions: tuple[Suggestion, ...]
    written_at: datetime
    cause: str | None = None
    ruled_out: tuple[Finding, ...] = ()
    unknowns: tuple[str, ...] = ()
    refused: int = 0
    degraded: str = ""
    model: str = ""
