"""Approval: who may say yes, to what exactly, until when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.action import Risk
from app.domain.errors import ApprovalRefused
from app.domain.inventory import Inventory
from app.domain.person import Person
from app.domain.proposal import Proposal, ProposalStatus


class Decision(StrEnum):
    """Yes or no."""

    APPROVE = "approve"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's decision on one fingerprint."""

    proposal: str
    fingerprint: str
    person: str
    decision: Decision
    at: datetime
    via: str = "chat"


def check_decision(proposal: Proposal, person: Person, decision: Decision, inventory: Inventory, now: datetime) -> None:
    """Raises ApprovalRefused, in words for the clicker, unless this person may decide this now.

    Denying is as easy as approving for every full member; approving needs a role, and for medium risk and above somebody
    who neither asked for it nor proposed it. Nothing here trusts text: the person comes from the chat's own API.
    """
    if proposal.status is not ProposalStatus.PENDING:
        raise ApprovalRefused(f"This is already {proposal.status.value}.", "Nothing was changed by your click.")
    if proposal.is_from_the_future(now):
        raise ApprovalRefused("The database's clock went back since this was proposed.", "Set it, then propose it again.")
    if now >= proposal.expires_at:
        raise ApprovalRefused("This approval has expired.", "Ask for a new one with `/inc propose`.")
    if not person.is_member:
        raise ApprovalRefused("Guests, bots and people from other workspaces cannot decide.", "Ask a member of the team.")
    if decision is Decision.APPROVE:
        check_approver(proposal, person, inventory)


def check_approver(proposal: Proposal, person: Person, inventory: Inventory) -> None:
    """Raises ApprovalRefused unless this person's role covers the action now; asked at the click and again at the claim."""
    if not person.is_member:
        raise ApprovalRefused("Guests, bots and people from other workspaces cannot approve.", "Ask a member of the team.")
    spec = inventory.action(proposal.request.action)
    target = proposal.request.target
    roles = [role for role in inventory.approvers if role.user == person.id]
    if not any(role.covers(spec, target) for role in roles):
        able = sorted({role.user for role in inventory.approvers if role.covers(spec, target)} - {person.id})
        names = ", ".join(f"<@{user}>" for user in able) or "nobody yet: add an approver to the configuration"
        raise ApprovalRefused(
            f"You have no role to approve {spec.name} on {target} ({spec.risk.label} risk).", f"These people can: {names}."
        )
    if proposal.risk >= Risk.MEDIUM and person.id in {proposal.requester, proposal.proposer}:
        raise ApprovalRefused(
            f"You asked for this, and {proposal.risk.label} risk needs a second person.", "Ask another approver to look at it."
        )
