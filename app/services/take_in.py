"""Handles a delivery from a webhook: its alerts are folded into incidents, its changes kept, its misfits written down."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.domain.canonical import Json
from app.domain.report import Report
from app.domain.signal import Signal
from app.domain.work import Delivery, Task
from app.services.intake import Intake
from app.services.note_report import NoteReport

Parser = Callable[[Mapping[str, Json]], Report]


@dataclass(frozen=True, slots=True)
class TakeIn:
    """`parsers` maps a webhook's name to the parser of its payload; `standing` says what people approved beforehand for
    its alerts.
    """

    parsers: Mapping[str, Parser]
    intake: Intake
    standing: Callable[[Sequence[Signal]], Sequence[Task]]
    note_report: NoteReport

    def __call__(self, delivery: Delivery) -> tuple[list[Task], str]:
        """What has to happen next, and in words what could not be understood; raises BadInput if nothing could."""
        report = self.parsers[delivery.source](delivery.payload)
        tasks = self.intake(report.signals, delivery.key) if report.signals else []
        # What people approved beforehand starts first: every millisecond of it is an outage.
        return [*self.standing(report.signals), *tasks, *self.note_report(report, delivery)], report.problem
