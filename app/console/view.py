"""What the console's pages show, taken from the store in one reading."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.action import ActionSpec
from app.domain.approval import Approval
from app.domain.errors import ActionRefused, AuditBroken, NotFound
from app.domain.evidence import Assessment, Evidence
from app.domain.incident import Incident, Status
from app.domain.inventory import Inventory
from app.domain.postmortem import FollowUp, Postmortem, PostmortemFacts
from app.domain.proposal import Proposal, ProposalStatus, Run
from app.domain.signal import SignalState
from app.domain.timeline import Entry, check_chain
from app.ports.clock import Clock
from app.ports.documents import Documents
from app.ports.store import Store, Transaction

NameOf = Callable[[str], str]
_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")
_MAX_OPEN, _MAX_RECENT = 100, 50


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One line of the list; `lead` is a chat id or empty, `next_step` is empty for an incident that is over."""

    incident: Incident
    lead: str
    next_step: str


@dataclass(frozen=True, slots=True)
class IncidentList:
    """Open incidents and the latest closed ones; `asked` is what was searched for."""

    open_ones: tuple[IncidentRow, ...]
    recent: tuple[IncidentRow, ...]
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A proposal with its decisions and its run. `exact` is the canonical action in full, as it was hashed."""

    proposal: Proposal
    exact: str
    decisions: tuple[Approval, ...]
    run: Run | None
    spec: ActionSpec | None


@dataclass(frozen=True, slots=True)
class Chain:
    """Whether the timeline adds up: the head's hash, or in `problem` what is wrong."""

    head: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """Everything about one incident. `lead` is a chat id or empty, `entries` are newest first."""

    incident: Incident
    lead: str
    next_step: str
    firing: int
    signals: int
    assessment: Assessment | None
    evidence: tuple[Evidence, ...]
    attempts: tuple[Attempt, ...]
    entries: tuple[Entry, ...]
    chain: Chain
    follow_ups: tuple[FollowUp, ...]
    postmortem: Postmortem | None


@dataclass(frozen=True, slots=True)
class Views:
    """Reads pages. Private incidents do not exist here: the console does not know who is looking."""

    store: Store
    inventory: Inventory
    clock: Clock
    documents: Documents
    name_of: NameOf

    def incidents(self, asked: str = "") -> IncidentList:
        """The front page; `asked` keeps the incidents whose name, title or service contains it."""
        with self.store.begin() as tx:
            running = [item for item in tx.incidents.open_ones() if _matches(item, asked)][:_MAX_OPEN]
            over = [item for item in tx.incidents.recent(200) if not item.is_open and _matches(item, asked)][:_MAX_RECENT]
            rows = sorted((self._row(tx, item) for item in running), key=_urgency)
            return IncidentList(tuple(rows), tuple(self._row(tx, item) for item in over), asked)

    def incident(self, number: int) -> IncidentPage:
        """One incident; raises NotFound, also for a private one."""
        with self.store.begin() as tx:
            incident = visible_incident(tx, number)
            signals, entries = tx.signals.of(number), tuple(tx.timeline.of(number))
            postmortem, proposals = tx.papers.postmortem(number), tx.proposals.of(number)
            return IncidentPage(
                incident=incident,
                lead=incident.lead or "",
                next_step=next_step(incident, proposals, postmortem is not None),
                firing=sum(signal.state is SignalState.FIRING for signal in signals),
                signals=len(signals),
                assessment=tx.assessments.latest(number),
                evidence=tuple(tx.evidence.of(number)),
                attempts=tuple(self._attempt(tx, proposal) for proposal in reversed(proposals)),
                entries=entries[::-1],
                chain=_chain(entries),
                follow_ups=tuple(tx.papers.follow_ups(number)),
                postmortem=postmortem,
            )

    def attempt(self, proposal_id: str) -> Attempt:
        """One proposal; raises NotFound. Only for a reader who came by a link of their own."""
        with self.store.begin() as tx:
            return self._attempt(tx, tx.proposals.get(proposal_id))

    def postmortem(self, number: int) -> Postmortem:
        """The newest draft, or a preview from the record so far (revision 0, without metrics); raises NotFound."""
        with self.store.begin() as tx:
            incident = visible_incident(tx, number)
            found = tx.papers.postmortem(number)
            if found is not None:
                return found
            facts = self._facts(tx, incident)
        # The chat is asked for names after the transaction has ended.
        return self.documents.postmortem(replace(facts, people={user: self.name(user) for user in facts.people}))

    def name(self, user: str) -> str:
        """The name of a person by chat id; `sitrep` is Sitrep, empty stays empty."""
        if not user:
            return ""
        return f"Sitrep{user.removeprefix('sitrep')}" if user.startswith("sitrep") else self.name_of(user)

    def words(self, text: str) -> str:
        """`text` with chat mentions as names."""
        return _MENTION.sub(lambda found: self.name(found.group(1)), text)

    def _row(self, tx: Transaction, incident: Incident) -> IncidentRow:
        if not incident.is_open:
            return IncidentRow(incident, incident.lead or "", "")
        return IncidentRow(incident, incident.lead or "", next_step(incident, tx.proposals.of(incident.number), False))

    def _facts(self, tx: Transaction, incident: Incident) -> PostmortemFacts:
        number = incident.number
        proposals, entries = tx.proposals.of(number), tx.timeline.of(number)
        people = {entry.actor for entry in entries} | set(incident.roles.values()) | {incident.lead or ""}
        return PostmortemFacts(
            incident=incident,
            signals=tuple(tx.signals.of(number)),
            evidence=tuple(tx.evidence.of(number)),
            assessments=tuple(tx.assessments.of(number)),
            proposals=tuple(proposals),
            runs=tuple(run for proposal in proposals if (run := tx.proposals.run_of(proposal.id))),
            entries=tuple(entries),
            follow_ups=tuple(tx.papers.follow_ups(number)),
            impacts=(),
            series=(),
            people={user: "" for user in people if user},
            written_at=self.clock.now(),
        )

    def _attempt(self, tx: Transaction, proposal: Proposal) -> Attempt:
        try:
            spec = self.inventory.action(proposal.request.action)
        except ActionRefused:
            spec = None
        exact = json.dumps(proposal.request.canonical, indent=2, sort_keys=True)
        return Attempt(proposal, exact, tuple(tx.proposals.decisions(proposal.id)), tx.proposals.run_of(proposal.id), spec)


