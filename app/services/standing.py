"""Automatic remediation: runs what people approved beforehand, exactly, and hands over to them when it does not help."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.errors import Refused, SitrepError, Unavailable
from app.domain.incident import Status
from app.domain.inventory import Inventory
from app.domain.policy import StandingPolicy
from app.domain.proposal import Proposal, ProposalStatus, Verdict
from app.domain.signal import Signal, SignalState
from app.domain.timeline import EntryKind
from app.domain.work import Task
from app.ports.store import Store, Transaction
from app.services.act import FREEZE
from app.services.approve import running_of, start_fixing
from app.services.authority import Authority
from app.services.propose import Propose
from app.services.record import record
from app.services.say import Say

_HANDED_OVER = "handed_over"


@dataclass(frozen=True, slots=True)
class Standing:
    """Meets each new alert with the standing policies; each policy acts at most once in an incident."""

    store: Store
    inventory: Inventory
    authority: Authority
    propose: Propose
    say: Say

    def __call__(self, signals: Sequence[Signal]) -> list[Task]:
        """What starts now because a signed policy covers one of these alerts."""
        tasks: list[Task] = []
        for signal in signals:
            if signal.state is SignalState.FIRING:
                tasks += [task for policy in self._matching(signal) for task in self._meet(signal, policy)]
        return tasks

    def hand_over(self, proposal_id: str) -> list[Task]:
        """Calls people once about what a policy started and what did not bring recovery; before that, once, takes back a
        run that its probe found useless or harmful.
        """
        with self.store.begin() as tx:
            done = tx.proposals.get(proposal_id)
            if not done.policy or _has_helped(done) or _was_handed_over(tx, done):
                return []
        problem = ""
        if done.status is ProposalStatus.DONE and done.verdict in {Verdict.NO_CHANGE, Verdict.WORSE}:
            try:
                return self._start(self.propose.standing_undo(done), instead_of=done)
            except SitrepError as refusal:
                problem = f" ({refusal.message})"
        with self.store.begin() as tx:
            return [self._call_people(tx, done, f"It was not taken back{problem}.")]

    def _matching(self, signal: Signal) -> list[StandingPolicy]:
        return [policy for policy in self.inventory.standing if policy.matches(signal.service, signal.name)]

    def _meet(self, signal: Signal, policy: StandingPolicy) -> list[Task]:
        with self.store.begin() as tx:
            number = tx.signals.incident_of(signal.episode)
            if number is None or not self._is_free(tx, number, policy):
                return []
            problem = self._problem(tx, policy)
        if problem:
            return self._decline(number, policy, problem)
        try:
            return self._start(self.propose.standing(number, policy))
        except (Refused, Unavailable) as refusal:
            return self._decline(number, policy, str(refusal))

    def _is_free(self, tx: Transaction, number: int, policy: StandingPolicy) -> bool:
        """True unless people already work on a fix, or this policy already had its turn in this incident."""
        incident = tx.incidents.get(number)
        if not incident.is_open or incident.status is Status.FIXING:
            return False
        proposals = tx.proposals.of(number)
        in_hand = {ProposalStatus.APPROVED, ProposalStatus.RUNNING}
        return not any(item.policy == policy.name or item.status in in_hand for item in proposals)

    def _problem(self, tx: Transaction, policy: StandingPolicy) -> str:
        frozen = tx.setting(FREEZE)
        if frozen:
            return f"Actions are frozen by {frozen}."
        try:
            self.authority.check_standing(tx, policy, policy.action)
        except Refused as refusal:
            return str(refusal)
        return ""

    def _start(self, sealed: Proposal, instead_of: Proposal | None = None) -> list[Task]:
        """Stores the proposal, its authority and, for an undo, the call for people together: a crash leaves all or nothing.

        Does nothing if the policy had its turn in the meantime.
        """
        with self.store.begin() as tx:
            tx.proposals.lock_target(sealed.request.target)
            if instead_of is not None and _was_handed_over(tx, instead_of):
                return []
            if instead_of is None and not self._is_free(tx, sealed.incident, self.authority.policy(sealed.policy)):
                return []
            tasks = self.propose.keep(tx, sealed)
            approved = sealed.move_to(ProposalStatus.APPROVED)
            tx.proposals.save(approved, was=ProposalStatus.PENDING)
            tx.dues.cancel(f"expire:{sealed.id}")
            recovered, tried = self.authority.track_record(tx, self.authority.policy(sealed.policy))
            text = f"The standing policy '{sealed.policy}' approves: {sealed.title} (it recovered {recovered} of {tried} times)"
            record(tx, approved, EntryKind.DECISION, text, sealed.proposer, {"policy": sealed.policy})
            start_fixing(tx, sealed.incident)
            if instead_of is not None:
                tasks.append(self._call_people(tx, instead_of, "Sitrep takes it back."))
        return [running_of(sealed.id), *tasks]

    def _call_people(self, tx: Transaction, done: Proposal, what: str) -> Task:
        """Says to whoever leads, or to the responders, that the policy's run is theirs now; and puts on record that it did."""
        lead = tx.incidents.get(done.incident).lead
        people = [lead] if lead else list(self.inventory.responders[:3])
        called = " ".join(f"<@{person}>" for person in people)
        text = f"{called} The policy '{done.policy}' {_became(done)} {what} People decide now.".strip()
        tx.timeline.append(done.incident, EntryKind.NOTE, text[:400], "sitrep", tx.now(), {_HANDED_OVER: done.id})
        return self.say.note(tx, done.incident, text, alarming=True)

    def _decline(self, number: int, policy: StandingPolicy, reason: str) -> list[Task]:
        """Says once in the timeline why a policy that fits did not act; the incident goes on with people."""
        text = f"The standing policy '{policy.name}' did not act: {reason}"[:400]
        with self.store.begin() as tx:
            if not any(entry.text == text for entry in tx.timeline.of(number)):
                tx.timeline.append(number, EntryKind.NOTE, text, "sitrep", tx.now())
        return []


def _has_helped(done: Proposal) -> bool:
    """True while there is nothing to hand over; an undo has done its part once it ran."""
    if done.status is ProposalStatus.DONE:
        return bool(done.undo_of) or done.verdict in {None, Verdict.RECOVERED}
    ended = {ProposalStatus.FAILED, ProposalStatus.REFUSED}
    return done.status not in ended and not (done.status is ProposalStatus.UNKNOWN and done.verdict is not None)


def _was_handed_over(tx: Transaction, done: Proposal) -> bool:
    return any(entry.data.get(_HANDED_OVER) == done.id for entry in tx.timeline.of(done.incident))


def _became(done: Proposal) -> str:
    if done.status in {ProposalStatus.FAILED, ProposalStatus.REFUSED}:
        return f"could not run: {done.title}. {done.reason}"
    if done.status is ProposalStatus.UNKNOWN:
        return f"ran with an unknown outcome: {done.title}."
    verdict = done.verdict.value.replace("_", " ") if done.verdict else "unknown"
    return f"ran: {done.title}. Its probe says {verdict}."
