"""What came in and what goes out, as rows: the inbox, the outbox with its lanes, and where each message stands."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Index, func, select, text
from sqlmodel import Field, Session, col

from app.adapters.store import nested
from app.adapters.store.columns import CleanText, JsonText, UtcTime
from app.adapters.store.process import Process
from app.adapters.store.rows import Row, change, fetch, fetch_one, find, insert_new, set_row, table, upsert, wait_for_turn
from app.domain.canonical import plain
from app.domain.errors import Conflict, NotFound
from app.domain.outbox import MessageRef, OutboxItem, OutboxKind, OutboxState
from app.domain.work import Delivery

LEASE = timedelta(seconds=10)
# A request of a killed process may still be on its way; looking for its message too early would find nothing.
QUIET = timedelta(seconds=3)
_WAITING = (OutboxState.PENDING.value, OutboxState.UNKNOWN.value, OutboxState.SENDING.value)
_SETTLED_NOT = text("state IN ('pending', 'unknown', 'sending')")


class DeliveryRow(Row, table=True):
    """One thing that came through a door."""

    __tablename__ = "inbox"
    __table_args__ = (
        Index(
            "ix_inbox_waiting",
            "received_at",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
    )
    key: str = Field(primary_key=True, sa_type=CleanText)
    source: str = Field(sa_type=CleanText)
    payload: Any = Field(sa_type=JsonText)
    received_at: datetime = Field(sa_type=UtcTime)
    done_at: datetime | None = Field(default=None, sa_type=UtcTime)
    error: str = Field(default="", sa_type=CleanText)


class OutboxRow(Row, table=True):
    """One thing to say; `seq` is its place in the lane."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_lane", "lane", "seq", sqlite_where=_SETTLED_NOT, postgresql_where=_SETTLED_NOT),
        Index("ix_outbox_message", "message_key", sqlite_where=_SETTLED_NOT, postgresql_where=_SETTLED_NOT),
    )
    seq: int | None = Field(default=None, primary_key=True)
    id: str = Field(sa_type=CleanText, unique=True)
    lane: str = Field(sa_type=CleanText)
    kind: str = Field(sa_type=CleanText)
    created_at: datetime = Field(sa_type=UtcTime)
    incident: int | None
    room: str = Field(sa_type=CleanText)
    ref: str = Field(sa_type=CleanText)
    message_key: str = Field(sa_type=CleanText)
    payload: Any = Field(sa_type=JsonText)
    state: str = Field(sa_type=CleanText)
    attempts: int
    not_before: datetime | None = Field(sa_type=UtcTime)
    error: str = Field(sa_type=CleanText)
    claimed_at: datetime | None = Field(default=None, sa_type=UtcTime)
    claimed_by: str = Field(default="", sa_type=CleanText)
    settled_at: datetime | None = Field(default=None, sa_type=UtcTime)


class MessageRow(Row, table=True):
    """Where a message stands."""

    __tablename__ = "messages"
    key: str = Field(primary_key=True, sa_type=CleanText)
    room: str = Field(sa_type=CleanText)
    ts: str = Field(sa_type=CleanText)


