"""The audit chain as rows: whoever writes waits for whoever writes, so that there is one order."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Field, Session

from app.adapters.store.columns import CleanText, clean_json, clean_text, utc
from app.adapters.store.rows import Row, find, insert_row, set_row, table
from app.domain.audit import AuditEntry, AuditKind, Head, content_of, seal
from app.domain.canonical import Json, plain
from app.domain.errors import NotFound


class AuditRow(Row, table=True):
    """One sealed entry."""

    __tablename__ = "audit_entries"
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    content: str = Field(sa_type=CleanText)
    hash: str = Field(sa_type=CleanText)


class AuditHeadRow(Row, table=True):
    """Where the chain ends; one row, locked by whoever writes."""

    __tablename__ = "audit_head"
    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    seq: int
    hash: str = Field(sa_type=CleanText)


class SqlAudit:
    """The one hash chain over every proposal, decision, run and change of the rules."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def append(
        self, kind: AuditKind, text: str, actor: str, at: datetime, data: Mapping[str, Json] | None = None, incident: int = 0
    ) -> Head:
        """Seals one more entry and returns the new head; concurrent writers wait for each other."""
        fields = clean_json(plain(data or {}))
        content = content_of(
            utc(at), kind, incident, clean_text(actor), clean_text(text), fields if isinstance(fields, dict) else {}
        )
        entry = seal(self._head(lock=True), content)
        insert_row(self._session, AuditRow(seq=entry.seq, content=entry.content, hash=entry.hash))
        set_row(self._session, AuditHeadRow, {"id": 1}, {"seq": entry.seq, "hash": entry.hash})
        return Head(entry.seq, entry.hash)

    def head(self) -> Head:
        """Where the chain ends."""
        return self._head(lock=False)

    def entries(self, after: int = 0, limit: int = 1_000) -> Sequence[AuditEntry]:
        """Entries in order, from the one after number `after` on."""
        rows = table(AuditRow)
        found = select(rows.c.seq, rows.c.content, rows.c.hash).where(rows.c.seq > after).order_by(rows.c.seq).limit(limit)
        return [AuditEntry(seq, content, seal_hash) for seq, content, seal_hash in self._session.connection().execute(found)]

    def hashes(self, seqs: Sequence[int]) -> Mapping[int, str]:
        """The hashes of these entries, as far as they exist."""
        rows = table(AuditRow)
        found: dict[int, str] = {}
        for start in range(0, len(seqs), 500):
            wanted = select(rows.c.seq, rows.c.hash).where(rows.c.seq.in_(seqs[start : start + 500]))
            found.update((seq, seal_hash) for seq, seal_hash in self._session.connection().execute(wanted))
        return found

    def _head(self, *, lock: bool) -> Head:
        row = find(self._session, AuditHeadRow, lock=lock, id=1)
        if row is None:
            raise NotFound("The audit chain has no head row.", "The database was not set up: start Sitrep once.")
        return Head(row.seq, row.hash)
