"""Keeps what a delivery says beside its alerts: changes, and the parts that nobody could understand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from app.domain.change import Change
from app.domain.report import Report
from app.domain.timeline import EntryKind
from app.domain.work import Delivery, Lane, Task
from app.ports.clock import Clock
from app.ports.store import Store, Transaction
from app.services.say import Say

log = structlog.get_logger()

RECENT = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class NoteReport:
    """Changes go into the record and into the timeline of open incidents of their service; what was refused is written
    into the timeline of every incident that the rest of the delivery touched.
    """

    store: Store
    clock: Clock
    say: Say

    def __call__(self, report: Report, delivery: Delivery) -> list[Task]:
        """What has to happen next: a new look at the incidents that a change may explain."""
        if report.refused:
            log.warning("delivery.partly_refused", source=delivery.source, refused=len(report.refused))
        if not report.changes and not report.refused:
            return []
        with self.store.begin() as tx:
            if report.refused:
                self._note_refused(tx, report, delivery.source)
            return self._keep(tx, report.changes, delivery)

    def _keep(self, tx: Transaction, changes: Sequence[Change], delivery: Delivery) -> list[Task]:
        touched: set[int] = set()
        for change in changes:
            if not tx.changes.put(change):
                continue
            for incident in tx.incidents.open_ones():
                if incident.service == change.service and change.at >= incident.started_at - RECENT:
                    tx.timeline.append(
                        incident.number,
                        EntryKind.CHANGE,
                        f"{change.kind} on {change.service} at {change.at:%H:%M:%S} UTC: {change.text}"[:400],
                        change.by or delivery.source,
                        self.clock.now(),
                        {"at": change.at.isoformat(), "link": change.link},
                    )
                    touched.add(incident.number)
        tasks = [self.say.card(tx, number) for number in sorted(touched)]
        looks = [
            Task(f"look:{number}:{delivery.key}", Lane.THINK, "investigate", {"incident": number}) for number in sorted(touched)
        ]
        return tasks + looks

    def _note_refused(self, tx: Transaction, report: Report, source: str) -> None:
        numbers = {tx.signals.incident_of(signal.episode) for signal in report.signals}
        text = f"A notification from {source}: {report.problem}"[:400]
        for number in sorted(number for number in numbers if number is not None):
            if not any(entry.text == text for entry in tx.timeline.of(number)):
                tx.timeline.append(number, EntryKind.ERROR, text, source, self.clock.now(), {"refused": len(report.refused)})
