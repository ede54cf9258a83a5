"""The `/inc` verbs about guarded actions: ask, decide, take back, confirm, plan, sign, freeze."""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.domain.approval import Approval, Decision
from app.domain.audit import AuditKind
from app.domain.errors import ApprovalRefused, BadInput, NotFound
from app.domain.incident import Incident
from app.domain.inventory import Inventory
from app.domain.permission import explain, standing_signers
from app.domain.plan import Plan
from app.domain.proposal import ProposalStatus
from app.ports.store import Store
from app.services.act import FREEZE
from app.services.approve import Approve
from app.services.authority import SIGNERS_NEEDED, Authority
from app.services.command import Command, Reply, incident_of
from app.services.confirm import Confirm
from app.services.decide_by_link import DecideByLink
from app.services.plans import Plans
from app.services.propose import Propose
from app.services.update import require_member

GUARDED_HELP: tuple[tuple[str, str], ...] = (
    ("propose [ACTION TARGET [key=value ...]]", "lists what could be done, or asks for one exact action"),
    ("approve ID", "says yes to a proposal, as its button does"),
    ("deny ID", "says no to a proposal"),
    ("revoke ID", "takes a proposal or an approval back before it runs"),
    ("undo ID", "proposes the registered inverse of a finished run"),
    ("confirm ID done|failed", "says what became of a run whose outcome is unknown, or of a step done by hand"),
    ("approvals", "lists what waits for a yes or no"),
    ("link ID", "gives you a link to decide by when the chat is down: yours only, once, 15 minutes"),
    ("plan [NAME | stop ID]", "lists the plans, starts one, or stops one"),
    ("policy [NAME | sign NAME | revoke NAME | explain @PERSON ACTION TARGET]", "shows, signs and explains the rules"),
    ("freeze", "stops every new execution, everywhere; `unfreeze` lifts it"),
)


