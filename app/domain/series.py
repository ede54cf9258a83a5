"""A service's own numbers over time, and what each number means for it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class MetricKind(StrEnum):
    """How a number is made from the raw metrics: as is, per second, one rate over another, or a histogram's quantile."""

    GAUGE = "gauge"
    RATE = "rate"
    RATIO = "ratio"
    QUANTILE = "quantile"


class Bad(StrEnum):
    """Which direction is bad news."""

    ABOVE = "above"
    BELOW = "below"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One named number of a service. Selectors are Prometheus instant selectors such as `http_requests_total{code=~"5.."}`.

    `metric` serves gauge, rate and quantile (the histogram's name without `_bucket`); `numerator` and `denominator` serve
    ratio. `threshold` is in `unit`; None where nothing is known to be too much.
    """

    name: str
    kind: MetricKind
    unit: str = ""
    metric: str = ""
    numerator: str = ""
    denominator: str = ""
    quantile: float = 0.95
    bad: Bad = Bad.NEITHER
    threshold: float | None = None

    def is_bad(self, value: float) -> bool:
        """True when `value` lies on the wrong side of the threshold."""
        if self.threshold is None or self.bad is Bad.NEITHER:
            return False
        return value > self.threshold if self.bad is Bad.ABOVE else value < self.threshold


@dataclass(frozen=True, slots=True)
class Point:
    """A value at an aware UTC time."""

    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """The points of one metric of one service, oldest first; may be empty."""

    service: str
    metric: MetricSpec
    points: tuple[Point, ...]

    @property
    def latest(self) -> Point | None:
        """The newest point, if there is one."""
        return self.points[-1] if self.points else None