def visible_incident(tx: Transaction, number: int) -> Incident:
    """The incident if everybody may see it; raises the same NotFound for a private one and for none at all."""
    try:
        incident: Incident | None = tx.incidents.get(number)
    except NotFound:
        incident = None
    if incident is None or incident.is_private:
        raise NotFound(f"There is no INC-{number}.", "The front page lists the ones there are.")
    return incident


def next_step(incident: Incident, proposals: Sequence[Proposal], has_postmortem: bool) -> str:
    """What a person does next, from where the incident and its proposals stand."""
    by_status = {proposal.status: proposal for proposal in proposals}
    if incident.is_open:
        return _step_of_action(by_status, proposals) or _step_of_status(incident)
    if incident.status is Status.RESOLVED:
        return "Review the postmortem, then close." if has_postmortem else "Nothing now: the postmortem is being drafted."
    return ""


def _step_of_action(by_status: dict[ProposalStatus, Proposal], proposals: Sequence[Proposal]) -> str:
    if unsure := by_status.get(ProposalStatus.UNKNOWN):
        return f"Look at {unsure.request.target}: “{unsure.title}” left without an answer."
    if waiting := by_status.get(ProposalStatus.PENDING):
        return f"Approve or deny “{waiting.title}” in the channel."
    if begun := by_status.get(ProposalStatus.RUNNING) or by_status.get(ProposalStatus.APPROVED):
        return f"Wait: “{begun.title}” is running."
    if proposals and proposals[-1].status is ProposalStatus.DONE and proposals[-1].verdict is None:
        return f"Wait for the probe of “{proposals[-1].title}”."
    return ""


def _step_of_status(incident: Incident) -> str:
    if incident.status is Status.MONITORING:
        return "Watch that it holds, then resolve it: `/inc resolve`"
    if incident.lead is None:
        return "Take the lead: `/inc lead @you`"
    return (
        "Choose an action: `/inc propose`" if incident.status is Status.IDENTIFIED else "Look at the evidence and find the cause."
    )


def _matches(incident: Incident, asked: str) -> bool:
    text = f"{incident.name} {incident.title} {incident.service or ''}".casefold()
    return not incident.is_private and asked.strip().casefold() in text


def _urgency(row: IncidentRow) -> tuple[int, datetime]:
    return int(row.incident.severity), row.incident.started_at


def _chain(entries: Sequence[Entry]) -> Chain:
    try:
        return Chain(check_chain(entries))
    except AuditBroken as problem:
        return Chain("", str(problem))
