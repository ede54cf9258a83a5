"""Who may ask for what, and why not: deny by default, answered in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.action import ActionSpec, Risk
from app.domain.approval import Approval, Decision
from app.domain.errors import ActionRefused, ApprovalRefused
from app.domain.inventory import Inventory
from app.domain.person import Person
from app.domain.policy import FreezeWindow, StandingPolicy, reaches


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one person may do with one action on one target; `lines` say why, in words."""

    may_request: bool
    may_approve: bool
    may_approve_own: bool
    lines: tuple[str, ...]


def check_requester(person: Person, spec: ActionSpec, target: str, inventory: Inventory) -> None:
    """Raises ApprovalRefused unless this person may ask for the action on that target.

    Approvers of the action, owners of the service and responders may; everybody else needs a rule under `requesters`.
    """
    if not person.is_member:
        raise ApprovalRefused(
            "Guests, bots and people from other workspaces cannot ask for actions.", "Ask a member of the team."
        )
    if not _may_request(person.id, spec, target, inventory):
        raise ApprovalRefused(
            f"You have no role to ask for {spec.name} on {target}.",
            "Owners of the service, responders and approvers may; others need a rule under `requesters`.",
        )


def freeze_of(inventory: Inventory, action: str, target: str, now: datetime) -> FreezeWindow | None:
    """The window that forbids this start now, if there is one."""
    return next((window for window in inventory.freezes if window.holds(action, target, now)), None)


def check_freeze(inventory: Inventory, action: str, target: str, now: datetime) -> None:
    """Raises ActionRefused inside a freeze window."""
    window = freeze_of(inventory, action, target, now)
    if window is not None:
        raise ActionRefused(f"Nothing may start now: the freeze window '{window.name}'.", "Wait, or change the window.")


def standing_signers(policy: StandingPolicy, signatures: Sequence[Approval], inventory: Inventory) -> tuple[str, ...]:
    """The different people whose signature under this exact policy counts: those who may approve its action today."""
    spec = inventory.actions.get(policy.action)
    if spec is None:
        return ()
    signed = {item.person for item in signatures if item.decision is Decision.APPROVE and item.fingerprint == policy.digest}
    able = {role.user for role in inventory.approvers if role.covers(spec, policy.target)}
    return tuple(sorted(signed & able))


def explain(user: str, action: str, target: str, inventory: Inventory, now: datetime) -> Explanation:
    """Who may and why not; raises ActionRefused for an action or target that the catalogue does not have."""
    spec = inventory.action(action)
    if target not in spec.targets:
        raise ActionRefused(f"{action} has no target '{target}'.", f"Its targets are: {', '.join(spec.targets)}.")
    may_request = _may_request(user, spec, target, inventory)
    roles = [role for role in inventory.approvers if role.user == user]
    may_approve = any(role.covers(spec, target) for role in roles)
    may_approve_own = may_approve and spec.risk < Risk.MEDIUM
    lines = [
        f"{action} on {target} has {spec.risk.label} risk and needs {2 if spec.risk is Risk.HIGH else 1} approval(s).",
        f"{user} may {'' if may_request else 'not '}ask for it: {_request_reason(user, spec, target, inventory)}.",
        f"{user} may {'' if may_approve else 'not '}approve it: {_approve_reason(user, spec, target, inventory)}.",
    ]
    if may_approve and not may_approve_own:
        lines.append(f"{user} may not approve it after asking for it: {spec.risk.label} risk needs a second person.")
    window = freeze_of(inventory, action, target, now)
    if window is not None:
        lines.append(f"Nothing may start now: the freeze window '{window.name}'.")
    lines += [f"The standing policy '{item.name}' may run it." for item in inventory.standing if _leads_to(item, action, target)]
    return Explanation(may_request, may_approve, may_approve_own, tuple(lines))


def _leads_to(policy: StandingPolicy, action: str, target: str) -> bool:
    return policy.action == action and policy.target == target


def _may_request(user: str, spec: ActionSpec, target: str, inventory: Inventory) -> bool:
    return not _request_reason(user, spec, target, inventory).startswith("no ")


def _request_reason(user: str, spec: ActionSpec, target: str, inventory: Inventory) -> str:
    service = inventory.services.get(target)
    if any(rule.covers(user, spec.name, target) for rule in inventory.requesters):
        return "a rule under requesters covers it"
    if service is not None and user in service.owners:
        return f"an owner of {target}"
    if user in inventory.responders:
        return "a responder"
    if any(
        role.user == user and reaches(role.services, target) and reaches(role.actions, spec.name) for role in inventory.approvers
    ):
        return "an approver of it"
    return "no rule under requesters covers it, and no owner, responder or approver of it"


def _approve_reason(user: str, spec: ActionSpec, target: str, inventory: Inventory) -> str:
    roles = [role for role in inventory.approvers if role.user == user]
    if not roles:
        return "no role under approvers"
    if any(role.covers(spec, target) for role in roles):
        return "a role under approvers covers it"
    here = [role for role in roles if reaches(role.services, target) and reaches(role.actions, spec.name)]
    if here:
        return f"the role reaches {max(role.up_to for role in here).label} risk only"
    return "no role of theirs reaches this action on this target"
