"""Takes a person's yes or no on one exact proposal; one winner in every race, and the clicker always gets an answer."""

from dataclasses import dataclass

from app.domain.approval import Approval, Decision, check_decision
from app.domain.errors import ApprovalRefused, Conflict
from app.domain.incident import Status
from app.domain.inventory import Inventory
from app.domain.person import Person
from app.domain.proposal import Proposal, ProposalStatus
from app.domain.timeline import EntryKind
from app.domain.work import Lane, Task
from app.ports.store import Store, Transaction
from app.services.say import Say


@dataclass(frozen=True, slots=True)
class Approve:
    """Decides. Raises ApprovalRefused with words for the person; a refusal changes nothing but the timeline."""

    store: Store
    inventory: Inventory
    say: Say

    def __call__(self, proposal_id: str, person: Person, decision: Decision, via: str = "chat") -> tuple[str, list[Task]]:
        """What to tell the person, and what happens next. `person` comes from the chat's own API, never from text."""
        try:
            with self.store.begin() as tx:
                return self._decide(tx, tx.proposals.get(proposal_id), person, decision, via)
        except ApprovalRefused as refusal:
            self._record_refusal(proposal_id, person, decision, refusal)
            raise
        except Conflict:
            raise ApprovalRefused("Somebody else decided this at the same moment.", "Look at the card for the result.") from None

    def _decide(
        self, tx: Transaction, proposal: Proposal, person: Person, decision: Decision, via: str
    ) -> tuple[str, list[Task]]:
        now = tx.now()
        check_decision(proposal, person, decision, self.inventory, now)
        if proposal.request.policy_version != self.inventory.policy_version:
            return self._void(tx, proposal)
        if not tx.proposals.decide(Approval(proposal.id, proposal.fingerprint, person.id, decision, now, via)):
            raise ApprovalRefused("You have already decided on this.", "High risk needs a second, different person.")
        if decision is Decision.DENY:
            return self._settle(tx, proposal.move_to(ProposalStatus.DENIED, f"denied by <@{person.id}>"), person, "denies")
        yes = [item for item in tx.proposals.decisions(proposal.id) if item.decision is Decision.APPROVE]
        if len({item.person for item in yes}) < proposal.approvals_needed:
            self._record(tx, proposal, person, "approves (1 of 2)")
            return f"Noted. {proposal.title} needs one more person.", [self.say.approval(tx, proposal.incident, proposal.id)]
        reply, tasks = self._settle(tx, proposal.move_to(ProposalStatus.APPROVED), person, "approves")
        incident = tx.incidents.get(proposal.incident)
        if incident.is_open and incident.status is not Status.FIXING:
            tx.incidents.save(incident.move_to(Status.FIXING, now))
            tx.timeline.append(incident.number, EntryKind.STATUS, "A fix is approved: fixing", "sitrep", now)
        return reply, [*tasks, running_of(proposal.id)]

    def _settle(self, tx: Transaction, proposal: Proposal, person: Person, verb: str) -> tuple[str, list[Task]]:
        tx.proposals.save(proposal, was=ProposalStatus.PENDING)
        tx.dues.cancel(f"expire:{proposal.id}")
        self._record(tx, proposal, person, verb)
        tasks = [self.say.approval(tx, proposal.incident, proposal.id), self.say.card(tx, proposal.incident)]
        return f"{proposal.title}: {proposal.status.value}.", tasks

    def _void(self, tx: Transaction, proposal: Proposal) -> tuple[str, list[Task]]:
        reason = "the rules changed after this was proposed"
        tx.proposals.save(proposal.move_to(ProposalStatus.REFUSED, reason), was=ProposalStatus.PENDING)
        tx.dues.cancel(f"expire:{proposal.id}")
        tx.timeline.append(
            proposal.incident, EntryKind.DECISION, f"Refused: {reason}", "sitrep", tx.now(), {"proposal": proposal.id}
        )
        return f"Nothing runs: {reason}. Ask again with `/inc propose`.", [self.say.approval(tx, proposal.incident, proposal.id)]

    def _record(self, tx: Transaction, proposal: Proposal, person: Person, verb: str) -> None:
        tx.timeline.append(
            proposal.incident,
            EntryKind.DECISION,
            f"<@{person.id}> {verb}: {proposal.title}",
            person.id,
            tx.now(),
            {"proposal": proposal.id, "fingerprint": proposal.fingerprint},
        )

    def _record_refusal(self, proposal_id: str, person: Person, decision: Decision, refusal: ApprovalRefused) -> None:
        with self.store.begin() as tx:
            proposal = tx.proposals.get(proposal_id)
            tx.timeline.append(
                proposal.incident,
                EntryKind.DECISION,
                f"Refused <@{person.id}>'s {decision.value}: {refusal.message}",
                person.id,
                tx.now(),
                {"proposal": proposal_id, "fingerprint": proposal.fingerprint},
            )


def running_of(proposal_id: str, attempt: str = "") -> Task:
    """The task that runs an approved proposal."""
    return Task(f"act:{proposal_id}{attempt}", Lane.ACT, "act", {"proposal": proposal_id})
