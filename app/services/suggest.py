"""Picks catalogue actions that could help, with targets and values taken from evidence: never from anybody's prose."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.domain.action import ActionSpec
from app.domain.canonical import Json, canonical_json, plain
from app.domain.errors import ActionRefused
from app.domain.evidence import Confidence, Evidence, EvidenceKind, Finding, Suggestion
from app.domain.inventory import Inventory
from app.domain.proposal import Verdict
from app.domain.series import MetricKind
from app.services.observe import metric_of
from app.services.reason import Picture, tried

_REVERT, _RUNBOOK, _HELPS, _SPECIFIC, _WORKED, _FAILED = 4.0, 2.0, 1.0, 3.0, 1.5, -2.0


@dataclass(slots=True)
class _Candidate:
    spec: ActionSpec
    target: str
    parameters: dict[str, Json]
    points: float = 0.0
    reasons: list[str] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)

    def credit(self, points: float, reason: str, *ids: str) -> None:
        self.points += points
        if reason and reason not in self.reasons:
            self.reasons.append(reason)
        self.evidence += [item for item in ids if item and item not in self.evidence]


def suggest(
    evidence: Sequence[Evidence],
    seen: Picture,
    inventory: Inventory,
    records: Mapping[str, Mapping[Verdict, int]],
) -> tuple[Suggestion, ...]:
    """Up to four suggestions, best first. `records` holds each action's verdicts so far."""
    if seen.suspect is None or not seen.bad:
        return ()
    found: dict[str, _Candidate] = {}
    near = replace(seen, suspect=_reachable(seen, inventory))
    for candidate in (*_reverts(seen, inventory), *_by_runbook(evidence, near, inventory), *_by_metric(near, inventory)):
        key = canonical_json({"a": candidate.spec.name, "t": candidate.target, "p": plain(candidate.parameters)})
        kept = found.setdefault(key, candidate)
        if kept is not candidate:
            kept.credit(candidate.points, "; ".join(candidate.reasons), *candidate.evidence)
    for candidate in found.values():
        _weigh_memory(candidate, evidence)
        _weigh_record(candidate, records.get(candidate.spec.name, {}))
    best = sorted(found.values(), key=lambda item: (-item.points, item.spec.risk, item.spec.name))[:4]
    return tuple(_suggestion(number, candidate) for number, candidate in enumerate(best, start=1) if candidate.points > 0)


def _suggestion(number: int, candidate: _Candidate) -> Suggestion:
    why = Finding(
        "; ".join(candidate.reasons),
        tuple(candidate.evidence[:6]),
        Confidence.LIKELY if candidate.points >= _REVERT else Confidence.POSSIBLE,
    )
    return Suggestion(f"S{number}", candidate.spec.name, candidate.target, candidate.parameters, why)


def _reachable(seen: Picture, inventory: Inventory) -> str | None:
    """Where something can be done: the suspect, or where nothing may be done to it (a third party) a caller that suffers."""
    if any(seen.suspect in spec.targets for spec in inventory.actions.values()):
        return seen.suspect
    suffering = dict.fromkeys(item.service for item in seen.bad if item.service)
    callers = [name for name in suffering if seen.suspect in inventory.services[name].depends_on]
    return callers[0] if callers else seen.suspect


def _reverts(seen: Picture, inventory: Inventory) -> Iterable[_Candidate]:
    change = seen.blamed
    if change is None or change.service is None:
        return
    for spec in inventory.actions.values():
        parameters = _inverse(spec, change)
        if parameters is None or change.service not in spec.targets:
            continue
        candidate = _checked(spec, change.service, parameters)
        if candidate is not None:
            candidate.credit(_REVERT, f"takes back the change right before it: {change.summary}", change.id, seen.bad[0].id)
            yield candidate


