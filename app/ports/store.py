"""The truth: what Sitrep knows, read and written in short transactions. Nothing else is called while one is open."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from app.domain.approval import Approval
from app.domain.canonical import Json
from app.domain.evidence import Assessment, Evidence
from app.domain.incident import Incident
from app.domain.outbox import MessageRef, OutboxItem, OutboxState
from app.domain.postmortem import FollowUp, Postmortem
from app.domain.proposal import Proposal, ProposalStatus, Run, Verdict
from app.domain.signal import Signal, Tally
from app.domain.timeline import Entry, EntryKind
from app.domain.work import Delivery, Due


class Incidents(Protocol):
    """Incidents by number."""

    def add(self, incident: Incident) -> Incident:
        """Stores a new incident and gives it the next number (gapless, from 1) and version 1."""
        ...

    def get(self, number: int) -> Incident:
        """Raises NotFound."""
        ...

    def save(self, incident: Incident) -> Incident:
        """Stores a changed incident with version + 1; raises Conflict if somebody saved that version already."""
        ...

    def open_ones(self) -> Sequence[Incident]:
        """All open incidents, newest first."""
        ...

    def recent(self, limit: int = 20) -> Sequence[Incident]:
        """The latest incidents, open or not, newest first."""
        ...

    def in_room(self, room: str) -> Incident | None:
        """The incident of a chat channel."""
        ...


class Signals(Protocol):
    """Signals and the incident each was folded into."""

    def put(self, incident: int, signal: Signal) -> bool:
        """Stores the newest word on this signal's episode; False if nothing changed (state and severity as before)."""
        ...

    def incident_of(self, episode: str) -> int | None:
        """The incident an episode was folded into."""
        ...

    def of(self, incident: int, limit: int | None = None) -> Sequence[Signal]:
        """The signals of an incident, oldest start first; with a limit the first ones only."""
        ...

    def tallies(self, incidents: Sequence[int]) -> Sequence[Tally]:
        """Counts by incident, service and name, at most 2,000, oldest start first: what a storm comes to without reading it."""
        ...


class Evidences(Protocol):
    """Evidence with its ids."""

    def put(self, incident: int, evidence: Evidence) -> Evidence:
        """Stores it under the next id `E<n>` of the incident, or under its old id if `key` was seen before."""
        ...

    def of(self, incident: int) -> Sequence[Evidence]:
        """In the order of ids."""
        ...


class Assessments(Protocol):
    """What Sitrep said, kept whole: wrong turns included."""

    def add(self, assessment: Assessment) -> None:
        """Keeps one more."""
        ...

    def latest(self, incident: int) -> Assessment | None:
        """The newest."""
        ...

    def of(self, incident: int) -> Sequence[Assessment]:
        """Oldest first."""
        ...


class Proposals(Protocol):
    """Proposals, their decisions and their single run."""

    def add(self, proposal: Proposal) -> None:
        """Stores a new one."""
        ...

    def get(self, proposal_id: str) -> Proposal:
        """Raises NotFound."""
        ...

    def save(self, proposal: Proposal, was: ProposalStatus) -> None:
        """Stores it only if its stored status is still `was`; raises Conflict otherwise: one winner in every race."""
        ...

    def of(self, incident: int) -> Sequence[Proposal]:
        """Oldest first."""
        ...

    def in_status(self, status: ProposalStatus) -> Sequence[Proposal]:
        """Across incidents, oldest first."""
        ...

    def decide(self, approval: Approval) -> bool:
        """Stores a decision; False if this person already decided on this proposal."""
        ...

    def decisions(self, proposal_id: str) -> Sequence[Approval]:
        """Oldest first."""
        ...

    def claim(self, run: Run) -> None:
        """Stores the one run of a proposal; raises Conflict if there is one already (unique in the database)."""
        ...

    def save_run(self, run: Run) -> None:
        """Stores what became of it."""
        ...

    def run_of(self, proposal_id: str) -> Run | None:
        """The run, if it was claimed."""
        ...

    def track_record(self, action: str) -> Mapping[Verdict, int]:
        """How often each verdict followed that action."""
        ...


class Timeline(Protocol):
    """The hash chain of each incident."""

    def append(
        self, incident: int, kind: EntryKind, text: str, actor: str, at: datetime, data: Mapping[str, Json] | None = None
    ) -> Entry:
        """Seals one more entry; concurrent writers wait for each other."""
        ...

    def of(self, incident: int) -> Sequence[Entry]:
        """In order."""
        ...


