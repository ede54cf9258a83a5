"""The truth: what Sitrep knows, read and written in short transactions. Nothing else is called while one is open."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from app.domain.approval import Approval
from app.domain.audit import AuditEntry, AuditKind, Head
from app.domain.canonical import Json
from app.domain.change import Change
from app.domain.evidence import Assessment, Evidence
from app.domain.incident import Incident
from app.domain.outbox import MessageRef, OutboxItem, OutboxState
from app.domain.plan import Plan
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

    def latest(self, source: str, fingerprint: str) -> Signal | None:
        """The newest episode of a condition, whatever its state."""
        ...

    def of(self, incident: int, limit: int | None = None) -> Sequence[Signal]:
        """The signals of an incident, oldest start first; with a limit the first ones only."""
        ...

    def tallies(self, incidents: Sequence[int]) -> Sequence[Tally]:
        """Counts by incident, service and name, at most 2,000, oldest start first: what a storm comes to without reading it.

        Whatever has not resolved counts as firing: with no data nobody knows that it is over.
        """
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

    def track_record(self, action: str, target: str = "") -> Mapping[Verdict, int]:
        """How often each verdict followed that action, on one target if it is named."""
        ...

    def lock_target(self, target: str) -> None:
        """Waits until no other open transaction holds this target, and holds it until this one ends."""
        ...

    def busy_on(self, target: str) -> Sequence[Proposal]:
        """What is running on the target now, or ran with an outcome nobody knows yet."""
        ...

    def runs_since(self, action: str, target: str, since: datetime) -> int:
        """How many runs of that action on that target were claimed at or after that time."""
        ...

    def policy_runs_since(self, policy: str, since: datetime) -> int:
        """How many runs a standing policy made at or after that time; what it undid is not counted."""
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


class Audit(Protocol):
    """The one hash chain over every proposal, decision, run and change of the rules."""

    def append(
        self, kind: AuditKind, text: str, actor: str, at: datetime, data: Mapping[str, Json] | None = None, incident: int = 0
    ) -> Head:
        """Seals one more entry and returns the new head; concurrent writers wait for each other."""
        ...

    def head(self) -> Head:
        """Where the chain ends."""
        ...

    def entries(self, after: int = 0, limit: int = 1_000) -> Sequence[AuditEntry]:
        """Entries in order, from the one after number `after` on."""
        ...

    def hashes(self, seqs: Sequence[int]) -> Mapping[int, str]:
        """The hashes of these entries, as far as they exist."""
        ...


class Rules(Protocol):
    """What the rules were, who signed which standing policy, and which approval links were used."""

    def remember(self, version: str, rules: Mapping[str, Json], at: datetime) -> bool:
        """Keeps the rules of a policy version; False if they were known."""
        ...

    def of(self, version: str) -> Mapping[str, Json] | None:
        """The rules of a version, if they were kept."""
        ...

    def sign(self, signature: Approval) -> bool:
        """Keeps a person's signature under a standing policy (`proposal` is its name, `fingerprint` its digest); False if
        that person already signed exactly this."""
        ...

    def signatures(self, policy: str) -> Sequence[Approval]:
        """All signatures under a standing policy, of whatever digest, oldest first."""
        ...

    def revoke_signatures(self, policy: str) -> int:
        """Removes every signature under a standing policy; how many there were."""
        ...

    def use_link(self, link: str, at: datetime) -> bool:
        """Marks an approval link as used; False if it was used before."""
        ...


class Plans(Protocol):
    """Plans under way and ended."""

    def add(self, plan: Plan) -> None:
        """Stores a new one."""
        ...

    def get(self, plan_id: str) -> Plan:
        """Raises NotFound."""
        ...

    def save(self, plan: Plan) -> Plan:
        """Stores a changed plan with version + 1; raises Conflict if somebody saved that version already."""
        ...

    def of(self, incident: int) -> Sequence[Plan]:
        """Oldest first."""
        ...

    def running(self) -> Sequence[Plan]:
        """Across incidents, oldest first."""
        ...


class Papers(Protocol):
    """Postmortems and follow-ups."""

    def add_postmortem(self, postmortem: Postmortem) -> Postmortem:
        """Stores it under the next revision (from 1)."""
        ...

    def postmortem(self, incident: int) -> Postmortem | None:
        """The newest revision."""
        ...

    def has_postmortem(self, incident: int) -> bool:
        """True once there is a draft."""
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
        already sending, or the oldest is not due before `not_before`, or nothing waits. An item is sending while its
        claim is younger than 10 s, or 3 s if the process that claimed it is known to be gone; then it is unknown.
        """
        ...

    def settle(self, item_id: str, state: OutboxState, at: datetime, error: str = "", not_before: datetime | None = None) -> None:
        """Says what became of a claimed item; raises Conflict if another process has taken it over since."""
        ...

    def renew(self, item_ids: Collection[str], now: datetime) -> frozenset[str]:
        """Keeps claimed items for another 10 s; returns those that are still this process's own."""
        ...

    def lanes_waiting(self, now: datetime) -> Sequence[str]:
        """Lanes with something to send now (pending, unknown, or left in sending, which becomes unknown)."""
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


class Changes(Protocol):
    """Deploys and other changes that senders told of."""

    def put(self, change: Change) -> bool:
        """Stores it; False if exactly this was stored before."""
        ...

    def between(self, start: datetime, end: datetime) -> Sequence[Change]:
        """Oldest first."""
        ...


class EarlyEnds(Protocol):
    """Ends of alerts whose beginnings have not come: deliveries overtake each other."""

    def put(self, condition: str, at: datetime, heard_at: datetime) -> None:
        """Keeps the newest end of a condition for a day after it was heard."""
        ...

    def of(self, condition: str) -> datetime | None:
        """When it was said to be over."""
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
    def audit(self) -> Audit: ...
    @property
    def rules(self) -> Rules: ...
    @property
    def plans(self) -> Plans: ...
    @property
    def papers(self) -> Papers: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def dues(self) -> Dues: ...
    @property
    def changes(self) -> Changes: ...
    @property
    def early_ends(self) -> EarlyEnds: ...

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