def _inverse(spec: ActionSpec, change: Evidence) -> dict[str, Json] | None:
    """The parameters with which `spec` would undo the change, by the names its entry uses; None where it is no inverse."""
    names = {parameter.name: parameter for parameter in spec.parameters}
    before, key, kind = str(change.data.get("before", "")), str(change.data.get("key", "")), change.data.get("kind")
    inverses: dict[tuple[Json, frozenset[str]], Callable[[], dict[str, Json]]] = {
        ("config", frozenset({"key", "value"})): lambda: {"key": names["key"].check(key), "value": names["value"].parse(before)},
        ("flag", frozenset({"flag", "enabled"})): lambda: {
            "flag": names["flag"].check(key),
            "enabled": names["enabled"].parse(before),
        },
        ("deploy", frozenset({"version"})): lambda: {"version": names["version"].parse(before)},
        ("scale", frozenset({"replicas"})): lambda: {"replicas": names["replicas"].parse(before)},
    }
    inverse = inverses.get((kind, frozenset(names)))
    if inverse is None or not before:
        return None
    try:
        return inverse()
    except ActionRefused:
        return None


def _by_runbook(evidence: Sequence[Evidence], seen: Picture, inventory: Inventory) -> Iterable[_Candidate]:
    for item in evidence:
        if item.kind is not EvidenceKind.RUNBOOK:
            continue
        rank = item.data.get("rank")
        share = 1.0 / float(rank) if isinstance(rank, int) and rank > 0 else 0.3
        for position, name in enumerate(_runbook_actions(item)):
            candidate = _default(inventory, name, seen)
            if candidate is not None:
                candidate.credit(_RUNBOOK * share / (1 + 0.5 * position), f"the runbook {item.source} names it", item.id)
                yield candidate


def _runbook_actions(item: Evidence) -> list[str]:
    fields = item.data.get("fields")
    actions = fields.get("actions") if isinstance(fields, dict) else None
    if not isinstance(actions, list):
        return []
    names = [
        entry if isinstance(entry, str) else str(entry.get("action") or entry.get("name") or "")
        for entry in actions
        if isinstance(entry, str | dict)
    ]
    return [name.split(":")[0].strip() for name in names]


def _by_metric(seen: Picture, inventory: Inventory) -> Iterable[_Candidate]:
    wrong = {str(item.data["metric"]): item for item in seen.bad if item.service == seen.suspect}
    for spec in inventory.actions.values():
        helped = [wrong[name] for name in spec.helps_with if name in wrong]
        candidate = _default(inventory, spec.name, seen) if helped else None
        if candidate is not None:
            names = ", ".join(str(item.data["metric"]) for item in helped)
            points = sum(_HELPS * (_SPECIFIC if _is_resource(item, inventory) else 1.0) for item in helped)
            candidate.credit(points, f"it is known to bring back {names}", *(item.id for item in helped))
            yield candidate


def _is_resource(item: Evidence, inventory: Inventory) -> bool:
    """A gauge (memory, disk, a queue) points at one remedy; error ratios and latencies rise with every trouble."""
    metric = metric_of(inventory, item.service or "", str(item.data["metric"]))
    return metric is not None and metric.kind is MetricKind.GAUGE


def _default(inventory: Inventory, name: str, seen: Picture) -> _Candidate | None:
    """The action on the suspect with the values its entry suggests; None if it does not apply or people must choose."""
    spec = inventory.actions.get(name)
    if spec is None or seen.suspect not in spec.targets:
        return None
    if any(parameter.suggested is None for parameter in spec.parameters):
        return None
    return _checked(spec, seen.suspect, {parameter.name: parameter.suggested for parameter in spec.parameters})


def _checked(spec: ActionSpec, target: str, parameters: dict[str, Json]) -> _Candidate | None:
    try:
        return _Candidate(spec, target, spec.check(target, parameters))
    except ActionRefused:
        return None


def _weigh_memory(candidate: _Candidate, evidence: Sequence[Evidence]) -> None:
    for item in evidence:
        if item.kind is not EvidenceKind.PAST_INCIDENT:
            continue
        for action, verdict in tried(item):
            if action != candidate.spec.name:
                continue
            if verdict == Verdict.RECOVERED.value:
                candidate.credit(_WORKED, f"it worked in {item.source}", item.id)
            elif verdict in {Verdict.NO_CHANGE.value, Verdict.WORSE.value}:
                candidate.credit(_FAILED, f"it did not help in {item.source}", item.id)


def _weigh_record(candidate: _Candidate, record: Mapping[Verdict, int]) -> None:
    good = record.get(Verdict.RECOVERED, 0)
    total = sum(record.values())
    if total:
        candidate.credit(2.0 * (good + 1) / (total + 2) - 1.0, f"here it recovered {good} of {total} times")