class SqlInbox:
    """Deliveries: durable before the ack, each handled once."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def receive(self, delivery: Delivery) -> bool:
        """False if the key was seen before; then nothing is stored."""
        row = DeliveryRow(
            key=delivery.key, source=delivery.source, payload=plain(delivery.payload), received_at=delivery.received_at
        )
        return insert_new(self._session, row)

    def get(self, key: str) -> Delivery:
        """Raises NotFound."""
        return _delivery(self._row(key))

    def is_done(self, key: str) -> bool:
        """True once handled; False also for a key nobody has seen."""
        row = find(self._session, DeliveryRow, key=key)
        return row is not None and row.done_at is not None

    def done(self, key: str, at: datetime, error: str = "") -> None:
        """Marks it handled; raises NotFound."""
        if set_row(self._session, DeliveryRow, {"key": key}, {"done_at": at, "error": error}) != 1:
            raise _no_delivery(key)

    def waiting(self, before: datetime, limit: int = 100) -> Sequence[Delivery]:
        """Received before that time and not handled, oldest first."""
        found = select(DeliveryRow).where(col(DeliveryRow.done_at).is_(None), col(DeliveryRow.received_at) < before)
        ordered = found.order_by(col(DeliveryRow.received_at), col(DeliveryRow.key)).limit(limit)
        return [_delivery(row) for row in fetch(self._session, ordered)]

    def _row(self, key: str) -> DeliveryRow:
        row = find(self._session, DeliveryRow, key=key)
        if row is None:
            raise _no_delivery(key)
        return row


class SqlOutbox:
    """What still has to be said, in lanes. What `process` claims is its own until its lease ends or it is gone."""

    def __init__(self, session: Session, process: Process) -> None:
        self._session = session
        self._process = process

    def put(self, item: OutboxItem) -> None:
        """Adds it, unless its id is known or it edits a message that another pending item will draw anyway."""
        if item.message_key and self._is_pending(item.message_key):
            return
        insert_new(self._session, _outbox_row(item), omit=frozenset({"seq"}))

    def claim(self, lane: str, now: datetime) -> OutboxItem | None:
        """The oldest waiting item of the lane, marked sending; returned with the state it had before.

        None while another one is being sent, or if the oldest one is not due yet: order within a lane is kept.
        """
        wait_for_turn(self._session, f"outbox:{lane}")
        if lane in self._busy(now):
            return None
        waiting = select(OutboxRow).where(col(OutboxRow.lane) == lane, col(OutboxRow.state).in_(_WAITING))
        row = fetch_one(self._session, waiting.order_by(col(OutboxRow.seq)).with_for_update())
        if row is None or (row.not_before is not None and row.not_before > now):
            return None
        values = {"state": OutboxState.SENDING.value, "attempts": row.attempts + 1}
        values |= {"claimed_at": now, "claimed_by": self._process.name}
        change(self._session, OutboxRow, [col(OutboxRow.id) == row.id], values)
        before = OutboxState.UNKNOWN if row.state == OutboxState.SENDING.value else OutboxState(row.state)
        return replace(_item(row), state=before, attempts=row.attempts + 1)

    def settle(self, item_id: str, state: OutboxState, at: datetime, error: str = "", not_before: datetime | None = None) -> None:
        """Says what became of a claimed item; raises Conflict if another process has taken it over since, or NotFound."""
        values = {"state": state.value, "settled_at": at, "error": error, "not_before": not_before}
        values |= {"claimed_at": None, "claimed_by": ""}
        if change(self._session, OutboxRow, [col(OutboxRow.id) == item_id, *self._ours()], values) == 1:
            return
        if fetch_one(self._session, select(OutboxRow).where(col(OutboxRow.id) == item_id)) is None:
            raise NotFound(f"There is no outbox item {item_id}.", "It was never put, or the database was restored.")
        raise Conflict(f"The outbox item {item_id} is in other hands.", "Whoever has it looks for the message first.")

    def renew(self, item_ids: Collection[str], now: datetime) -> frozenset[str]:
        """Keeps claimed items for another lease; those that are still this process's own."""
        values = {"claimed_at": now}
        return frozenset(
            one for one in item_ids if change(self._session, OutboxRow, [col(OutboxRow.id) == one, *self._ours()], values)
        )

    def lanes_waiting(self, now: datetime) -> Sequence[str]:
        """Lanes whose oldest item can be claimed now, the longest waiting lane first."""
        outbox = table(OutboxRow)
        heads = select(func.min(outbox.c.seq)).where(outbox.c.state.in_(_WAITING)).group_by(outbox.c.lane)
        ready = select(OutboxRow).where(
            col(OutboxRow.seq).in_(heads),
            col(OutboxRow.lane).not_in(self._busy(now)),
            col(OutboxRow.not_before).is_(None) | (col(OutboxRow.not_before) <= now),
        )
        return [row.lane for row in fetch(self._session, ready.order_by(col(OutboxRow.seq)))]

    def message(self, key: str) -> MessageRef | None:
        """Where the message with that key stands."""
        row = fetch_one(self._session, select(MessageRow).where(col(MessageRow.key) == key))
        return None if row is None else MessageRef(row.room, row.ts)

    def remember_message(self, key: str, ref: MessageRef) -> None:
        """Keeps where it stands; a newer message replaces an older one."""
        upsert(self._session, MessageRow(key=key, room=ref.room, ts=ref.ts), keys=("key",))

    def _is_pending(self, message_key: str) -> bool:
        return find(self._session, OutboxRow, message_key=message_key, state=OutboxState.PENDING.value) is not None

    def _ours(self) -> list[ColumnElement[bool]]:
        return [col(OutboxRow.state) == OutboxState.SENDING.value, col(OutboxRow.claimed_by) == self._process.name]

    def _busy(self, now: datetime) -> frozenset[str]:
        """Lanes in which somebody who is still there is sending."""
        sending = select(OutboxRow).where(col(OutboxRow.state) == OutboxState.SENDING.value)
        return frozenset(
            row.lane
            for row in fetch(self._session, sending.where(col(OutboxRow.claimed_at) > now - LEASE))
            if (row.claimed_at is not None and row.claimed_at > now - QUIET) or not self._process.is_gone(row.claimed_by)
        )


def _no_delivery(key: str) -> NotFound:
    return NotFound(f"There is no delivery {key}.", "It never arrived, or the database was restored.")


def _delivery(row: DeliveryRow) -> Delivery:
    return Delivery(key=row.key, source=row.source, payload=nested.members(row.payload), received_at=row.received_at)


def _outbox_row(item: OutboxItem) -> OutboxRow:
    return OutboxRow(
        id=item.id,
        lane=item.lane,
        kind=item.kind.value,
        created_at=item.created_at,
        incident=item.incident,
        room=item.room,
        ref=item.ref,
        message_key=item.message_key,
        payload=plain(item.payload),
        state=item.state.value,
        attempts=item.attempts,
        not_before=item.not_before,
        error=item.error,
    )


def _item(row: OutboxRow) -> OutboxItem:
    return OutboxItem(
        id=row.id,
        lane=row.lane,
        kind=OutboxKind(row.kind),
        created_at=row.created_at,
        incident=row.incident,
        room=row.room,
        ref=row.ref,
        message_key=row.message_key,
        payload=nested.members(row.payload),
        state=OutboxState(row.state),
        attempts=row.attempts,
        not_before=row.not_before,
        error=row.error,
    )
