"""Which incident an alert belongs to: decided online, in order, from time, the call graph and what was seen together before."""

import math
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from app.analysis.neighbours import Calls, Relation
from app.analysis.waits import RegularGaps, TypicalWait

K = TypeVar("K")

_SAME_SOON_S = 60.0
_EVENTS_PER_SERVICE = 6
_LEARNT_AFTER = 10.0
_REMEMBERED_PAIRS = 20_000


@dataclass(frozen=True, slots=True)
class Symptom:
    """One alert as the correlator sees it: when (seconds), where, what, and which condition (`key`: the same for repeats).

    `mentions` are other services that its labels or text name.
    """

    time: float
    service: str
    name: str
    key: str
    is_firing: bool = True
    mentions: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Rates:
    """How alerts bring alerts. `brings`: how many one alert brings on a service in that relation, typically within `soon_s`.

    `fresh_per_s` is the rate of new incidents over all services: the higher, the more is kept apart. `again_per_s` is how
    often a condition that fires is heard of again off its usual beat, for `again_s` after the last time.
    """

    brings: Mapping[Relation, float] = field(
        default_factory=lambda: {
            Relation.SAME: 1.5,
            Relation.CALLER: 1.2,
            Relation.CALLEE: 0.05,
            Relation.FAR_CALLER: 0.15,
            Relation.FAR_CALLEE: 0.02,
            Relation.SIBLING: 0.02,
            Relation.NONE: 0.0003,
            Relation.UNKNOWN: 0.08,
        }
    )
    soon_s: float = 120.0
    fresh_per_s: float = 20 / 900
    again_per_s: float = 0.002
    again_s: float = 300.0


@dataclass(slots=True)
class Open:
    """An incident that may still grow: when each alert name began on each service, and the conditions that fire."""

    id: int
    began: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    firing: set[str] = field(default_factory=set)

    def add(self, service: str, name: str, time: float) -> bool:
        """Notes an alert; True if it is the first on its service."""
        events = self.began.setdefault(service, [])
        if not any(known == name for _, known in events):
            events.append((time, name))
            del events[:-_EVENTS_PER_SERVICE]
        return len(events) == 1 and events[0] == (time, name)


@dataclass(slots=True)
class _Condition:
    incident: int
    last: float
    is_firing: bool


