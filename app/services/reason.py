"""Says what is wrong from rules and statistics alone: every sentence cites the evidence it was made from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from app.analysis.root_cause import rank_causes
from app.domain.evidence import Assessment, Confidence, Evidence, EvidenceKind, Finding, Suggestion, Tier
from app.domain.incident import Incident
from app.domain.inventory import Inventory
from app.domain.wording import duration
from app.services.observe import NOTABLE

BLAME_WITHIN_S = 1800.0


@dataclass(frozen=True, slots=True)
class Picture:
    """The evidence sorted for reasoning. `suspect` is where the trouble seems to start, `blamed` the change before it."""

    suspect: str | None
    bad: tuple[Evidence, ...]
    blamed: Evidence | None
    other_changes: tuple[Evidence, ...]
    onset: float | None


def picture(incident: Incident, evidence: Sequence[Evidence], inventory: Inventory) -> Picture:
    """Where it starts and which change came right before, from the evidence."""
    metrics = [item for item in evidence if item.kind is EvidenceKind.METRIC and _is_wrong(item)]
    changes = [item for item in evidence if item.kind is EvidenceKind.CHANGE and item.data.get("by") != "sitrep"]
    onset = min((_number(item, "onset") for item in metrics), default=incident.started_at.timestamp())
    suspect = _suspect(incident, metrics, changes, inventory, onset)
    on_path = [item for item in changes if _came_before(item, onset)]
    blamed = max((item for item in on_path if item.service == suspect), key=lambda item: _number(item, "at"), default=None)
    ordered = sorted(metrics, key=lambda item: (item.service != suspect, not item.data["is_bad"], -abs(_number(item, "score"))))
    others = tuple(item for item in on_path if item is not blamed)
    return Picture(suspect, tuple(ordered), blamed, others, onset)


def assess(
    incident: Incident,
    evidence: Sequence[Evidence],
    suggestions: Sequence[Suggestion],
    seen: Picture,
    unknowns: Sequence[str],
    now: datetime,
) -> Assessment:
    """Findings from rules; abstains (no cause) where no number is wrong."""
    findings = [
        *islice(_alert_findings(evidence), 4),
        *_number_findings(seen),
        *_change_findings(seen),
        *_log_findings(evidence, seen),
    ]
    memory = list(_memory_findings(evidence))
    knows = any(item.kind in {EvidenceKind.RUNBOOK, EvidenceKind.PAST_INCIDENT} for item in evidence)
    return Assessment(
        incident=incident.number,
        tier=Tier.RETRIEVAL if knows else Tier.RULES,
        headline=_headline(incident, seen, evidence),
        findings=tuple(findings[:8] + memory[:3]),
        suggestions=tuple(suggestions),
        written_at=now,
        cause=seen.suspect if seen.bad else None,
        ruled_out=tuple(_ruled_out(evidence, seen)),
        unknowns=tuple(unknowns),
    )


def _headline(incident: Incident, seen: Picture, evidence: Sequence[Evidence]) -> Finding:
    alerts = tuple(item.id for item in evidence if item.kind is EvidenceKind.ALERT)[:3]
    if seen.blamed is not None and seen.bad:
        gap = duration(max(seen.onset - _number(seen.blamed, "at"), 0)) if seen.onset is not None else "shortly"
        text = f"{seen.suspect} went wrong {gap} after this change: {_change_words(seen.blamed)}"
        return Finding(text, (seen.blamed.id, seen.bad[0].id, *alerts[:1]), Confidence.LIKELY)
    if seen.bad:
        worst = seen.bad[0]
        text = f"It seems to start in {seen.suspect}: {worst.summary}"
        return Finding(text, (worst.id, *alerts[:1]), Confidence.POSSIBLE)
    if alerts and seen.blamed is not None:
        gap = duration(max((seen.onset or 0.0) - _number(seen.blamed, "at"), 0))
        text = f"The alert fires {gap} after this change, and no number says more yet: {_change_words(seen.blamed)}"
        return Finding(text, (seen.blamed.id, *alerts[:1]), Confidence.POSSIBLE)
    if alerts:
        return Finding("The alert fires, and no number Sitrep can see explains it yet.", alerts[:1], Confidence.POSSIBLE)
    people = tuple(item.id for item in evidence if item.kind is EvidenceKind.PERSON)[:1]
    return Finding(f"Declared by a person: {incident.title}. No evidence yet.", people, Confidence.POSSIBLE)


def _alert_findings(evidence: Sequence[Evidence]) -> Iterable[Finding]:
    for item in evidence:
        if item.kind is EvidenceKind.ALERT and item.data.get("state") == "firing":
            yield Finding(item.summary, (item.id,), Confidence.CONFIRMED)


def _number_findings(seen: Picture) -> Iterable[Finding]:
    for item in seen.bad[:4]:
        yield Finding(_sentence(item.summary), (item.id,), Confidence.CONFIRMED)


def _change_findings(seen: Picture) -> Iterable[Finding]:
    if seen.blamed is not None:
        yield Finding(f"Last change before it on the suspect: {_change_words(seen.blamed)}", (seen.blamed.id,), Confidence.LIKELY)


def _log_findings(evidence: Sequence[Evidence], seen: Picture) -> Iterable[Finding]:
    logs = [item for item in evidence if item.kind is EvidenceKind.LOG]
    for item in sorted(logs, key=lambda item: (item.service != seen.suspect, -_number(item, "count")))[:2]:
        yield Finding(item.summary, (item.id,), Confidence.CONFIRMED)


def _memory_findings(evidence: Sequence[Evidence]) -> Iterable[Finding]:
    for item in evidence:
        if item.kind is EvidenceKind.PAST_INCIDENT and item.data.get("rank") in {1, 2}:
            yield Finding(f"Seen before? {item.summary}{_what_was_tried(item)}", (item.id,), Confidence.POSSIBLE)
        if item.kind is EvidenceKind.RUNBOOK and item.data.get("rank") == 1:
            yield Finding(f"{item.summary} fits these alerts", (item.id,), Confidence.POSSIBLE)


def tried(item: Evidence) -> list[tuple[str, str]]:
    """(action, verdict) pairs that a past incident's record holds."""
    fields = item.data.get("fields")
    actions = fields.get("actions") if isinstance(fields, dict) else None
    if not isinstance(actions, list):
        return []
    return [(str(act.get("action", "")), str(act.get("verdict", ""))) for act in actions if isinstance(act, dict)]


