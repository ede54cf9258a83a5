"""On whose authority does a proposal run? Of people who approved exactly this, or of a standing policy they signed before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.analysis.track_record import lower_bound
from app.domain.action import Risk
from app.domain.approval import Approval, Decision, check_approver
from app.domain.canonical import plain
from app.domain.errors import ActionRefused, ApprovalRefused, NotFound, OutcomeUnknown, Unavailable
from app.domain.inventory import Inventory
from app.domain.permission import standing_signers
from app.domain.person import Person
from app.domain.policy import StandingPolicy, is_fit_for_standing
from app.domain.proposal import Proposal, Verdict
from app.domain.timeline import Entry, EntryKind
from app.ports.room import Room
from app.ports.store import Transaction
from app.services.propose import undo_parameters

SIGNERS_NEEDED = 2
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """Asked at the click and again when the run is claimed: whoever lost a role in between does not count."""

    inventory: Inventory
    room: Room

    def check(self, tx: Transaction, proposal: Proposal, people: Sequence[Person]) -> None:
        """Raises ApprovalRefused or ActionRefused unless the proposal may run now. `people` are the approvers as the chat
        knows them at this moment; no call leaves from here, a transaction is open.

        An approval counts only if its row and the sealed timeline agree: rows alone can be edited unnoticed.
        """
        approvals = tx.proposals.decisions(proposal.id)
        if any(item.decision is Decision.DENY for item in approvals):
            raise ApprovalRefused("Somebody denied this.", "Propose it again.")
        if proposal.policy:
            self._check_policy(tx, proposal, self.policy(proposal.policy))
            return
        entries = [item for item in tx.timeline.of(proposal.incident) if item.data.get("proposal") == proposal.id]
        exact = {item.person for item in approvals if item.fingerprint == proposal.fingerprint}
        counted = {person.id for person in people} & exact & _sealed_approvers(entries, proposal.fingerprint)
        if len(counted) < proposal.approvals_needed:
            raise ApprovalRefused("The approvals on record are not for exactly this action.", "Propose it again.")
        asked = {item.actor for item in entries if item.kind is EntryKind.PROPOSAL}
        for person in people:
            check_approver(proposal, person, self.inventory)
            if proposal.risk >= Risk.MEDIUM and person.id in asked:
                raise ApprovalRefused(f"<@{person.id}> asked for this and approved it.", "It needs another approver.")

    def people_of(self, approvals: Sequence[Approval]) -> list[Person]:
        """The approvers as the chat knows them now; with the chat down the identity verified at the click stands."""
        return [self.person(item.person) for item in approvals if item.decision is Decision.APPROVE]

    def person(self, user: str) -> Person:
        """The person as the chat knows them now; with the chat down the identity verified before stands."""
        try:
            return self.room.person(user)
        except NotFound:
            return Person(user, is_deactivated=True)
        except (Unavailable, OutcomeUnknown):
            return Person(user)

    def policy(self, name: str) -> StandingPolicy:
        """The standing policy of that name; raises ActionRefused if it is gone."""
        for policy in self.inventory.standing:
            if policy.name == name:
                return policy
        raise ActionRefused(f"There is no standing policy '{name}'.", "A person has to decide.")

    def check_standing(self, tx: Transaction, policy: StandingPolicy, action: str, *, is_undo: bool = False) -> None:
        """Raises ActionRefused unless the policy may run `action` now: signed by two under this exact text, not expired,
        within its budget, with a track record that clears its bar. What it started it may always undo.
        """
        spec = self.inventory.action(policy.action)
        now = tx.now()
        if action != policy.action and not (is_undo and spec.undo is not None and action == spec.undo.action):
            raise ActionRefused(f"The policy '{policy.name}' is not about {action}.", "A person has to decide.")
        unfit = is_fit_for_standing(spec)
        if unfit:
            raise ActionRefused(f"{unfit}, so no policy may run it.", "A person has to decide.")
        signers = standing_signers(policy, tx.rules.signatures(policy.name), self.inventory)
        if len(signers) < SIGNERS_NEEDED:
            raise ActionRefused(
                f"The policy '{policy.name}' has {len(signers)} of {SIGNERS_NEEDED} signatures.",
                "`/inc policy sign NAME` signs it.",
            )
        if not is_undo:
            self._check_limits(tx, policy, now)

    def _check_policy(self, tx: Transaction, proposal: Proposal, policy: StandingPolicy) -> None:
        """The policy covers this target and these values, or it takes back exactly what it ran."""
        request, is_undo = proposal.request, bool(proposal.undo_of)
        self.check_standing(tx, policy, request.action, is_undo=is_undo)
        covered = request.target == policy.target
        if is_undo:
            done = tx.proposals.get(proposal.undo_of)
            spec = self.inventory.action(policy.action)
            covered = covered and done.policy == policy.name and done.request.target == request.target
            covered = covered and plain(undo_parameters(spec, done.request)) == plain(request.parameters)
        else:
            policy.check(request.parameters)
        if not covered:
            raise ActionRefused(f"The policy '{policy.name}' does not cover this.", "A person has to decide.")

    def track_record(self, tx: Transaction, policy: StandingPolicy) -> tuple[int, int]:
        """How often the policy's action recovered its target, of how often it was tried and judged."""
        record = tx.proposals.track_record(policy.action, policy.target)
        return record[Verdict.RECOVERED], sum(record.values())

    def _check_limits(self, tx: Transaction, policy: StandingPolicy, now: datetime) -> None:
        if now >= policy.expires_at:
            raise ActionRefused(f"The policy '{policy.name}' expired on {policy.expires_at:%Y-%m-%d}.", "Renew and sign it.")
        used = tx.proposals.policy_runs_since(policy.name, now - HOUR)
        if used >= policy.budget_per_hour:
            raise ActionRefused(
                f"The policy '{policy.name}' used its budget of {policy.budget_per_hour} an hour.", "People decide."
            )
        recovered, tried = self.track_record(tx, policy)
        bound = lower_bound(recovered, tried)
        if bound < policy.min_success:
            raise ActionRefused(
                f"{policy.action} recovered {policy.target} {recovered} of {tried} times, so at least {bound:.0%} of the time; "
                f"the policy '{policy.name}' asks for {policy.min_success:.0%}.",
                "People decide until the record is good enough.",
            )


def _sealed_approvers(entries: Sequence[Entry], fingerprint: str) -> set[str]:
    """Who approved exactly this, as the timeline's hash chain has it."""
    yes = [item for item in entries if item.kind is EntryKind.DECISION and item.data.get("decision") == Decision.APPROVE.value]
    return {item.actor for item in yes if item.data.get("fingerprint") == fingerprint}
