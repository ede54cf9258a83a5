"""Incidents as rows: their numbers, their versions, and the head row that hands out numbers within an incident."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Field, Session, col

from app.adapters.store.columns import CleanText, JsonText, UtcTime
from app.adapters.store.rows import Row, fetch, fetch_one, find, insert_row, set_row, table
from app.domain.canonical import plain
from app.domain.errors import Conflict, NotFound
from app.domain.incident import Incident, Status
from app.domain.severity import Severity
from app.domain.timeline import GENESIS

INCIDENT_COUNTER = "incident"
_OPEN = sorted(status.value for status in Status if status.is_open)


class CounterRow(Row, table=True):
    """A number that only grows; locked by whoever takes the next one, so that none is skipped."""

    __tablename__ = "counters"
    name: str = Field(primary_key=True, sa_type=CleanText)
    value: int


class IncidentRow(Row, table=True):
    """One incident."""

    __tablename__ = "incidents"
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    version: int
    title: str = Field(sa_type=CleanText)
    severity: int
    status: str = Field(sa_type=CleanText, index=True)
    service: str | None = Field(sa_type=CleanText)
    declared_by: str = Field(sa_type=CleanText)
    correlation_key: str = Field(sa_type=CleanText)
    lead: str | None = Field(sa_type=CleanText)
    roles: Any = Field(sa_type=JsonText)
    summary: str = Field(sa_type=CleanText)
    room: str = Field(sa_type=CleanText, index=True)
    opened_at: datetime = Field(sa_type=UtcTime)
    started_at: datetime = Field(sa_type=UtcTime)
    acknowledged_at: datetime | None = Field(sa_type=UtcTime)
    mitigated_at: datetime | None = Field(sa_type=UtcTime)
    resolved_at: datetime | None = Field(sa_type=UtcTime)
    closed_at: datetime | None = Field(sa_type=UtcTime)
    merged_into: int | None
    is_private: bool
    is_test: bool


class HeadRow(Row, table=True):
    """Where an incident's own numbering stands: the last timeline entry and its hash, the last evidence, the last draft."""

    __tablename__ = "incident_heads"
    incident: int = Field(primary_key=True, foreign_key="incidents.number", sa_column_kwargs={"autoincrement": False})
    entry_seq: int
    entry_hash: str = Field(sa_type=CleanText)
    evidence_seq: int
    revision: int


def lock_head(session: Session, incident: int) -> HeadRow:
    """The head row, held until the transaction ends: whoever else numbers something in this incident waits. Raises NotFound."""
    head = find(session, HeadRow, lock=True, incident=incident)
    if head is None:
        raise NotFound(f"There is no INC-{incident}.", "`/inc list` shows the incidents there are.")
    return head


def move_head(session: Session, incident: int, **values: int | str) -> None:
    """Writes the new standing of a locked head row."""
    set_row(session, HeadRow, {"incident": incident}, values)


class SqlIncidents:
    """Incidents by number."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, incident: Incident) -> Incident:
        """Stores a new incident under the next number; the counter row stays locked until commit, so no number is skipped."""
        counters = table(CounterRow)
        bump = counters.update().where(counters.c.name == INCIDENT_COUNTER).values(value=counters.c.value + 1)
        number = int(self._session.connection().execute(bump.returning(counters.c.value)).scalar_one())
        stored = replace(incident, number=number, version=1)
        insert_row(self._session, _row(stored))
        head = HeadRow(incident=number, entry_seq=0, entry_hash=GENESIS, evidence_seq=0, revision=0)
        insert_row(self._session, head)
        return stored

    def get(self, number: int) -> Incident:
        """Raises NotFound."""
        row = find(self._session, IncidentRow, number=number)
        if row is None:
            raise NotFound(f"There is no INC-{number}.", "`/inc list` shows the incidents there are.")
        return _incident(row)

    def save(self, incident: Incident) -> Incident:
        """Stores it with version + 1; raises Conflict if that version was already replaced, NotFound if there is none."""
        stored = replace(incident, version=incident.version + 1)
        ours = {"number": incident.number, "version": incident.version}
        if set_row(self._session, IncidentRow, ours, _row(stored).model_dump(exclude={"number"})) == 1:
            return stored
        current = self.get(incident.number)
        raise Conflict(
            f"{incident.name} was changed by somebody else: version {incident.version} is now {current.version}.",
            "Read it again and repeat the change.",
        )

    def open_ones(self) -> Sequence[Incident]:
        """All open incidents, newest first."""
        found = select(IncidentRow).where(col(IncidentRow.status).in_(_OPEN)).order_by(col(IncidentRow.number).desc())
        return [_incident(row) for row in fetch(self._session, found)]

    def recent(self, limit: int = 20) -> Sequence[Incident]:
        """The latest incidents, newest first."""
        found = select(IncidentRow).order_by(col(IncidentRow.number).desc()).limit(limit)
        return [_incident(row) for row in fetch(self._session, found)]

    def in_room(self, room: str) -> Incident | None:
        """The newest incident of a chat channel; a room that is not open yet (empty) belongs to none."""
        if not room:
            return None
        found = select(IncidentRow).where(col(IncidentRow.room) == room).order_by(col(IncidentRow.number).desc())
        row = fetch_one(self._session, found)
        return None if row is None else _incident(row)


def _row(incident: Incident) -> IncidentRow:
    return IncidentRow(
        number=incident.number,
        version=incident.version,
        title=incident.title,
        severity=int(incident.severity),
        status=incident.status.value,
        service=incident.service,
        declared_by=incident.declared_by,
        correlation_key=incident.correlation_key,
        lead=incident.lead,
        roles=plain(incident.roles),
        summary=incident.summary,
        room=incident.room,
        opened_at=incident.opened_at,
        started_at=incident.started_at,
        acknowledged_at=incident.acknowledged_at,
        mitigated_at=incident.mitigated_at,
        resolved_at=incident.resolved_at,
        closed_at=incident.closed_at,
        merged_into=incident.merged_into,
        is_private=incident.is_private,
        is_test=incident.is_test,
    )


def _incident(row: IncidentRow) -> Incident:
    roles = row.roles if isinstance(row.roles, dict) else {}
    return Incident(
        number=row.number,
        version=row.version,
        title=row.title,
        severity=Severity(row.severity),
        status=Status(row.status),
        service=row.service,
        declared_by=row.declared_by,
        correlation_key=row.correlation_key,
        lead=row.lead,
        roles={role: str(user) for role, user in roles.items()},
        summary=row.summary,
        room=row.room,
        opened_at=row.opened_at,
        started_at=row.started_at,
        acknowledged_at=row.acknowledged_at,
        mitigated_at=row.mitigated_at,
        resolved_at=row.resolved_at,
        closed_at=row.closed_at,
        merged_into=row.merged_into,
        is_private=row.is_private,
        is_test=row.is_test,
    )
