"""Has this number ever been this high or this low? A range that grows with care and forgets in time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.analysis.plain import Plain, numbers, read_numbers

WARM_ROWS = 31
MATURITY_ROWS = 500
LARGEST_SIZE = 1e9
_FORGET = 0.25


@dataclass(frozen=True, slots=True)
class Excess:
    """Row `row` left the range [`low`, `high`] seen before it by `size` widths of that range."""

    row: int
    size: float
    low: float
    high: float


@dataclass(slots=True)
class Range:
    """The lowest and highest value of one view of a series, and those of its youngest generation alone.

    The first `warm` values only set the range. A row outside widens it by one width at most, and each generation takes back a
    quarter of what it did not need: so one freak value cannot blind it for good.
    """

    warm: int = WARM_ROWS
    seen: int = 0
    low: float = math.inf
    high: float = -math.inf
    young_low: float = math.inf
    young_high: float = -math.inf

    def excesses(self, values: Sequence[float], floor: float) -> list[Excess]:
        """The values that leave the range, in order, each judged before it widens the range; NaN is passed over.

        The size is (distance to the range) / (width of the range), damped by n / (n + 500) while only n values are known, since
        among n exchangeable values the last is a record with probability 2/n. `floor` is the least width to divide by.
        """
        found: list[Excess] = []
        low, high, unknown = self.low, self.high, 0
        young_low, young_high = self.young_low, self.young_high
        for row, value in enumerate(values):
            if value < young_low or value > young_high:
                if low <= value <= high:
                    young_low, young_high = min(young_low, value), max(young_high, value)
                    continue
                low, high, reached = self._leave(found, row, value, (low, high), self.seen + row - unknown, floor)
                young_low, young_high = min(young_low, reached), max(young_high, reached)
            elif value != value:  # noqa: PLR0124 - the cheapest test for NaN
                unknown += 1
        self.low, self.high, self.young_low, self.young_high = low, high, young_low, young_high
        self.seen += len(values) - unknown
        return found

    def _leave(
        self, found: list[Excess], row: int, value: float, known: tuple[float, float], seen: int, floor: float
    ) -> tuple[float, float, float]:
        low, high = known
        if seen < self.warm:
            return min(low, value), max(high, value), value
        beyond = value - high if value > high else low - value
        scale = max(high - low, floor) or beyond
        found.append(Excess(row, min(beyond / scale, LARGEST_SIZE) * seen / (seen + MATURITY_ROWS), low, high))
        reached = min(value, high + scale) if value > high else max(value, low - scale)
        return min(low, reached), max(high, reached), reached

    def age(self) -> None:
        """Starts a new generation: the range moves a quarter of the way to what the one that ends has seen."""
        if self.seen >= self.warm and self.young_high > self.young_low:
            self.low += _FORGET * (self.young_low - self.low)
            self.high += _FORGET * (self.young_high - self.high)
            self.young_low, self.young_high = math.inf, -math.inf

    def state(self) -> Plain:
        """All of it as JSON values."""
        return [self.warm, self.seen, *numbers([self.low, self.high, self.young_low, self.young_high])]

    @classmethod
    def from_state(cls, state: Plain) -> "Range":
        """The inverse of `state`; raises ValueError for anything else."""
        warm, seen, low, high, young_low, young_high = read_numbers(state, 6)
        return cls(
            int(warm), int(seen), _or(low, math.inf), _or(high, -math.inf), _or(young_low, math.inf), _or(young_high, -math.inf)
        )


def _or(value: float, otherwise: float) -> float:
    return otherwise if math.isnan(value) else value