@dataclass(frozen=True, slots=True)
class GuardedCommands:
    """Understands and carries out. Raises SitrepError with words for the person."""

    store: Store
    inventory: Inventory
    propose: Propose
    approve: Approve
    confirm: Confirm
    plans: Plans
    authority: Authority
    by_link: DecideByLink

    def table(self) -> Mapping[str, Callable[[Command], Reply]]:
        """Every verb."""
        return {
            "propose": self._propose,
            "approve": lambda command: self._decide(command, Decision.APPROVE),
            "deny": lambda command: self._decide(command, Decision.DENY),
            "revoke": lambda command: self.approve.withdraw(_one_id(command, "revoke"), command.person),
            "undo": self._undo,
            "confirm": self._confirm,
            "approvals": self._approvals,
            "link": self._link,
            "plan": self._plan,
            "policy": self._policy,
            "freeze": lambda command: self._freeze(command, "on"),
            "unfreeze": lambda command: self._freeze(command, ""),
        }

    def _propose(self, command: Command) -> Reply:
        incident, rest = incident_of(self.store, command)
        if not rest:
            return self._options_of(incident), []
        action, target, words = self._requested(incident, _split(rest))
        proposal, tasks = self.propose.request(incident.number, action, target, words, command.person)
        return f"Asked for: {proposal.title}. The approval card is in the channel.", tasks

    def _requested(self, incident: Incident, parts: list[str]) -> tuple[str, str, dict[str, str]]:
        if re.fullmatch(r"[sS]\d+", parts[0]):
            with self.store.begin() as tx:
                latest = tx.assessments.latest(incident.number)
            for item in latest.suggestions if latest else ():
                if item.id.lower() == parts[0].lower():
                    return item.action, item.target, {name: _typed(value) for name, value in item.parameters.items()}
            raise NotFound(f"There is no suggestion {parts[0]}.", "`/inc propose` lists them.")
        if len(parts) < 2:
            raise BadInput("An action needs a target.", "For example `/inc propose restart_service checkout`.")
        words = dict(part.split("=", 1) for part in parts[2:] if "=" in part)
        if len(words) != len(parts) - 2:
            raise BadInput(
                "Parameters are written key=value, each once.", "For example `/inc propose scale checkout replicas=3`."
            )
        return parts[0], parts[1], words

    def _options_of(self, incident: Incident) -> str:
        with self.store.begin() as tx:
            latest, proposals = tx.assessments.latest(incident.number), tx.proposals.of(incident.number)
        lines = [
            f"Suggestion `{item.id}`: `{_line(item.action, item.target, item.parameters)}`: {item.why.text}"
            for item in (latest.suggestions if latest else ())
        ]
        lines += [f"Waiting `{item.id}`: {item.title}" for item in proposals if item.status is ProposalStatus.PENDING]
        for spec in self.inventory.actions.values():
            wants = " ".join(f"{parameter.name}=<{parameter.bounds}>" for parameter in spec.parameters)
            lines.append(
                f"`{spec.name} <{'|'.join(spec.targets)}> {wants}`: {spec.description or spec.title} ({spec.risk.label} risk)"
            )
        return "\n".join(lines) or "The catalogue is empty: add actions to the configuration."

    def _decide(self, command: Command, decision: Decision) -> Reply:
        return self.approve(_one_id(command, decision.value), command.person, decision, command.via)

    def _undo(self, command: Command) -> Reply:
        proposal, tasks = self.propose.undo(_one_id(command, "undo"), command.person)
        return f"Asked for: {proposal.title}. The approval card is in the channel.", tasks

    def _confirm(self, command: Command) -> Reply:
        parts = command.rest.split()
        if len(parts) != 2 or parts[1].lower() not in {"done", "failed"}:
            raise BadInput("What became of which run?", "`/inc confirm ID done` or `/inc confirm ID failed`.")
        return self.confirm(parts[0], command.person, has_happened=parts[1].lower() == "done")

    def _approvals(self, command: Command) -> Reply:
        del command
        with self.store.begin() as tx:
            waiting = tx.proposals.in_status(ProposalStatus.PENDING)
            shown = [item for item in waiting if not tx.incidents.get(item.incident).is_private]
        lines = [f"`{item.id}` INC-{item.incident} {item.title} ({item.risk.label} risk)" for item in shown]
        return "\n".join(lines) or "Nothing waits for a decision.", []

    def _link(self, command: Command) -> Reply:
        """A link for the person who asks, whom the chat vouches for at this moment."""
        address, grant = self.by_link.issue(_one_id(command, "link"), command.person, command.person.id)
        return f"Yours only, once, until {grant.expires_at:%H:%M} UTC: {address}", []

    def _plan(self, command: Command) -> Reply:
        incident, rest = incident_of(self.store, command)
        parts = rest.split()
        if not parts:
            with self.store.begin() as tx:
                here = tx.plans.of(incident.number)
            return "\n".join([*map(_plan_line, here), *self._plan_names()]) or "The configuration has no plans.", []
        if parts[0] == "stop" and len(parts) == 2:
            return f"The plan '{self.plans.stop(parts[1], command.person).title}' is stopped.", []
        if len(parts) != 1:
            raise BadInput("Which plan?", "`/inc plan NAME` starts one, `/inc plan stop ID` stops one.")
        plan, tasks = self.plans.start(incident.number, parts[0], command.person)
        return f"The plan '{plan.title}' is under way as `{plan.id}`; each step asks for its own approval.", tasks

    def _plan_names(self) -> list[str]:
        return [f"`{spec.name}`: {spec.title} ({len(spec.steps)} steps)" for spec in self.inventory.plans.values()]

    def _policy(self, command: Command) -> Reply:
        parts = command.rest.split()
        if parts[:1] == ["explain"] and len(parts) == 4:
            mention = re.fullmatch(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>", parts[1])
            user = mention.group(1) if mention else parts[1]
            with self.store.begin() as tx:
                now = tx.now()
            return "\n".join(explain(user, parts[2], parts[3], self.inventory, now).lines), []
        if parts[:1] == ["sign"] and len(parts) == 2:
            return self._sign(command, parts[1])
        if parts[:1] == ["revoke"] and len(parts) == 2:
            return self._unsign(command, parts[1])
        if len(parts) > 1:
            raise BadInput("Which policy?", "`/inc policy NAME`, `sign NAME`, `revoke NAME` or `explain @PERSON ACTION TARGET`.")
        return "\n".join(self._policy_lines(parts[0] if parts else "")), []

    def _policy_lines(self, name: str) -> list[str]:
        chosen = [self.authority.policy(name)] if name else list(self.inventory.standing)
        lines = []
        with self.store.begin() as tx:
            for policy in chosen:
                signers = standing_signers(policy, tx.rules.signatures(policy.name), self.inventory)
                recovered, tried = self.authority.track_record(tx, policy)
                lines.append(
                    f"`{policy.name}`: {_line(policy.action, policy.target, policy.parameters)} on {', '.join(policy.alerts)}; "
                    f"at most {policy.budget_per_hour} an hour until {policy.expires_at:%Y-%m-%d}; "
                    f"signed by {' '.join(f'<@{user}>' for user in signers) or 'nobody'} ({len(signers)} of {SIGNERS_NEEDED}); "
                    f"recovered {recovered} of {tried} times, asks for {policy.min_success:.0%}; digest {policy.digest[:12]}"
                )
        return lines or ["There are no standing policies: people decide everything."]

    def _sign(self, command: Command, name: str) -> Reply:
        require_member(command.person)
        policy = self.authority.policy(name)
        spec = self.inventory.action(policy.action)
        if not any(role.user == command.person.id and role.covers(spec, policy.target) for role in self.inventory.approvers):
            raise ApprovalRefused(f"You have no role to approve {spec.name} on {policy.target}.", "Ask an approver to sign.")
        with self.store.begin() as tx:
            now = tx.now()
            if not tx.rules.sign(Approval(name, policy.digest, command.person.id, Decision.APPROVE, now, command.via)):
                raise ApprovalRefused("You have signed exactly this already.", "It needs a second, different person.")
            count = len(standing_signers(policy, tx.rules.signatures(name), self.inventory))
            text = f"<@{command.person.id}> signs the standing policy '{name}' ({count} of {SIGNERS_NEEDED})"
            tx.audit.append(AuditKind.POLICY, text, command.person.id, now, {"policy": name, "digest": policy.digest})
        active = "It is active." if count >= SIGNERS_NEEDED else "It needs one more person."
        return f"Signed: '{name}', digest {policy.digest[:12]}. {active}", []

    def _unsign(self, command: Command, name: str) -> Reply:
        require_member(command.person)
        with self.store.begin() as tx:
            count = tx.rules.revoke_signatures(name)
            text = f"<@{command.person.id}> revokes the standing policy '{name}'"
            tx.audit.append(AuditKind.POLICY, text, command.person.id, tx.now(), {"policy": name})
        return f"The policy '{name}' lost {count} signature(s) and does not act.", []

    def _freeze(self, command: Command, value: str) -> Reply:
        require_member(command.person)
        is_approver = any(role.user == command.person.id for role in self.inventory.approvers)
        if not value and not is_approver:
            raise ApprovalRefused("Only an approver lifts a freeze.", "Anybody may freeze; ask an approver to lift it.")
        with self.store.begin() as tx:
            now = tx.now()
            tx.set_setting(FREEZE, value and f"<@{command.person.id}> at {now:%H:%M:%S} UTC")
            verb = "freezes all actions" if value else "lifts the freeze"
            tx.audit.append(AuditKind.FREEZE, f"<@{command.person.id}> {verb}", command.person.id, now)
        return ("No new action runs until `/inc unfreeze`." if value else "Actions may run again."), []


def _one_id(command: Command, verb: str) -> str:
    parts = command.rest.split()
    if len(parts) != 1:
        raise BadInput("Which proposal?", f"`/inc {verb} ID`; the id stands on the approval card.")
    return parts[0]


def _typed(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plan_line(plan: Plan) -> str:
    reason = f" ({plan.reason})" if plan.reason else ""
    steps = ", ".join(f"{step.name}{f' `{step.proposal}`' if step.proposal else ''}" for step in plan.steps)
    return f"`{plan.id}` {plan.title}: {plan.status.value}{reason}; steps: {steps}"


def _line(action: str, target: str, parameters: Mapping[str, object]) -> str:
    return " ".join([action, target, *(f"{name}={value}" for name, value in parameters.items())])


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise BadInput("A quote is not closed.", "Write values as key=value or key='two words'.") from None
