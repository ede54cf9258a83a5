"""Things that fall due, as rows: claimed by one replica, and taken again if that one died."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Field, Session, col

from app.adapters.store import nested
from app.adapters.store.columns import CleanText, JsonText, UtcTime
from app.adapters.store.rows import Row, change, fetch, run, table, upsert
from app.domain.canonical import plain
from app.domain.work import Due

CLAIM_LASTS = timedelta(seconds=60)


class DueRow(Row, table=True):
    """Something to do at a time; gone once it is finished."""

    __tablename__ = "dues"
    key: str = Field(primary_key=True, sa_type=CleanText)
    kind: str = Field(sa_type=CleanText)
    due_at: datetime = Field(sa_type=UtcTime, index=True)
    payload: Any = Field(sa_type=JsonText)
    claimed_at: datetime | None = Field(default=None, sa_type=UtcTime)


class SqlDues:
    """Things that fall due, claimed once across all replicas."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def plan(self, due: Due) -> None:
        """Adds it, or moves the one with the same key; a claim on the old one then means nothing any more."""
        row = DueRow(key=due.key, kind=due.kind, due_at=due.due_at, payload=plain(due.payload))
        upsert(self._session, row, keys=("key",))

    def cancel(self, key: str) -> None:
        """Forgets it if it has not been claimed."""
        run(self._session, table(DueRow).delete().where(col(DueRow.key) == key, col(DueRow.claimed_at).is_(None)))

    def claim(self, now: datetime, limit: int = 50) -> Sequence[Due]:
        """Takes what is due, the earliest first; nobody else gets it for 60 s."""
        free = col(DueRow.claimed_at).is_(None) | (col(DueRow.claimed_at) <= now - CLAIM_LASTS)
        found = select(DueRow).where(col(DueRow.due_at) <= now, free).order_by(col(DueRow.due_at), col(DueRow.key))
        rows = fetch(self._session, found.limit(limit).with_for_update(skip_locked=True))
        if rows:
            change(self._session, DueRow, [col(DueRow.key).in_([row.key for row in rows])], {"claimed_at": now})
        return [Due(key=row.key, kind=row.kind, due_at=row.due_at, payload=nested.members(row.payload)) for row in rows]

    def finish(self, key: str) -> None:
        """A claimed one is done; one that was planned anew in the meantime stays."""
        run(self._session, table(DueRow).delete().where(col(DueRow.key) == key, col(DueRow.claimed_at).is_not(None)))
