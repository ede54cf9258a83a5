"""The timeline as rows: each entry sealed to the one before it, whoever writes waiting for whoever writes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Field, Session

from app.adapters.store import nested
from app.adapters.store.columns import CleanText, JsonText, UtcTime, clean_json, clean_text, utc
from app.adapters.store.incidents import lock_head, move_head
from app.adapters.store.rows import Row, find_all, insert_row
from app.domain.canonical import Json
from app.domain.errors import BadInput
from app.domain.timeline import Entry, EntryKind, seal


class EntryRow(Row, table=True):
    """One sealed entry."""

    __tablename__ = "timeline_entries"
    incident: int = Field(primary_key=True, foreign_key="incidents.number")
    seq: int = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcTime)
    kind: str = Field(sa_type=CleanText)
    text: str = Field(sa_type=CleanText)
    actor: str = Field(sa_type=CleanText)
    data: Any = Field(sa_type=JsonText)
    previous: str = Field(sa_type=CleanText)
    hash: str = Field(sa_type=CleanText)


class SqlTimeline:
    """The hash chain of each incident."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def append(
        self, incident: int, kind: EntryKind, text: str, actor: str, at: datetime, data: Mapping[str, Json] | None = None
    ) -> Entry:
        """Seals one more entry exactly as it will be read back: time in UTC, text without NUL and lone surrogates.

        Raises NotFound without the incident and BadInput if `data` has no canonical spelling.
        """
        head = lock_head(self._session, incident)
        seq, at, text, actor = head.entry_seq + 1, utc(at), clean_text(text), clean_text(actor)
        fields = nested.members(clean_json(data or {}))
        try:
            seal_hash = seal(incident, seq, at, kind, text, actor, fields, head.entry_hash)
        except ValueError as error:
            raise BadInput("A timeline entry needs finite numbers below 2**53.", "Write larger ones as text.") from error
        entry = Entry(incident, seq, at, kind, text, actor, head.entry_hash, seal_hash, fields)
        insert_row(self._session, _row(entry))
        move_head(self._session, incident, entry_seq=seq, entry_hash=seal_hash)
        return entry

    def of(self, incident: int) -> Sequence[Entry]:
        """In order."""
        return [_entry(row) for row in find_all(self._session, EntryRow, ("seq",), incident=incident)]


def _row(entry: Entry) -> EntryRow:
    return EntryRow(
        incident=entry.incident,
        seq=entry.seq,
        at=entry.at,
        kind=entry.kind.value,
        text=entry.text,
        actor=entry.actor,
        data=dict(entry.data),
        previous=entry.previous,
        hash=entry.hash,
    )


def _entry(row: EntryRow) -> Entry:
    return Entry(
        incident=row.incident,
        seq=row.seq,
        at=row.at,
        kind=EntryKind(row.kind),
        text=row.text,
        actor=row.actor,
        data=nested.members(row.data),
        previous=row.previous,
        hash=row.hash,
    )
