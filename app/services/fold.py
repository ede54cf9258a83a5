"""Finds the open incident a new signal belongs to, from time, the call graph and what its labels and text name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.analysis.alert_text import condition_of, mentions, service_of
from app.analysis.correlate import Correlator, Open, Rates, Symptom
from app.analysis.neighbours import Calls, Relation
from app.domain.incident import Incident
from app.domain.inventory import Inventory
from app.domain.signal import Signal, SignalState, Tally

MOST_OPEN = 200
SAME_SERVICE_WITHIN = timedelta(hours=6)
SAME_KEY_WITHIN = timedelta(minutes=60)
# Calmer than for scoring: a second channel for one fault costs people more than alerts of two faults in one.
# Services that the configuration does not know meet only when one names the other.
PEOPLE = Rates(
    brings={
        Relation.SAME: 1.5,
        Relation.CALLER: 1.2,
        Relation.CALLEE: 0.15,
        Relation.FAR_CALLER: 0.3,
        Relation.FAR_CALLEE: 0.08,
        Relation.SIBLING: 0.02,
        Relation.NONE: 0.0003,
        Relation.UNKNOWN: 0.001,
    },
    soon_s=300.0,
    fresh_per_s=1 / 900,
)


def correlator_of(inventory: Inventory) -> Correlator:
    """The rates between the services of the configuration; it keeps no memory, the database does."""
    calls = [(name, callee) for name, service in inventory.services.items() for callee in service.depends_on]
    return Correlator(Calls(calls, inventory.services), PEOPLE)


@dataclass(slots=True)
class OpenIncidents:
    """The open incidents as they stand in one transaction; `note` keeps it true while signals are folded.

    Only the newest 200 are asked.
    """

    correlator: Correlator
    services: frozenset[str]
    incidents: dict[int, Incident] = field(default_factory=dict)
    _opens: dict[int, Open] = field(default_factory=dict)

    def load(self, incidents: Iterable[Incident], tallies: Sequence[Tally]) -> None:
        """Takes the open incidents, newest first, and what fires in them."""
        for incident in incidents:
            self.add(incident)
        for tally in tallies:
            opened = self._opens.get(tally.incident)
            if opened is not None:
                opened.add(tally.service or "", tally.name, tally.began.timestamp())
                if tally.firing:
                    opened.firing.add(tally.service or "")
        for number, opened in self._opens.items():
            incident = self.incidents[number]
            if incident.service and not opened.began:
                # People open incidents too, without any signal.
                opened.add(incident.service, "", incident.started_at.timestamp())

    def add(self, incident: Incident) -> None:
        """Takes one more open incident."""
        self.incidents[incident.number] = incident
        self._opens[incident.number] = Open(incident.number)

    def match(self, signal: Signal, now: datetime) -> Incident | None:
        """The incident that calls for this signal most, or none if a new one is likelier."""
        symptom = self._symptom(signal, now)
        best, best_rate = None, self.correlator.fresh_rate
        for number, incident in self.incidents.items():
            if incident.is_test != is_test(signal):
                continue
            rate = self.correlator.rate(self._opens[number], symptom)
            if self._is_same(incident, signal, symptom, now):
                rate += 1 / 300
            if rate > best_rate:
                best, best_rate = incident, rate
        return best

    def note(self, number: int, signal: Signal, now: datetime) -> None:
        """Keeps what was folded in mind for the next signals of this transaction."""
        opened = self._opens.get(number)
        if opened is not None:
            symptom = self._symptom(signal, now)
            opened.add(symptom.service, symptom.name, symptom.time)
            if symptom.is_firing:
                opened.firing.add(symptom.service)

    def _symptom(self, signal: Signal, now: datetime) -> Symptom:
        service = signal.service or service_of(signal.labels, self.services)
        if signal.service is None and service not in self.services:
            service = ""
        named = mentions(signal.labels, signal.annotations, service, self.services)
        time = min(signal.starts_at, now).timestamp()
        key = condition_of(signal.labels) or signal.fingerprint
        return Symptom(time, service, signal.name, key, signal.state is SignalState.FIRING, named)

    def _is_same(self, incident: Incident, signal: Signal, symptom: Symptom, now: datetime) -> bool:
        """True where people would be surprised by a second incident: the service still fires, or nothing names one."""
        if symptom.service:
            still = symptom.service in self._opens[incident.number].firing or symptom.service == incident.service
            return still and now - incident.opened_at <= SAME_SERVICE_WITHIN
        same = incident.service is None and correlation_key(signal) == incident.correlation_key
        return same and now - incident.opened_at <= SAME_KEY_WITHIN


def correlation_key(signal: Signal) -> str:
    """What signals without a known service must share to be one incident."""
    return signal.service or signal.group_key or f"{signal.source}:{signal.name}"


def is_test(signal: Signal) -> bool:
    """True for what a drill or a test sends."""
    return signal.labels.get("env") == "test"
