"""Numbers as a test wants them to be."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.domain.errors import SitrepError
from app.domain.series import MetricSpec, Point, Series

STEP = timedelta(seconds=2)


@dataclass
class FakeGauge:
    """A value for each service from a moment on, seen every two seconds; None where nothing is seen. A metrics port."""

    name: str = "gauge"
    told: dict[str, list[tuple[datetime, float | None]]] = field(default_factory=dict)
    problem: SitrepError | None = None

    def show(self, service: str, since: datetime, value: float | None) -> None:
        """From then on the service's metrics have this value."""
        self.told.setdefault(service, []).append((since, value))

    def series(self, service: str, metric: MetricSpec, start: datetime, end: datetime) -> Series:
        """The points between two times."""
        if self.problem is not None:
            raise self.problem
        points, at = [], start
        while at <= end:
            value = self._at(service, at)
            if value is not None:
                points.append(Point(at, value))
            at += STEP
        return Series(service, metric, tuple(points))

    def link(self, service: str, metric: MetricSpec) -> str:
        """No page."""
        del service, metric
        return ""

    def _at(self, service: str, at: datetime) -> float | None:
        shown = [value for since, value in self.told.get(service, []) if since <= at]
        return shown[-1] if shown else None
