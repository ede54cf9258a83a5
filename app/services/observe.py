"""Looks at what can be seen around an incident: numbers, changes, logs, runbooks and past incidents, each as evidence."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import numpy as np

from app.analysis.shift import Shift, robust_shift
from app.domain.change import Change
from app.domain.errors import Unavailable
from app.domain.evidence import Evidence, EvidenceKind
from app.domain.incident import Incident
from app.domain.inventory import Inventory
from app.domain.messages import Passage
from app.domain.series import MetricSpec, Series
from app.domain.signal import Signal
from app.domain.wording import amount, log_shape
from app.ports.changes import Changes
from app.ports.knowledge import Knowledge
from app.ports.logs import Logs
from app.ports.metrics import Metrics

LOOK_BACK = timedelta(minutes=15)
CHANGES_BACK = timedelta(hours=2)
NOTABLE = 3.0


@dataclass(frozen=True, slots=True)
class Sighting:
    """Everything seen in one look: evidence to keep, and in words what could not be seen."""

    evidence: tuple[Evidence, ...]
    unknowns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Observe:
    """Looks once; slow or broken sources become an `unknown`, never an error."""

    inventory: Inventory
    metrics: Metrics
    changes: Sequence[Changes]
    logs: Logs
    knowledge: Knowledge

    def __call__(self, incident: Incident, signals: Sequence[Signal], now: datetime) -> Sighting:
        """Reads every source around the incident's service."""
        services = self._services(incident, signals)
        unknowns: list[str] = []
        evidence: list[Evidence] = []
        looks: list[Callable[[], Iterable[Evidence]]] = [
            lambda: self._numbers(incident, services, now),
            *(partial(self._changes, source, incident, services, now) for source in self.changes),
            lambda: self._logs(incident, services, now),
            lambda: self._memory(incident, signals, now),
        ]
        for look in looks:
            try:
                evidence.extend(look())
            except Unavailable as problem:
                unknowns.append(str(problem))
        return Sighting(tuple(evidence), tuple(unknowns))

    def _services(self, incident: Incident, signals: Sequence[Signal]) -> tuple[str, ...]:
        named = dict.fromkeys([incident.service, *(signal.service for signal in signals)])
        near: dict[str, None] = {}
        for name in named:
            if name is not None and name in self.inventory.services:
                near.update(dict.fromkeys(self.inventory.neighbourhood(name)))
        return tuple(name for name in near if name in self.inventory.services)

    def _numbers(self, incident: Incident, services: Sequence[str], now: datetime) -> Iterable[Evidence]:
        for name in services:
            for metric in self.inventory.services[name].metrics:
                series = self.metrics.series(name, metric, incident.started_at - LOOK_BACK, now)
                seen = number_seen(series, incident.started_at)
                if seen is not None:
                    yield self._metric_evidence(series, seen, now)

    def _metric_evidence(self, series: Series, seen: Shift, now: datetime) -> Evidence:
        metric, latest = series.metric, series.points[-1]
        onset = series.points[seen.onset].at
        is_bad = metric.is_bad(latest.value)
        moved = abs(seen.score) >= NOTABLE
        text = f"{metric.name} of {series.service} is {amount(latest.value, metric.unit)}"
        if moved:
            text += (
                f"; it went from {amount(seen.normal, metric.unit)} to {amount(seen.worst, metric.unit)} at {onset:%H:%M:%S} UTC"
            )
        if metric.threshold is not None and is_bad:
            text += f", {metric.bad.value} its limit of {amount(metric.threshold, metric.unit)}"
        return Evidence(
            kind=EvidenceKind.METRIC,
            key=f"metric:{series.service}:{metric.name}",
            source=self.metrics.name,
            summary=text,
            observed_at=now,
            service=series.service,
            data={
                "metric": metric.name,
                "unit": metric.unit,
                "latest": latest.value,
                "normal": seen.normal,
                "worst": seen.worst,
                "score": round(seen.score, 2),
                "onset": onset.timestamp(),
                "is_bad": is_bad,
                "threshold": metric.threshold,
                "bad": metric.bad.value,
            },
            link=self.metrics.link(series.service, metric),
            tainted=False,
        )

    def _changes(self, source: Changes, incident: Incident, services: Sequence[str], now: datetime) -> Iterable[Evidence]:
        start = incident.started_at - CHANGES_BACK
        for change in source.between(start, now):
            if change.service in services or not services:
                yield _change_evidence(change)

    def _logs(self, incident: Incident, services: Sequence[str], now: datetime) -> Iterable[Evidence]:
        for name in services:
            lines = self.logs.between(name, incident.started_at - timedelta(minutes=2), now)
            loud = [line for line in lines if line.level.lower() in {"error", "critical", "warning", "fatal"}]
            shapes = Counter(log_shape(line.message) for line in loud)
            for shape, count in shapes.most_common(2):
                first = next(line for line in loud if log_shape(line.message) == shape)
                yield Evidence(
                    kind=EvidenceKind.LOG,
                    key=f"log:{name}:{shape[:80]}",
                    source=f"logs of {name}",
                    summary=f"{name} logged {count} times since {first.at:%H:%M:%S} UTC: {first.message[:200]}",
                    observed_at=first.at,
                    service=name,
                    data={"count": count, "level": first.level, "message": first.message[:500]},
                )

    def _memory(self, incident: Incident, signals: Sequence[Signal], now: datetime) -> Iterable[Evidence]:
        question = question_of(incident, signals)
        for kind, evidence_kind in (("runbook", EvidenceKind.RUNBOOK), ("incident", EvidenceKind.PAST_INCIDENT)):
            found = self.knowledge.search(question, kinds=(kind,), top=3)
            if not found.is_confident:
                continue
            for rank, passage in enumerate(found.passages, start=1):
                yield self._passage_evidence(passage, evidence_kind, rank, now)

    def _passage_evidence(self, passage: Passage, kind: EvidenceKind, rank: int, now: datetime) -> Evidence:
        word = "Runbook" if kind is EvidenceKind.RUNBOOK else "Past incident"
        return Evidence(
            kind=kind,
            key=f"{kind.value}:{passage.id}",
            source=passage.id,
            summary=f"{word}: {passage.title}" + (f" ({passage.heading})" if passage.heading else ""),
            observed_at=now,
            data={
                "document": passage.id,
                "rank": rank,
                "score": round(passage.score, 4),
                "fields": self.knowledge.fields(passage.id),
            },
            link=passage.link,
        )


