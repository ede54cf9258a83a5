"""An incident: what is broken, since when, how bad, who leads, and where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from app.domain.errors import NotFound, TransitionRefused
from app.domain.severity import Severity


class Status(StrEnum):
    """Where an incident stands; `Incident.move_to` is the only way from one to another."""

    TRIAGE = "triage"
    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    FIXING = "fixing"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    CLOSED = "closed"
    DECLINED = "declined"
    MERGED = "merged"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        """True while people may still have to do something."""
        return self in _OPEN


class Role(StrEnum):
    """What a person does in an incident; the lead decides."""

    LEAD = "lead"
    DEPUTY = "deputy"
    SCRIBE = "scribe"
    COMMS = "comms"
    EXPERT = "expert"
    OBSERVER = "observer"


_OPEN = frozenset({Status.TRIAGE, Status.INVESTIGATING, Status.IDENTIFIED, Status.FIXING, Status.MONITORING})
_ACTIVE = frozenset(
    {Status.INVESTIGATING, Status.IDENTIFIED, Status.FIXING, Status.MONITORING, Status.RESOLVED, Status.MERGED, Status.CANCELLED}
)
_REOPENED = frozenset({Status.INVESTIGATING})
TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.TRIAGE: _ACTIVE | {Status.DECLINED},
    Status.INVESTIGATING: _ACTIVE,
    Status.IDENTIFIED: _ACTIVE,
    Status.FIXING: _ACTIVE,
    Status.MONITORING: _ACTIVE,
    Status.RESOLVED: _REOPENED | {Status.CLOSED},
    Status.CLOSED: _REOPENED,
    Status.DECLINED: _REOPENED,
    Status.CANCELLED: _REOPENED,
    Status.MERGED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident. `number` is 0 until the store gives one; `version` counts saves. Times are aware UTC datetimes.

    People are chat user ids. `room` is the chat channel's id, empty until it is open. `correlation_key` is what a later
    signal must share to be folded into this incident while it is open.
    """

    title: str
    severity: Severity
    opened_at: datetime
    started_at: datetime
    number: int = 0
    status: Status = Status.TRIAGE
    service: str | None = None
    declared_by: str = "sitrep"
    correlation_key: str = ""
    lead: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""
    room: str = ""
    acknowledged_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    merged_into: int | None = None
    is_private: bool = False
    is_test: bool = False
    version: int = 0

    @property
    def name(self) -> str:
        """The words people use for it: `INC-12`."""
        return f"INC-{self.number}"

    @property
    def is_open(self) -> bool:
        """True while people may still have to do something."""
        return self.status.is_open

    def may_be_seen(self, person: str, room: str) -> bool:
        """True when somebody asking from that chat channel may know of it: of a private one, those in its channel and in it."""
        if not self.is_private:
            return True
        return (self.room != "" and room == self.room) or person in {self.declared_by, self.lead, *self.roles.values()}

    def shown_to(self, person: str, room: str) -> "Incident":
        """Itself; raises the NotFound of an incident that does not exist for whoever may not know of it."""
        if not self.may_be_seen(person, room):
            raise NotFound(f"There is no {self.name}.", "`/inc list` shows the incidents there are.")
        return self

    def move_to(self, status: Status, at: datetime) -> "Incident":
        """The incident in its new status with the matching time stamped; raises TransitionRefused.

        Moving from a final status to investigating reopens it and forgets when it was resolved.
        """
        if status == self.status:
            return self
        if status not in TRANSITIONS[self.status]:
            allowed = ", ".join(sorted(TRANSITIONS[self.status])) or "nowhere"
            raise TransitionRefused(
                f"{self.name} is {self.status.value} and cannot become {status.value}.", f"From here it can go to: {allowed}."
            )
        if not self.is_open:
            return replace(self, status=status, resolved_at=None, closed_at=None, mitigated_at=None)
        stamped = replace(self, status=status, acknowledged_at=self.acknowledged_at or at)
        if status is Status.MONITORING:
            return replace(stamped, mitigated_at=at)
        if status is Status.RESOLVED:
            return replace(stamped, mitigated_at=self.mitigated_at or at, resolved_at=at)
        return stamped

    def close(self, at: datetime) -> "Incident":
        """The incident after its postmortem; only a resolved one closes."""
        return replace(self.move_to(Status.CLOSED, at), closed_at=at)

    def led_by(self, user: str, at: datetime) -> "Incident":
        """The incident with a lead; the first lead acknowledges it."""
        return replace(self, lead=user, roles={**self.roles, Role.LEAD.value: user}, acknowledged_at=self.acknowledged_at or at)
