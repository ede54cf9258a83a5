"""Where a service's numbers are read."""

from datetime import datetime
from typing import Protocol

from app.domain.series import MetricSpec, Series


class Metrics(Protocol):
    """Reads series; raises Unavailable with the reason."""

    @property
    def name(self) -> str:
        """What people call the source: `Prometheus` or `scraped from the service`."""
        ...

    def series(self, service: str, metric: MetricSpec, start: datetime, end: datetime) -> Series:
        """The points between two times, oldest first; empty if there are none."""
        ...

    def link(self, service: str, metric: MetricSpec) -> str:
        """A page where a person sees the same series, or empty."""
        ...
