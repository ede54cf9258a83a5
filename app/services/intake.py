"""Folds signals into incidents: one incident per correlated group, decided in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from app.analysis.correlate import Correlator
from app.domain.canonical import Json
from app.domain.evidence import Evidence, EvidenceKind
from app.domain.incident import Incident, Status
from app.domain.inventory import Inventory
from app.domain.signal import Signal, SignalState, Tally
from app.domain.timeline import EntryKind
from app.domain.work import Lane, Task
from app.ports.clock import Clock
from app.ports.store import Store, Transaction
from app.services.fold import MOST_OPEN, OpenIncidents, correlation_key, correlator_of, is_test
from app.services.order import opens_nothing, placed_in_time
from app.services.say import Say

REOPEN_WITHIN = timedelta(minutes=15)
SINGLE_UP_TO = 20
GROUPS_UP_TO = 100
OTHERS = "other alerts"
LOOK_EVERY_S = 30
VERBS = {SignalState.FIRING: "is firing", SignalState.RESOLVED: "resolved", SignalState.NO_DATA: "has no data"}


@dataclass(slots=True)
class _Batch:
    """What one transaction knows and did: the open incidents, and the signals that were news, by incident."""

    now: datetime
    open: OpenIncidents
    touched: dict[int, list[Signal]] = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Intake:
    """Turns parsed signals into incidents and says what has to happen next."""

    store: Store
    inventory: Inventory
    clock: Clock
    say: Say
    correlator: Correlator = field(init=False)

    def __post_init__(self) -> None:
        """Reads the call graph once."""
        object.__setattr__(self, "correlator", correlator_of(self.inventory))

    def __call__(self, signals: Sequence[Signal], delivery: str) -> list[Task]:
        """Stores every signal, opening or updating incidents; `delivery` names what brought them and makes tasks unique.

        One transaction reads the open incidents as counts, decides all signals and writes them, however many doors are open.
        """
        now = self.clock.now()
        batch = _Batch(now, OpenIncidents(self.correlator, frozenset(self.inventory.services)))
        with self.store.begin() as tx:
            for position, said in enumerate(signals):
                signal = placed_in_time(tx, said)
                known = tx.signals.incident_of((signal or said).episode)
                if position == 0:
                    # After the first question, which waits for its turn. What is folded into a private incident would be seen
                    # by few, so those are left out.
                    opened = [item for item in tx.incidents.open_ones() if not item.is_private][:MOST_OPEN]
                    batch.open.load(opened, tx.signals.tallies([incident.number for incident in opened]))
                if signal is not None:
                    self._fold(tx, signal, known, batch)
            for number, news in batch.touched.items():
                batch.tasks += self._follow(tx, number, news, now, delivery)
        return batch.tasks

    def _fold(self, tx: Transaction, signal: Signal, known: int | None, batch: _Batch) -> None:
        if known is None and opens_nothing(tx, signal, batch.now):
            return
        number = known
        if number is None:
            incident = batch.open.match(signal, batch.now) or self._reopen(tx, signal, batch) or self._open(tx, signal, batch)
            number = incident.number
        if tx.signals.put(number, signal):
            batch.open.note(number, signal, batch.now)
            batch.touched.setdefault(number, []).append(signal)

    def _reopen(self, tx: Transaction, signal: Signal, batch: _Batch) -> Incident | None:
        ended = [
            incident
            for incident in tx.incidents.recent(10)
            if incident.status is Status.RESOLVED
            and not incident.is_private
            and incident.resolved_at
            and batch.now - incident.resolved_at <= REOPEN_WITHIN
            and incident.is_test == is_test(signal)
        ]
        for tally in tx.signals.tallies([incident.number for incident in ended]) if ended else ():
            if (tally.service, tally.name) == (signal.service, signal.name):
                found = next(incident for incident in ended if incident.number == tally.incident)
                reopened = tx.incidents.save(found.move_to(Status.INVESTIGATING, batch.now))
                batch.open.add(reopened)
                return reopened
        return None

    def _open(self, tx: Transaction, signal: Signal, batch: _Batch) -> Incident:
        now = batch.now
        title = signal.summary or f"{signal.name} on {signal.service or 'an unnamed service'}"
        incident = tx.incidents.add(
            Incident(
                title=title[:150],
                severity=signal.severity,
                opened_at=now,
                started_at=min(signal.starts_at, now),
                service=signal.service,
                correlation_key=correlation_key(signal),
                is_test=is_test(signal),
            )
        )
        tx.timeline.append(
            incident.number,
            EntryKind.OPENED,
            f"Opened by {signal.source}: {title}",
            "sitrep",
            now,
            {"severity": int(incident.severity)},
        )
        batch.tasks += [
            self.say.open_room(tx, incident),
            self.say.card(tx, incident.number),
            self.say.announce(tx, incident.number),
        ]
        batch.open.add(incident)
        return incident

    def _record(self, tx: Transaction, number: int, signal: Signal) -> None:
        where = f" on {signal.service}" if signal.service else ""
        verb = VERBS[signal.state]
        at = (signal.ends_at or self.clock.now()) if signal.state is SignalState.RESOLVED else signal.starts_at
        evidence = tx.evidence.put(
            number,
            Evidence(
                kind=EvidenceKind.ALERT,
                key=f"alert:{signal.episode}",
                source=signal.source,
                summary=f"{signal.name}{where} {verb} since {at:%H:%M:%S} UTC: {signal.summary or signal.description}"[:500],
                observed_at=at,
                service=signal.service,
                data={"name": signal.name, "state": signal.state.value, "labels": dict(signal.labels)},
                link=signal.link,
            ),
        )
        tx.timeline.append(
            number, EntryKind.ALERT, f"{signal.name}{where} {verb}", signal.source, self.clock.now(), {"evidence": evidence.id}
        )

    def _record_many(self, tx: Transaction, number: int, news: Sequence[Signal], tallies: Sequence[Tally]) -> None:
        """One piece of evidence and one entry for each alert name on each service, so that a storm stays readable."""
        shown = {(tally.service, tally.name) for tally in tallies[:GROUPS_UP_TO]}
        groups: dict[tuple[str | None, str], list[Signal]] = {}
        for signal in news:
            group = (signal.service, signal.name)
            groups.setdefault(group if group in shown else (None, OTHERS), []).append(signal)
        for (service, name), signals in groups.items():
            those = [tally for tally in tallies if _group(tally, shown) == (service, name)]
            evidence = tx.evidence.put(number, _many(service, name, signals[-1], those))
            firing = sum(signal.state is not SignalState.RESOLVED for signal in signals)
            text = f"{_where(service, name)}: {firing} more firing, {len(signals) - firing} resolved"
            data: dict[str, Json] = {"evidence": evidence.id, "alerts": len(signals)}
            tx.timeline.append(number, EntryKind.ALERT, text, signals[-1].source, self.clock.now(), data)

    def _follow(self, tx: Transaction, number: int, news: Sequence[Signal], now: datetime, delivery: str) -> list[Task]:
        incident, tallies = tx.incidents.get(number), tx.signals.tallies([number])
        firing = sum(tally.firing for tally in tallies)
        is_storm = firing + sum(tally.resolved for tally in tallies) > SINGLE_UP_TO
        if is_storm:
            self._record_many(tx, number, news, tallies)
        else:
            for signal in news:
                self._record(tx, number, signal)
        worst = min((tally.worst for tally in tallies if tally.worst is not None), default=incident.severity)
        if worst < incident.severity:
            incident = tx.incidents.save(replace(incident, severity=worst))
            tx.timeline.append(number, EntryKind.SEVERITY, f"Severity raised to SEV{int(worst)}", "sitrep", now)
        self._move(tx, incident, firing, now)
        tasks = [self.say.card(tx, number), self.say.topic(tx, number)]
        if firing:
            # In a storm one look each half minute sees it all; a task of the same name is not submitted twice.
            name = f"at{int(now.timestamp()) // LOOK_EVERY_S}" if is_storm else delivery
            tasks.append(Task(f"look:{number}:{name}", Lane.THINK, "investigate", {"incident": number}))
        return tasks

    def _move(self, tx: Transaction, incident: Incident, firing: int, now: datetime) -> None:
        if not firing and incident.is_open and incident.status is not Status.MONITORING:
            tx.incidents.save(incident.move_to(Status.MONITORING, now))
            tx.timeline.append(incident.number, EntryKind.STATUS, "Every alert has resolved: monitoring", "sitrep", now)
        elif firing and incident.status is Status.MONITORING:
            tx.incidents.save(incident.move_to(Status.INVESTIGATING, now))
            tx.timeline.append(incident.number, EntryKind.STATUS, "It is firing again: investigating", "sitrep", now)


def _where(service: str | None, name: str) -> str:
    return f"{name} on {service}" if service else name


def _group(tally: Tally, shown: set[tuple[str | None, str]]) -> tuple[str | None, str]:
    return (tally.service, tally.name) if (tally.service, tally.name) in shown else (None, OTHERS)


def _many(service: str | None, name: str, newest: Signal, tallies: Sequence[Tally]) -> Evidence:
    firing, resolved = sum(tally.firing for tally in tallies), sum(tally.resolved for tally in tallies)
    began = min((tally.began for tally in tallies), default=newest.starts_at)
    words = f"{_where(service, name)}: {firing:,} of {firing + resolved:,} alerts firing since {began:%H:%M:%S} UTC"
    state = SignalState.FIRING if firing else SignalState.RESOLVED
    return Evidence(
        kind=EvidenceKind.ALERT,
        key=f"alerts:{service or ''}:{name}",
        source=newest.source,
        summary=f"{words}: {newest.summary or newest.description}"[:500],
        observed_at=began,
        service=service,
        data={"name": name, "state": state.value, "firing": firing, "resolved": resolved, "labels": dict(newest.labels)},
        link=newest.link,
    )
