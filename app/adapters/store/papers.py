"""Postmortems and follow-ups as rows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Field, Session, col

from app.adapters.store.columns import CleanText, UtcTime
from app.adapters.store.incidents import lock_head, move_head
from app.adapters.store.rows import Row, fetch, fetch_one, run, table, upsert
from app.domain.postmortem import FollowUp, FollowUpKind, Postmortem


class PostmortemRow(Row, table=True):
    """One revision of a draft."""

    __tablename__ = "postmortems"
    incident: int = Field(primary_key=True, foreign_key="incidents.number")
    revision: int = Field(primary_key=True)
    markdown: str = Field(sa_type=CleanText)
    html: str = Field(sa_type=CleanText)
    written_at: datetime = Field(sa_type=UtcTime)
    plot_png: bytes


class FollowUpRow(Row, table=True):
    """Something to do after the incident."""

    __tablename__ = "follow_ups"
    seq: int | None = Field(default=None, primary_key=True)
    id: str = Field(sa_type=CleanText, unique=True)
    incident: int = Field(foreign_key="incidents.number", index=True)
    kind: str = Field(sa_type=CleanText)
    text: str = Field(sa_type=CleanText)
    source: str = Field(sa_type=CleanText)
    owner: str = Field(sa_type=CleanText)
    due_at: datetime | None = Field(sa_type=UtcTime)
    is_done: bool


class SqlPapers:
    """Postmortems and follow-ups."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add_postmortem(self, postmortem: Postmortem) -> Postmortem:
        """Stores it under the next revision (from 1)."""
        head = lock_head(self._session, postmortem.incident)
        stored = replace(postmortem, revision=head.revision + 1)
        row = PostmortemRow(
            incident=stored.incident,
            revision=stored.revision,
            markdown=stored.markdown,
            html=stored.html,
            written_at=stored.written_at,
            plot_png=stored.plot_png,
        )
        run(self._session, table(PostmortemRow).insert().values(**row.model_dump()))
        move_head(self._session, stored.incident, revision=stored.revision)
        return stored

    def postmortem(self, incident: int) -> Postmortem | None:
        """The newest revision."""
        found = select(PostmortemRow).where(col(PostmortemRow.incident) == incident)
        row = fetch_one(self._session, found.order_by(col(PostmortemRow.revision).desc()))
        if row is None:
            return None
        return Postmortem(
            incident=row.incident,
            revision=row.revision,
            markdown=row.markdown,
            html=row.html,
            written_at=row.written_at,
            plot_png=row.plot_png,
        )

    def has_postmortem(self, incident: int) -> bool:
        """True once there is a draft."""
        rows = table(PostmortemRow)
        found = select(rows.c.revision).where(rows.c.incident == incident).limit(1)
        return self._session.connection().execute(found).first() is not None

    def put_follow_up(self, follow_up: FollowUp) -> None:
        """Stores or replaces by id; a replaced one keeps its place."""
        row = FollowUpRow(
            id=follow_up.id,
            incident=follow_up.incident,
            kind=follow_up.kind.value,
            text=follow_up.text,
            source=follow_up.source,
            owner=follow_up.owner,
            due_at=follow_up.due_at,
            is_done=follow_up.is_done,
        )
        upsert(self._session, row, keys=("id",), keep=frozenset({"seq"}))

    def follow_ups(self, incident: int) -> Sequence[FollowUp]:
        """In the order they were first stored."""
        found = select(FollowUpRow).where(col(FollowUpRow.incident) == incident).order_by(col(FollowUpRow.seq))
        return [_follow_up(row) for row in fetch(self._session, found)]


def _follow_up(row: FollowUpRow) -> FollowUp:
    return FollowUp(
        id=row.id,
        incident=row.incident,
        kind=FollowUpKind(row.kind),
        text=row.text,
        source=row.source,
        owner=row.owner,
        due_at=row.due_at,
        is_done=row.is_done,
    )
