"""Drafts the postmortem from the record: every number from a metric, every sentence from an entry."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from app.analysis.shift import bad_seconds
from app.domain.errors import NotFound, Refused, Unavailable
from app.domain.evidence import Evidence, EvidenceKind
from app.domain.incident import Incident
from app.domain.inventory import Inventory
from app.domain.postmortem import FollowUp, FollowUpKind, Impact, PostmortemFacts
from app.domain.proposal import Verdict
from app.domain.series import Series
from app.domain.timeline import EntryKind
from app.domain.work import Task
from app.ports.clock import Clock
from app.ports.documents import Documents
from app.ports.metrics import Metrics
from app.ports.room import Room
from app.ports.store import Store, Transaction
from app.services.observe import metric_of
from app.services.say import Say

MARGIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class WritePostmortem:
    """Collects the facts, adds follow-ups that the record itself suggests, and stores a new revision of the draft."""

    store: Store
    inventory: Inventory
    metrics: Metrics
    documents: Documents
    room: Room
    clock: Clock
    say: Say

    def __call__(self, number: int) -> list[Task]:
        """Stores the next revision; what cannot be read is left out and said so by its absence."""
        with self.store.begin() as tx:
            incident, evidence = tx.incidents.get(number), tx.evidence.of(number)
        now = self.clock.now()
        series = self._series(incident, evidence, now)
        with self.store.begin() as tx:
            for follow_up in self._follow_ups(tx, incident, evidence):
                tx.papers.put_follow_up(follow_up)
            facts = self._facts(tx, number, series, now)
        people = {user: self._name(user) for user in facts.people}
        draft = self.documents.postmortem(replace(facts, people=people))
        with self.store.begin() as tx:
            stored = tx.papers.add_postmortem(draft)
            tx.timeline.append(
                number,
                EntryKind.POSTMORTEM,
                f"Postmortem draft, revision {stored.revision}",
                "sitrep",
                now,
                {"revision": stored.revision},
            )
            return [self.say.postmortem(tx, number)]

    def _series(self, incident: Incident, evidence: Sequence[Evidence], now: datetime) -> tuple[Series, ...]:
        end = min(now, (incident.resolved_at or now) + MARGIN)
        wrong = [item for item in evidence if item.kind is EvidenceKind.METRIC and item.data.get("bad") != "neither"]
        wrong.sort(key=lambda item: (not item.data.get("is_bad"), -abs(_as_float(item.data.get("score")))))
        found: list[Series] = []
        for item in wrong[:6]:
            spec = metric_of(self.inventory, item.service or "", str(item.data.get("metric", "")))
            if spec is None or item.service is None:
                continue
            try:
                found.append(self.metrics.series(item.service, spec, incident.started_at - MARGIN, end))
            except Unavailable:
                continue
        return tuple(series for series in found if len(series.points) >= 3)

    def _facts(self, tx: Transaction, number: int, series: tuple[Series, ...], now: datetime) -> PostmortemFacts:
        incident, entries, proposals = tx.incidents.get(number), tx.timeline.of(number), tx.proposals.of(number)
        runs = [run for proposal in proposals if (run := tx.proposals.run_of(proposal.id))]
        impacts = tuple(impact for item in series if (impact := impact_of(item, incident)) is not None)
        people = {entry.actor for entry in entries if entry.actor.startswith("U")} | set(incident.roles.values())
        return PostmortemFacts(
            incident=incident,
            signals=tuple(tx.signals.of(number)),
            evidence=tuple(tx.evidence.of(number)),
            assessments=tuple(tx.assessments.of(number)),
            proposals=tuple(proposals),
            runs=tuple(runs),
            entries=tuple(entries),
            follow_ups=tuple(tx.papers.follow_ups(number)),
            impacts=impacts,
            series=series,
            people=dict.fromkeys(people, ""),
            written_at=now,
        )

    def _follow_ups(self, tx: Transaction, incident: Incident, evidence: Sequence[Evidence]) -> list[FollowUp]:
        """Follow-ups that the record itself calls for."""
        found: list[FollowUp] = []
        blamed = next((item for item in evidence if item.kind is EvidenceKind.CHANGE and item.service == incident.service), None)
        if blamed is not None:
            text = f"Check {blamed.data.get('kind')} changes of {blamed.service} before they reach production"
            found.append(
                FollowUp(
                    f"fu_{incident.number}_change", incident.number, FollowUpKind.PREVENT, text, blamed.id, incident.lead or ""
                )
            )
        for proposal in tx.proposals.of(incident.number):
            if proposal.verdict in {Verdict.NO_CHANGE, Verdict.WORSE}:
                text = f"Note in the runbook that '{proposal.title}' did not help here"
                found.append(FollowUp(f"fu_{incident.number}_{proposal.id}", incident.number, FollowUpKind.CORRECT, text))
        if not any(item.kind is EvidenceKind.RUNBOOK for item in evidence):
            text = f"Write a runbook for: {incident.title}"
            found.append(FollowUp(f"fu_{incident.number}_runbook", incident.number, FollowUpKind.CORRECT, text))
        return found

    def _name(self, user: str) -> str:
        try:
            return self.room.person(user).name or user
        except (Unavailable, Refused, NotFound):
            return user


def impact_of(series: Series, incident: Incident) -> Impact | None:
    """Normal against worst, and for how long it was bad, from the points; None if it was never bad."""
    times = np.array([point.at.timestamp() for point in series.points], dtype=np.float64)
    values = np.array([point.value for point in series.points], dtype=np.float64)
    is_bad = np.array([series.metric.is_bad(value) for value in values], dtype=np.bool_)
    if not is_bad.any():
        return None
    before = values[times < incident.started_at.timestamp() - 60]
    calm = before if len(before) else values[~is_bad]
    at = int(np.argmax(values) if series.metric.bad.value == "above" else np.argmin(values))
    return Impact(
        service=series.service,
        metric=series.metric.name,
        unit=series.metric.unit,
        normal=float(np.median(calm)) if len(calm) else float(values.min()),
        worst=float(values[at]),
        worst_at=series.points[at].at,
        bad_seconds=bad_seconds(times, is_bad),
    )


def _as_float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
