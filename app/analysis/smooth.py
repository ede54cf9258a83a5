"""Running averages of a series, plain and deaf to single spikes, and how lively it is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.analysis.plain import Plain, numbers, read_numbers
from app.analysis.ranges import MATURITY_ROWS, Excess

_SLOW = 0.002
_CLIP = 6.0


@dataclass(slots=True)
class Average:
    """The exponentially weighted mean of the values so far, with weight 2 / (span + 1); NaN before the first value."""

    span: int
    mean: float = math.nan

    def of(self, values: Sequence[float]) -> list[float]:
        """The mean at each row, that row included; NaN is passed over and answered with NaN."""
        weight, mean = 2 / (self.span + 1), self.mean
        means = []
        for value in values:
            moved = mean + weight * (value - mean) if mean == mean else value  # noqa: PLR0124 - the cheapest test for NaN
            if moved == moved:  # noqa: PLR0124
                mean = moved
            means.append(moved)
        self.mean = mean
        return means

    def state(self) -> Plain:
        """All of it as JSON values."""
        return numbers([self.span, self.mean])

    @classmethod
    def from_state(cls, state: Plain) -> "Average":
        """The inverse of `state`; raises ValueError for anything else."""
        span, mean = read_numbers(state, 2)
        return cls(int(span), mean)


@dataclass(slots=True)
class Calm:
    """The values with spikes cut off: clipped to six typical deviations around a slow centre, both learnt on the way.

    Centre and deviation follow the clipped values, as Huber's estimator does (1964), so a spike moves neither much.
    """

    seen: int = 0
    centre: float = 0.0
    spread: float = 0.0

    def of(self, values: Sequence[float]) -> list[float]:
        """Each value, or how far it was let go; the first eleven pass as they are."""
        seen, centre, spread = self.seen, self.centre, self.spread
        calm = []
        for value in values:
            seen += 1
            pace = 1 / seen if seen < 1 / _SLOW else _SLOW
            away = value - centre if seen > 1 else 0.0
            if seen == 1:
                centre = value
            if seen > 11:
                bound = _CLIP * spread
                if not -bound <= away <= bound:
                    away = math.copysign(bound, away)
            calm.append(centre + away)
            centre += pace * away
            spread += pace * (abs(away) - spread)
        self.seen, self.centre, self.spread = seen, centre, spread
        return calm

    def state(self) -> Plain:
        """All of it as JSON values."""
        return [self.seen, self.centre, self.spread]

    @classmethod
    def from_state(cls, state: Plain) -> "Calm":
        """The inverse of `state`; raises ValueError for anything else."""
        seen, centre, spread = read_numbers(state, 3)
        return cls(int(seen), centre, spread)


@dataclass(slots=True)
class Quiet:
    """The least and the greatest liveliness of a series: the running mean of the size of its steps, in the series' unit."""

    warm: int = 62
    seen: int = 0
    last: float = math.nan
    lively: float = math.nan
    least: float = math.inf
    greatest: float = 0.0

    def excesses(self, values: Sequence[float]) -> list[Excess]:
        """The rows at which the series is quieter than ever: how far below the least, as a share of the range in logarithms."""
        steps = [abs(value - before) for value, before in zip(values, [self.last, *values], strict=False)]
        means = Average(24, self.lively).of(steps)
        found = []
        for row, mean in enumerate(means):
            if mean < self.least:
                if self.seen + row >= self.warm and 0 < self.least < self.greatest:
                    found.append(self._excess(row, mean))
                self.least = mean
                self.greatest = max(self.greatest, mean)
            elif mean > self.greatest:
                self.greatest = mean
        self.seen += len(values)
        self.last, self.lively = values[-1], means[-1]
        return found

    def _excess(self, row: int, mean: float) -> Excess:
        floor = max(mean, 1e-6 * self.greatest)
        if floor >= self.least:
            return Excess(row, 0.0, self.least, self.greatest)
        seen = self.seen + row
        size = math.log(self.least / floor) / math.log(self.greatest / self.least)
        return Excess(row, size * seen / (seen + MATURITY_ROWS), self.least, self.greatest)

    def state(self) -> Plain:
        """All of it as JSON values."""
        return [self.warm, self.seen, *numbers([self.last, self.lively, self.least, self.greatest])]

    @classmethod
    def from_state(cls, state: Plain) -> "Quiet":
        """The inverse of `state`; raises ValueError for anything else."""
        warm, seen, last, lively, least, greatest = read_numbers(state, 6)
        return cls(int(warm), int(seen), last, lively, math.inf if math.isnan(least) else least, greatest)