class Correlator:
    """Folds alerts into incidents one by one; an alert's incident never changes afterwards.

    Alerts are taken as a self-exciting point process (Hawkes, Biometrika 1971): every alert raises for a while the rate of
    further alerts on its own service and on the services that call it. An alert joins the incident whose alerts raise its rate
    most, if that is more than the rate of new incidents; Zhuang, Ogata and Vere-Jones (JASA 2002) tell earthquakes from
    aftershocks that way. How soon callers follow is learnt, and which services follow each other where no graph says it.
    Repeats and resolutions follow their condition. Memory is bounded by `most_open` incidents and `most_conditions` conditions.
    """

    def __init__(
        self,
        calls: Iterable[tuple[str, str]] | Calls = (),
        rates: Rates | None = None,
        most_open: int = 200,
        most_conditions: int = 50_000,
    ) -> None:
        self._calls = calls if isinstance(calls, Calls) else Calls(calls)
        self._rates = rates or Rates()
        self._most_open = most_open
        self._most_conditions = most_conditions
        self._open: OrderedDict[int, Open] = OrderedDict()
        self._conditions: OrderedDict[str, _Condition] = OrderedDict()
        self._next = 1
        self._wait = TypicalWait(self._rates.soon_s)
        self._beat = RegularGaps()
        self._hits: Counter[str] = Counter()
        self._pairs: Counter[tuple[str, str]] = Counter()

    def decide(self, symptom: Symptom) -> int:
        """The incident of this alert, a number from 1. Raises ValueError if its time is not finite."""
        if not math.isfinite(symptom.time):
            raise ValueError("An alert's time must be a finite number of seconds.")
        condition = self._conditions.get(symptom.key)
        self._beat.ends(not symptom.is_firing)
        if condition is not None and self._is_echo(symptom, condition):
            return self._hear_again(symptom, condition)
        again = self._again(symptom, condition)
        best, best_rate = 0, max(self.fresh_rate, again)
        for incident in self._open.values():
            mine = again if condition is not None and incident.id == condition.incident else 0.0
            rate = self.rate(incident, symptom) + mine
            if rate > best_rate:
                best, best_rate = incident.id, rate
        if condition is not None and again > 0 and (best == condition.incident or best_rate == again):
            return self._hear_again(symptom, condition)
        return self._join(self._open[best] if best else self._begin(), symptom)

    def rate(self, incident: Open, symptom: Symptom) -> float:
        """How strongly the incident's alerts call for this one: alerts per second expected on its service now.

        Once a service is part of an incident, its callees have no more to bring there; only its own alerts do.
        """
        own = incident.began.get(symptom.service)
        services = {symptom.service: own} if own else incident.began
        rate = sum(self._raised(service, time, symptom) for service, events in services.items() for time, _ in events)
        if symptom.mentions:
            rate *= 20.0 if any(name in incident.began for name in symptom.mentions) else 0.5
        return rate if incident.firing else rate * 0.2

    @property
    def fresh_rate(self) -> float:
        """The rate of new incidents on one service, per second: what an incident must beat to get an alert."""
        return self._rates.fresh_per_s / max(40.0, len(self._calls), len(self._hits))

    def _is_echo(self, symptom: Symptom, condition: _Condition) -> bool:
        """True for what says nothing new: a resolution, or a repeat on the usual beat of this stream."""
        if not symptom.is_firing:
            return True
        return condition.is_firing and self._beat.is_regular(symptom.time - condition.last)

    def _again(self, symptom: Symptom, condition: _Condition | None) -> float:
        if condition is None or not condition.is_firing:
            return 0.0
        gap = max(0.0, symptom.time - condition.last)
        # Where resolutions are told, a condition that was not resolved still fires.
        return self._rates.again_per_s * math.exp(-gap / (6 * 3600.0 if self._beat.tells_ends else self._rates.again_s))

    def _raised(self, service: str, time: float, symptom: Symptom) -> float:
        wait = symptom.time - time
        cause, effect = (service, symptom.service) if wait >= 0 else (symptom.service, service)
        relation = self._calls.relation(cause, effect)
        if service in symptom.mentions and relation is not Relation.SAME:
            relation = Relation.CALLER
        brings, soon = self._rates.brings[relation], self._wait.typical
        if relation is Relation.UNKNOWN:
            prior = brings * _LEARNT_AFTER
            brings = (self._pairs[cause, effect] + prior) / (self._hits[cause] + _LEARNT_AFTER)
        elif relation is Relation.SAME:
            soon = min(soon, _SAME_SOON_S)
        elif relation in {Relation.FAR_CALLER, Relation.FAR_CALLEE}:
            soon *= 2
        return brings / soon * math.exp(-abs(wait) / soon)

    def _begin(self) -> Open:
        incident = Open(self._next)
        self._next += 1
        self._open[incident.id] = incident
        if len(self._open) > self._most_open:
            self._open.popitem(last=False)
        return incident

    def _join(self, incident: Open, symptom: Symptom) -> int:
        self._learn(incident, symptom)
        incident.add(symptom.service, symptom.name, symptom.time)
        if symptom.is_firing:
            incident.firing.add(symptom.key)
        self._open.move_to_end(incident.id)
        self._conditions[symptom.key] = _Condition(incident.id, symptom.time, symptom.is_firing)
        self._conditions.move_to_end(symptom.key)
        if len(self._conditions) > self._most_conditions:
            key, forgotten = self._conditions.popitem(last=False)
            if forgotten.incident in self._open:
                self._open[forgotten.incident].firing.discard(key)
        return incident.id

    def _hear_again(self, symptom: Symptom, condition: _Condition) -> int:
        condition.last = max(condition.last, symptom.time)
        condition.is_firing = symptom.is_firing
        self._conditions.move_to_end(symptom.key)
        incident = self._open.get(condition.incident)
        if incident is not None:
            (incident.firing.add if symptom.is_firing else incident.firing.discard)(symptom.key)
        return condition.incident

    def _learn(self, incident: Open, symptom: Symptom) -> None:
        if symptom.service in incident.began:
            return
        self._hits[symptom.service] += 1
        waits = []
        for service, events in incident.began.items():
            self._pairs[service, symptom.service] += 1
            wait = symptom.time - events[0][0]
            if wait >= 0 and self._calls.relation(service, symptom.service) is Relation.CALLER:
                waits.append(wait)
        if waits:
            self._wait.add(min(waits))
        if len(self._pairs) > _REMEMBERED_PAIRS or len(self._hits) > _REMEMBERED_PAIRS:
            self._pairs, self._hits = _halved(self._pairs), _halved(self._hits)


def _halved(counts: Counter[K]) -> Counter[K]:
    return Counter({key: count // 2 for key, count in counts.items() if count > 1})
