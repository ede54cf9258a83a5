"""A signal: one alert, anomaly or report that something may be wrong, whatever sent it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from app.domain.severity import Severity


class SignalState(StrEnum):
    """Whether the condition behind a signal holds now; with no data, nobody knows."""

    FIRING = "firing"
    RESOLVED = "resolved"
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True)
class Tally:
    """How often one alert name stands on one service of an incident: since when, how many fire, how bad at worst."""

    incident: int
    service: str | None
    name: str
    began: datetime
    firing: int
    resolved: int
    worst: Severity | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """One alert instance. `fingerprint` names the condition, `starts_at` the episode; times are aware UTC datetimes.

    `said_at` is when the sender said it, where it tells: an older word never undoes a newer one. `is_start_known` is False
    where the sender does not tell since when the condition holds; the word then belongs to the episode that is open.
    """

    source: str
    fingerprint: str
    name: str
    state: SignalState
    severity: Severity
    starts_at: datetime
    service: str | None = None
    ends_at: datetime | None = None
    summary: str = ""
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    group_key: str = ""
    link: str = ""
    said_at: datetime | None = None
    is_start_known: bool = True

    @property
    def episode(self) -> str:
        """The same for every repetition of one firing of one condition; unique across sources."""
        return f"{self.source}:{self.fingerprint}:{self.starts_at.isoformat()}"
