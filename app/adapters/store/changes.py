"""Changes that senders told of, as rows, and the ends of alerts whose beginnings have not come yet."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Field, Session, col

from app.adapters.store.columns import CleanText, UtcTime, clean_text
from app.adapters.store.rows import Row, fetch, fetch_one, insert_new, run, table, upsert
from app.domain.canonical import digest
from app.domain.change import Change

MOST = 5000
KEPT_FOR = timedelta(days=1)


class ChangeRow(Row, table=True):
    """One change; `id` is the digest of everything it says."""

    __tablename__ = "changes"
    id: str = Field(primary_key=True, sa_type=CleanText)
    at: datetime = Field(sa_type=UtcTime, index=True)
    service: str = Field(sa_type=CleanText)
    kind: str = Field(sa_type=CleanText)
    text: str = Field(sa_type=CleanText)
    by: str = Field(sa_type=CleanText)
    key: str = Field(sa_type=CleanText)
    before: str = Field(sa_type=CleanText)
    after: str = Field(sa_type=CleanText)
    link: str = Field(sa_type=CleanText)


class EarlyEndRow(Row, table=True):
    """When a condition was said to be over that nobody had heard of."""

    __tablename__ = "early_ends"
    condition: str = Field(primary_key=True, sa_type=CleanText)
    at: datetime = Field(sa_type=UtcTime)
    heard_at: datetime = Field(sa_type=UtcTime, index=True)


class SqlChanges:
    """Changes by what they say."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, change: Change) -> bool:
        """Stores it; False if exactly this was stored before."""
        texts = [change.service, change.kind, change.text, change.by, change.key, change.before, change.after]
        row = ChangeRow(
            id=digest([change.at.isoformat(), *(clean_text(text) for text in texts)]),
            at=change.at,
            service=change.service,
            kind=change.kind,
            text=change.text,
            by=change.by,
            key=change.key,
            before=change.before,
            after=change.after,
            link=change.link,
        )
        return insert_new(self._session, row)

    def between(self, start: datetime, end: datetime) -> Sequence[Change]:
        """Oldest first; of more than 5,000 the newest."""
        found = select(ChangeRow).where(col(ChangeRow.at) >= start, col(ChangeRow.at) <= end)
        rows = fetch(self._session, found.order_by(col(ChangeRow.at).desc(), col(ChangeRow.id)).limit(MOST))
        return [_change(row) for row in reversed(rows)]


class SqlEarlyEnds:
    """Ends that overtook their beginnings; kept for a day. Mostly there are none, which is asked once a transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._are_none: bool | None = None

    def put(self, condition: str, at: datetime, heard_at: datetime) -> None:
        """Keeps the newest end of a condition and forgets old ones."""
        known = self.of(condition)
        self._are_none = False
        if known is None or known < at:
            upsert(self._session, EarlyEndRow(condition=condition, at=at, heard_at=heard_at), keys=("condition",))
        early_ends = table(EarlyEndRow)
        run(self._session, early_ends.delete().where(early_ends.c.heard_at < heard_at - KEPT_FOR))

    def of(self, condition: str) -> datetime | None:
        """When it was said to be over."""
        if self._are_none is None:
            self._are_none = fetch_one(self._session, select(EarlyEndRow)) is None
        if self._are_none:
            return None
        row = fetch_one(self._session, select(EarlyEndRow).where(col(EarlyEndRow.condition) == condition))
        return None if row is None else row.at


def _change(row: ChangeRow) -> Change:
    return Change(
        at=row.at,
        service=row.service,
        kind=row.kind,
        text=row.text,
        by=row.by,
        key=row.key,
        before=row.before,
        after=row.after,
        link=row.link,
    )