def number_seen(series: Series, started_at: datetime) -> Shift | None:
    """How a series moved since shortly before the incident started; None when there is too little to say."""
    if len(series.points) < 8:
        return None
    values = np.array([point.value for point in series.points], dtype=np.float64)
    cut = started_at - timedelta(seconds=90)
    split = next((index for index, point in enumerate(series.points) if point.at >= cut), len(values) - 1)
    return robust_shift(values, max(split, min(5, len(values) - 1)))


def question_of(incident: Incident, signals: Sequence[Signal]) -> str:
    """The question memory is asked: the alerts as a payload if there are any, the incident's title otherwise."""
    if not signals:
        return f"{incident.title} {incident.service or ''} {incident.summary}".strip()
    alerts = [
        {"status": signal.state.value, "labels": dict(signal.labels), "annotations": dict(signal.annotations)}
        for signal in signals[:5]
    ]
    return json.dumps({"version": "4", "alerts": alerts})


def metric_of(inventory: Inventory, service: str, name: str) -> MetricSpec | None:
    """A service's metric by name, if both exist."""
    found = inventory.services.get(service)
    return found.metric(name) if found else None


def _change_evidence(change: Change) -> Evidence:
    by = f" by {change.by}" if change.by else ""
    return Evidence(
        kind=EvidenceKind.CHANGE,
        key=f"change:{change.service}:{change.kind}:{change.at.timestamp():.0f}:{change.text[:60]}",
        source="change log",
        summary=f"{change.kind} on {change.service} at {change.at:%H:%M:%S} UTC{by}: {change.text}"[:400],
        observed_at=change.at,
        service=change.service,
        data={
            "kind": change.kind,
            "key": change.key,
            "before": change.before,
            "after": change.after,
            "at": change.at.timestamp(),
            "by": change.by,
        },
        link=change.link,
    )
