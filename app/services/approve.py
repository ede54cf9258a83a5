"""Takes a person's yes or no on one exact proposal; one winner in every race, and the clicker always gets an answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.approval import Approval, Decision, check_approver, check_decision
from app.domain.canonical import Json
from app.domain.errors import ApprovalRefused, Conflict
from app.domain.guards import changes
from app.domain.incident import Status
from app.domain.inventory import Inventory
from app.domain.person import Person
from app.domain.proposal import Proposal, ProposalStatus
from app.domain.timeline import EntryKind
from app.domain.work import Lane, Task
from app.ports.store import Store, Transaction
from app.services.record import record
from app.services.say import Say


@dataclass(frozen=True, slots=True)
class Approve:
    """Decides. Raises ApprovalRefused with words for the person; a refusal changes nothing but the record."""

    store: Store
    inventory: Inventory
    say: Say

    def __call__(
        self, proposal_id: str, person: Person, decision: Decision, via: str = "chat", *, seen: str = "", link: str = ""
    ) -> tuple[str, list[Task]]:
        """What to tell the person, and what happens next. `person` comes from the chat's own API or from a signed link,
        never from text. `seen` is the fingerprint the person saw, where the door knows it; `link` is used up by a decision.
        """
        try:
            with self.store.begin() as tx:
                proposal = tx.proposals.get(proposal_id)
                _require_seen(proposal, seen)
                return self._decide(tx, proposal, person, decision, via, link)
        except ApprovalRefused as refusal:
            self._record_refusal(proposal_id, person, decision.value, refusal)
            raise
        except Conflict:
            raise ApprovalRefused("Somebody else decided this at the same moment.", "Look at the card for the result.") from None

    def withdraw(self, proposal_id: str, person: Person) -> tuple[str, list[Task]]:
        """Takes a proposal back before it runs: whoever asked for it, approved it or may approve it. Raises ApprovalRefused."""
        try:
            with self.store.begin() as tx:
                proposal = tx.proposals.get(proposal_id)
                self._check_withdrawal(tx, proposal, person)
                taken_back = proposal.move_to(ProposalStatus.WITHDRAWN, f"taken back by <@{person.id}>")
                settled = self._settle(tx, taken_back, person, "takes back", was=proposal.status)
                stop_fixing(tx, proposal.incident, "The fix was taken back")
                return settled
        except ApprovalRefused as refusal:
            self._record_refusal(proposal_id, person, "withdrawal", refusal)
            raise
        except Conflict:
            raise ApprovalRefused("It was claimed or decided at the same moment.", "Look at the card for the result.") from None

    def _check_withdrawal(self, tx: Transaction, proposal: Proposal, person: Person) -> None:
        if proposal.status not in {ProposalStatus.PENDING, ProposalStatus.APPROVED}:
            raise ApprovalRefused(f"This is already {proposal.status.value}.", "A run cannot be taken back; ask for its undo.")
        involved = {proposal.requester, *(item.person for item in tx.proposals.decisions(proposal.id))}
        if person.is_member and person.id in involved:
            return
        check_approver(proposal, person, self.inventory)

    def _decide(
        self, tx: Transaction, proposal: Proposal, person: Person, decision: Decision, via: str, link: str
    ) -> tuple[str, list[Task]]:
        now = tx.now()
        check_decision(proposal, person, decision, self.inventory, now)
        incident = tx.incidents.get(proposal.incident)
        if decision is Decision.APPROVE and not incident.is_open:
            raise ApprovalRefused(f"{incident.name} is {incident.status.value}.", "Reopen it with `/inc status investigating`.")
        if link and not tx.rules.use_link(link, now):
            raise ApprovalRefused("This link was used already.", "Ask for a new one.")
        if proposal.request.policy_version != self.inventory.policy_version:
            return self._void(tx, proposal)
        if not tx.proposals.decide(Approval(proposal.id, proposal.fingerprint, person.id, decision, now, via)):
            raise ApprovalRefused("You have already decided on this.", "High risk needs a second, different person.")
        if tx.proposals.get(proposal.id) != proposal:
            # Storing the decision took the lock: what was checked above is no longer what is stored.
            raise Conflict("It was decided or asked for at the same moment.", "Look at the card.")
        if decision is Decision.DENY:
            return self._settle(tx, proposal.move_to(ProposalStatus.DENIED, f"denied by <@{person.id}>"), person, "denies")
        facts: dict[str, Json] = {"via": via, "decision": decision.value}
        yes = [item for item in tx.proposals.decisions(proposal.id) if item.decision is Decision.APPROVE]
        if len({item.person for item in yes}) < proposal.approvals_needed:
            text = f"<@{person.id}> approves (1 of 2): {proposal.title}"
            record(tx, proposal, EntryKind.DECISION, text, person.id, facts)
            return f"Noted. {proposal.title} needs one more person.", [self.say.approval(tx, proposal.incident, proposal.id)]
        reply, tasks = self._settle(tx, proposal.move_to(ProposalStatus.APPROVED), person, "approves", facts=facts)
        start_fixing(tx, proposal.incident)
        return reply, [*tasks, running_of(proposal.id)]

    def _settle(
        self,
        tx: Transaction,
        proposal: Proposal,
        person: Person,
        verb: str,
        was: ProposalStatus = ProposalStatus.PENDING,
        facts: Mapping[str, Json] | None = None,
    ) -> tuple[str, list[Task]]:
        tx.proposals.save(proposal, was=was)
        tx.dues.cancel(f"expire:{proposal.id}")
        record(tx, proposal, EntryKind.DECISION, f"<@{person.id}> {verb}: {proposal.title}", person.id, facts)
        tasks = [self.say.approval(tx, proposal.incident, proposal.id), self.say.card(tx, proposal.incident)]
        return f"{proposal.title}: {proposal.status.value}.", tasks

    def _void(self, tx: Transaction, proposal: Proposal) -> tuple[str, list[Task]]:
        reason = rules_changed(tx, proposal, self.inventory)
        tx.proposals.save(proposal.move_to(ProposalStatus.REFUSED, reason[:300]), was=ProposalStatus.PENDING)
        tx.dues.cancel(f"expire:{proposal.id}")
        record(tx, proposal, EntryKind.DECISION, f"Refused: {reason}", "sitrep")
        return f"Nothing runs: {reason}. Ask again with `/inc propose`.", [self.say.approval(tx, proposal.incident, proposal.id)]

    def _record_refusal(self, proposal_id: str, person: Person, what: str, refusal: ApprovalRefused) -> None:
        with self.store.begin() as tx:
            proposal = tx.proposals.get(proposal_id)
            record(tx, proposal, EntryKind.DECISION, f"Refused <@{person.id}>'s {what}: {refusal.message}", person.id)


def _require_seen(proposal: Proposal, seen: str) -> None:
    if seen and seen != proposal.fingerprint:
        raise ApprovalRefused("This is not the action that was shown.", "Look at the card again.")


def rules_changed(tx: Transaction, proposal: Proposal, inventory: Inventory) -> str:
    """Says that the rules are others than when this was proposed, and what differs as far as the old ones are known: first
    of all in the action itself.
    """
    old = tx.rules.of(proposal.request.policy_version)
    name, found = proposal.request.action, list[str]()
    if old is not None:
        found = changes(_entry(old, name), _entry(inventory.rules, name), f"actions.{name}")
        found = found or changes(dict(old), dict(inventory.rules))
    return "the rules changed after this was proposed" + (f" ({'; '.join(found)})" if found else "")


def _entry(rules: Mapping[str, Json], action: str) -> Json:
    actions = rules.get("actions")
    return actions.get(action) if isinstance(actions, dict) else None


def start_fixing(tx: Transaction, number: int) -> None:
    """Moves an open incident to fixing, because a fix is approved."""
    incident = tx.incidents.get(number)
    if incident.is_open and incident.status is not Status.FIXING:
        now = tx.now()
        tx.incidents.save(incident.move_to(Status.FIXING, now))
        tx.timeline.append(number, EntryKind.STATUS, "A fix is approved: fixing", "sitrep", now)


def stop_fixing(tx: Transaction, number: int, why: str) -> None:
    """Moves an incident in fixing back to investigating, because its fix did not run or did not work out; not while
    another fix of it is approved, runs, or waits for its probe.
    """
    incident = tx.incidents.get(number)
    if incident.status is Status.FIXING and not any(item.is_in_hand for item in tx.proposals.of(number)):
        now = tx.now()
        tx.incidents.save(incident.move_to(Status.INVESTIGATING, now))
        tx.timeline.append(number, EntryKind.STATUS, f"{why}: investigating", "sitrep", now)


def running_of(proposal_id: str, attempt: str = "") -> Task:
    """The task that runs an approved proposal."""
    return Task(f"act:{proposal_id}{attempt}", Lane.ACT, "act", {"proposal": proposal_id})