def _what_was_tried(item: Evidence) -> str:
    words = [f"{action} {verdict.replace('_', ' ')}" for action, verdict in tried(item) if action and verdict]
    return f". Then: {'; '.join(words)}" if words else ""


def _ruled_out(evidence: Sequence[Evidence], seen: Picture) -> Iterable[Finding]:
    for item in seen.other_changes[:2]:
        yield Finding(f"Not the nearest change to the suspect: {_change_words(item)}", (item.id,), Confidence.POSSIBLE)
    if not any(item.kind is EvidenceKind.CHANGE for item in evidence):
        return
    calm = [item for item in evidence if item.kind is EvidenceKind.METRIC and not _is_wrong(item)]
    names = sorted({item.service for item in calm if item.service} - {item.service for item in seen.bad})
    if names:
        ids = tuple(item.id for item in calm if item.service in names)[:4]
        yield Finding(f"As always: {', '.join(names)}", ids, Confidence.LIKELY)


def _suspect(
    incident: Incident, metrics: Sequence[Evidence], changes: Sequence[Evidence], inventory: Inventory, onset: float
) -> str | None:
    scores: dict[str, float] = {}
    for item in metrics:
        if item.service:
            weight = 2.0 if item.data["is_bad"] else 1.0
            scores[item.service] = max(scores.get(item.service, 0.0), weight * min(abs(_number(item, "score")), 100.0))
    symptom = incident.service or next(iter(scores), None)
    if symptom is None:
        return None
    for item in changes:
        if item.service in scores and _came_before(item, onset):
            scores[item.service] += 100.0
    calls: Mapping[str, Sequence[str]] = {name: service.depends_on for name, service in inventory.services.items()}
    changed = [name for name, score in scores.items() if score >= 100.0 + NOTABLE and any(c.service == name for c in changes)]
    ranked = rank_causes(symptom, calls, scores, NOTABLE)
    if changed:
        return max(changed, key=lambda name: scores[name])
    return ranked[0] if ranked else symptom


def _came_before(change: Evidence, onset: float) -> bool:
    return -30.0 <= onset - _number(change, "at") <= BLAME_WITHIN_S


def _is_wrong(item: Evidence) -> bool:
    if item.data.get("bad") == "neither":
        return False
    return bool(item.data.get("is_bad")) or (abs(_number(item, "score")) >= 4 * NOTABLE and _moved_badly(item))


def _moved_badly(item: Evidence) -> bool:
    rises = _number(item, "worst") > _number(item, "normal")
    limit = item.data.get("threshold")
    near = not isinstance(limit, int | float) or abs(_number(item, "worst")) >= 0.5 * abs(float(limit))
    return near and rises == (item.data.get("bad") == "above")


def _change_words(item: Evidence) -> str:
    return item.summary


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _number(item: Evidence, key: str) -> float:
    value = item.data.get(key, 0.0)
    return float(value) if isinstance(value, int | float) else 0.0
