"""Folds signals into incidents: one incident per correlated group, decided in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.evidence import Evidence, EvidenceKind
from app.domain.incident import Incident, Status
from app.domain.inventory import Inventory
from app.domain.signal import Signal, SignalState
from app.domain.timeline import EntryKind
from app.domain.work import Lane, Task
from app.ports.clock import Clock
from app.ports.store import Store, Transaction
from app.services.order import opens_nothing, placed_in_time
from app.services.say import Say

REOPEN_WITHIN = timedelta(minutes=15)
FOLD_WITHIN = timedelta(minutes=60)
VERBS = {SignalState.FIRING: "is firing", SignalState.RESOLVED: "resolved", SignalState.NO_DATA: "has no data"}


@dataclass(frozen=True, slots=True)
class Intake:
    """Turns parsed signals into incidents and says what has to happen next."""

    store: Store
    inventory: Inventory
    clock: Clock
    say: Say

    def __call__(self, signals: Sequence[Signal], delivery: str) -> list[Task]:
        """Stores every signal, opening or updating incidents; `delivery` names what brought them and makes tasks unique."""
        now = self.clock.now()
        tasks: list[Task] = []
        touched: dict[int, bool] = {}
        with self.store.begin() as tx:
            for signal in signals:
                number, is_news = self._fold(tx, signal, now, tasks)
                if number is not None:
                    touched[number] = touched.get(number, False) or is_news
            for number, is_news in touched.items():
                tasks += self._follow(tx, number, is_news, now, delivery)
        return tasks

    def _fold(self, tx: Transaction, signal: Signal, now: datetime, tasks: list[Task]) -> tuple[int | None, bool]:
        placed = placed_in_time(tx, signal)
        if placed is None:
            return None, False
        signal = placed
        known = tx.signals.incident_of(signal.episode)
        if known is None and opens_nothing(tx, signal, now):
            return None, False
        number = known
        if number is None:
            incident = self._match(tx, signal, now) or self._open(tx, signal, now, tasks)
            number = incident.number
        if not tx.signals.put(number, signal):
            return number, False
        self._record(tx, number, signal)
        return number, True

    def _match(self, tx: Transaction, signal: Signal, now: datetime) -> Incident | None:
        # An alert folded into a private incident would be seen by few; it opens one of its own.
        for incident in [item for item in tx.incidents.open_ones() if not item.is_private]:
            if now - incident.opened_at <= FOLD_WITHIN and self._belongs(signal, incident):
                return incident
        for incident in tx.incidents.recent(10):
            ended = incident.resolved_at
            if (
                incident.status is Status.RESOLVED
                and not incident.is_private
                and ended
                and now - ended <= REOPEN_WITHIN
                and _same_alert(tx, incident, signal)
            ):
                return tx.incidents.save(incident.move_to(Status.INVESTIGATING, now))
        return None

    def _belongs(self, signal: Signal, incident: Incident) -> bool:
        if signal.service is None or incident.service is None:
            return correlation_key(signal) == incident.correlation_key
        near = self.inventory.neighbourhood(signal.service)
        return incident.service in near or signal.service in self.inventory.neighbourhood(incident.service)

    def _open(self, tx: Transaction, signal: Signal, now: datetime, tasks: list[Task]) -> Incident:
        title = signal.summary or f"{signal.name} on {signal.service or 'an unnamed service'}"
        incident = tx.incidents.add(
            Incident(
                title=title[:150],
                severity=signal.severity,
                opened_at=now,
                started_at=min(signal.starts_at, now),
                service=signal.service,
                correlation_key=correlation_key(signal),
                is_test=signal.labels.get("env") == "test",
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
        tasks += [self.say.open_room(tx, incident), self.say.card(tx, incident.number), self.say.announce(tx, incident.number)]
        return incident

    def _record(self, tx: Transaction, number: int, signal: Signal) -> None:
        where = f" on {signal.service}" if signal.service else ""
        verb = VERBS[signal.state]
        at = signal.starts_at if signal.state is SignalState.FIRING else (signal.ends_at or self.clock.now())
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

    def _follow(self, tx: Transaction, number: int, is_news: bool, now: datetime, delivery: str) -> list[Task]:
        if not is_news:
            return []
        incident = tx.incidents.get(number)
        signals = tx.signals.of(number)
        # With no data nobody knows that it is over, so it still counts as something to look at.
        firing = [signal for signal in signals if signal.state is not SignalState.RESOLVED]
        worst = min((signal.severity for signal in firing), default=incident.severity)
        if worst < incident.severity:
            incident = tx.incidents.save(replace(incident, severity=worst))
            tx.timeline.append(number, EntryKind.SEVERITY, f"Severity raised to SEV{int(worst)}", "sitrep", now)
        if not firing and incident.is_open and incident.status is not Status.MONITORING:
            tx.incidents.save(incident.move_to(Status.MONITORING, now))
            tx.timeline.append(number, EntryKind.STATUS, "Every alert has resolved: monitoring", "sitrep", now)
        elif firing and incident.status is Status.MONITORING:
            tx.incidents.save(incident.move_to(Status.INVESTIGATING, now))
            tx.timeline.append(number, EntryKind.STATUS, "It is firing again: investigating", "sitrep", now)
        tasks = [self.say.card(tx, number), self.say.topic(tx, number)]
        if firing:
            tasks.append(Task(f"look:{number}:{delivery}", Lane.THINK, "investigate", {"incident": number}))
        return tasks


def correlation_key(signal: Signal) -> str:
    """What signals without a known service must share to be one incident."""
    return signal.service or signal.group_key or f"{signal.source}:{signal.name}"


def _same_alert(tx: Transaction, incident: Incident, signal: Signal) -> bool:
    return any(old.name == signal.name and old.service == signal.service for old in tx.signals.of(incident.number))