class Papers(Protocol):
    """Postmortems and follow-ups."""

    def add_postmortem(self, postmortem: Postmortem) -> Postmortem:
        """Stores it under the next revision (from 1)."""
        ...

    def postmortem(self, incident: int) -> Postmortem | None:
        """The newest revision."""
        ...

    def put_follow_up(self, follow_up: FollowUp) -> None:
        """Stores or replaces by id."""
        ...

    def follow_ups(self, incident: int) -> Sequence[FollowUp]:
        """In the order they were first stored."""
        ...


class Inbox(Protocol):
    """Deliveries: durable before the ack, each handled once."""

    def receive(self, delivery: Delivery) -> bool:
        """False if the key was seen before; then nothing is stored."""
        ...

    def get(self, key: str) -> Delivery:
        """Raises NotFound."""
        ...

    def is_done(self, key: str) -> bool:
        """True once handled."""
        ...

    def done(self, key: str, at: datetime, error: str = "") -> None:
        """Marks it handled; `error` is what a person should know if it could not be understood."""
        ...

    def waiting(self, before: datetime, limit: int = 100) -> Sequence[Delivery]:
        """Received before that time and not handled, oldest first."""
        ...


class Outbox(Protocol):
    """What still has to be said, in lanes."""

    def put(self, item: OutboxItem) -> None:
        """Adds it. An item that edits (`message_key` set) is dropped if one with the same key is still pending."""
        ...

    def claim(self, lane: str, now: datetime) -> OutboxItem | None:
        """The oldest item of the lane that is pending or unknown, marked sending with attempts + 1 (the returned value
        keeps the state it had before, so that the sender knows an unknown one). None while an item of the lane is
        already sending (claimed less than 60 s ago), or the oldest is not due before `not_before`, or nothing waits.
        """
        ...

    def settle(self, item_id: str, state: OutboxState, at: datetime, error: str = "", not_before: datetime | None = None) -> None:
        """Says what became of a claimed item."""
        ...

    def lanes_waiting(self, now: datetime) -> Sequence[str]:
        """Lanes with something to send now (pending, unknown, or stuck in sending for 60 s, which becomes unknown)."""
        ...

    def message(self, key: str) -> MessageRef | None:
        """Where the message with that key stands."""
        ...

    def remember_message(self, key: str, ref: MessageRef) -> None:
        """Keeps where it stands."""
        ...


class Dues(Protocol):
    """Things that fall due, claimed once across all replicas."""

    def plan(self, due: Due) -> None:
        """Adds it, or moves the one with the same key."""
        ...

    def cancel(self, key: str) -> None:
        """Forgets it if it has not been claimed."""
        ...

    def claim(self, now: datetime, limit: int = 50) -> Sequence[Due]:
        """Takes what is due; nobody else gets it. A claim not finished within 60 s may be taken again."""
        ...

    def finish(self, key: str) -> None:
        """A claimed one is done."""
        ...


class Transaction(Protocol):
    """One short unit: all of it is written, or nothing."""

    @property
    def incidents(self) -> Incidents: ...
    @property
    def signals(self) -> Signals: ...
    @property
    def evidence(self) -> Evidences: ...
    @property
    def assessments(self) -> Assessments: ...
    @property
    def proposals(self) -> Proposals: ...
    @property
    def timeline(self) -> Timeline: ...
    @property
    def papers(self) -> Papers: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def dues(self) -> Dues: ...

    def now(self) -> datetime:
        """The database's clock, aware UTC; approvals expire by this one."""
        ...

    def setting(self, name: str) -> str | None:
        """A small value shared by all replicas (the kill switch)."""
        ...

    def set_setting(self, name: str, value: str) -> None:
        """Stores it."""
        ...


class Store(Protocol):
    """Opens transactions; usable from many threads."""

    def begin(self) -> AbstractContextManager[Transaction]:
        """Commits on exit, rolls back on an exception. A writing transaction sees a consistent state: on SQLite it starts
        IMMEDIATE, on Postgres it locks what it changes.
        """
        ...

    def ping(self) -> None:
        """Raises Unavailable with what to do."""
        ...
