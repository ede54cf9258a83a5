"""The rules in one canonical value: what a policy version is the digest of, and what a refusal compares."""

from collections.abc import Iterable, Mapping

from app.domain.action import ActionSpec
from app.domain.canonical import Json, plain
from app.domain.inventory import Approver
from app.domain.plan import PlanSpec
from app.domain.policy import FreezeWindow, Requester, StandingPolicy


def rules_of(
    approvers: Iterable[Approver],
    requesters: Iterable[Requester],
    freezes: Iterable[FreezeWindow],
    standing: Iterable[StandingPolicy],
    plans: Mapping[str, PlanSpec],
    actions: Mapping[str, ActionSpec],
    executors: Mapping[str, Mapping[str, Json]],
) -> dict[str, Json]:
    """Everything that decides whether an action may run, by name."""
    return {
        "approvers": [[role.user, role.up_to.label, list(role.services), list(role.actions)] for role in approvers],
        "requesters": [[rule.user, list(rule.services), list(rule.actions)] for rule in requesters],
        "freezes": {window.name: _freeze(window) for window in freezes},
        "policies": {policy.name: policy.digest for policy in standing},
        "plans": {
            name: [plain([s.name, s.action, s.target, s.parameters, s.after]) for s in plans[name].steps] for name in plans
        },
        "actions": {name: action_rules(spec) for name, spec in actions.items()},
        "executors": plain(executors),
    }


def action_rules(spec: ActionSpec) -> Json:
    """Everything about a catalogue entry that people rely on when they approve it."""
    probe = spec.probe
    return plain(
        {
            "version": spec.version,
            "title": spec.title,
            "executor": spec.executor,
            "targets": spec.targets,
            "risk": spec.risk.label,
            "call": spec.call,
            "observe": spec.observe,
            "timeout_s": spec.timeout_s,
            "is_reversible": spec.is_reversible,
            "is_idempotent": spec.is_idempotent,
            "parameters": {
                item.name: [item.kind.value, item.minimum, item.maximum, item.choices, item.pattern] for item in spec.parameters
            },
            "probe": [probe.metric, probe.threshold, probe.bad.value, probe.service, probe.window_s, probe.hold_s],
            "undo": plain([spec.undo.action, spec.undo.parameters]) if spec.undo else None,
            "requires": [[item.field, item.equals, item.at_least, item.at_most] for item in spec.requires],
            "rate_limit": [spec.rate_limit.runs, spec.rate_limit.per_s] if spec.rate_limit else None,
        }
    )


def standing_rules(
    policy: StandingPolicy, actions: Mapping[str, ActionSpec], executors: Mapping[str, Mapping[str, Json]]
) -> Json:
    """A standing policy with the entries it leads to and where they run: what two people sign."""
    spec = actions[policy.action]
    undo = actions[spec.undo.action] if spec.undo else None
    return plain(
        {
            "name": policy.name,
            "action": policy.action,
            "target": policy.target,
            "alerts": policy.alerts,
            "expires_at": policy.expires_at.isoformat(),
            "parameters": policy.parameters,
            "bounds": {name: [bound.exactly, bound.minimum, bound.maximum] for name, bound in policy.bounds.items()},
            "budget_per_hour": policy.budget_per_hour,
            "min_success": policy.min_success,
            "entry": action_rules(spec),
            "undo": action_rules(undo) if undo else None,
            "executors": plain(executors),
        }
    )


def _freeze(window: FreezeWindow) -> Json:
    return plain(
        {
            "services": window.services,
            "actions": window.actions,
            "starts_at": window.starts_at.isoformat() if window.starts_at else None,
            "ends_at": window.ends_at.isoformat() if window.ends_at else None,
            "days": window.days,
            "since": window.since.isoformat(),
            "until": window.until.isoformat(),
        }
    )
