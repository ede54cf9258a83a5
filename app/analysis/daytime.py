"""What is usual at this time of day, and what was there at this time a week ago."""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as member

from app.analysis.plain import Plain, field, items, number, numbers, read_numbers

DAY_S = 86_400.0
MOST_SLOTS = 144
_RELAX = 0.2


def slots_in_a_day(step_s: float) -> int:
    """How many times of day to tell apart: one a row up to 144 a day; 0 when there are fewer than four rows a day."""
    rows = round(DAY_S / step_s) if step_s > 0 else 0
    return min(rows, MOST_SLOTS) if rows >= 4 else 0


def _unknown(size: int) -> "array[float]":
    return array("d", [math.nan]) * size


@dataclass(slots=True)
class SameTime:
    """The range of values at each time of day on the days before; a quieter day pulls it in by a fifth."""

    slots: int
    lows: "array[float]" = member(default_factory=lambda: array("d"))
    highs: "array[float]" = member(default_factory=lambda: array("d"))
    now: int = -1
    low: float = math.nan
    high: float = math.nan

    def __post_init__(self) -> None:
        if not self.lows:
            self.lows, self.highs = _unknown(self.slots), _unknown(self.slots)

    def distances(self, days: Sequence[int], slots: Sequence[int], values: Sequence[float]) -> list[float]:
        """How far each value lies outside of what was usual at its time of day, signed; NaN where no day before is known."""
        lows, highs, now, low, high = self.lows, self.highs, self.now, self.low, self.high
        far = []
        for day, slot, value in zip(days, slots, values, strict=True):
            place = day * self.slots + slot
            if place != now:
                self._remember(now, low, high)
                now, low, high = place, value, value
            elif value > high:
                high = value
            elif value < low:
                low = value
            usual = highs[slot]
            if value > usual:
                far.append(value - usual)
            else:
                usual = lows[slot]
                far.append(value - usual if value < usual else usual - usual)
        self.now, self.low, self.high = now, low, high
        return far

    def _remember(self, place: int, low: float, high: float) -> None:
        """Takes in the lowest and highest value of a time of day that is over; NaN takes in nothing."""
        slot = place % self.slots
        known_low, known_high = self.lows[slot], self.highs[slot]
        if low == low:  # noqa: PLR0124 - the cheapest test for NaN
            self.lows[slot] = known_low + _RELAX * (low - known_low) if low > known_low else low
            self.highs[slot] = known_high + _RELAX * (high - known_high) if high < known_high else high

    def state(self) -> Plain:
        """All of it as JSON values."""
        return {
            "slots": self.slots, "lows": numbers(self.lows), "highs": numbers(self.highs),
            "now": [self.now, *numbers([self.low, self.high])],
        }  # fmt: skip

    @classmethod
    def from_state(cls, state: Plain) -> "SameTime":
        """The inverse of `state`; raises ValueError for anything else."""
        slots = int(number(field(state, "slots")))
        now, low, high = read_numbers(field(state, "now"), 3)
        lows, highs = (array("d", read_numbers(field(state, name), slots)) for name in ("lows", "highs"))
        return cls(slots, lows, highs, int(now), low, high)


@dataclass(slots=True)
class WeekAgo:
    """The last value at each time of the week, and from which day it is."""

    slots: int
    values: "array[float]" = member(default_factory=lambda: array("d"))
    from_day: "array[int]" = member(default_factory=lambda: array("q"))
    now: int = -1
    before: float = math.nan

    def __post_init__(self) -> None:
        if not self.values:
            self.values = _unknown(7 * self.slots)
            self.from_day = array("q", [-1]) * (7 * self.slots)

    def differences(self, days: Sequence[int], slots: Sequence[int], values: Sequence[float]) -> list[float]:
        """Each value less the one a week earlier, NaN where that is not known."""
        known, from_day, size = self.values, self.from_day, self.slots
        now, before = self.now, self.before
        apart = []
        for day, slot, value in zip(days, slots, values, strict=True):
            place = day % 7 * size + slot
            if place != now or from_day[place] != day:
                now = place
                before = known[place] if from_day[place] == day - 7 else math.nan
                from_day[place] = day
            known[place] = value
            apart.append(value - before)
        self.now, self.before = now, before
        return apart

    def state(self) -> Plain:
        """All of it as JSON values."""
        return {
            "slots": self.slots, "values": numbers(self.values), "from_day": list(self.from_day),
            "now": [self.now, *numbers([self.before])],
        }  # fmt: skip

    @classmethod
    def from_state(cls, state: Plain) -> "WeekAgo":
        """The inverse of `state`; raises ValueError for anything else."""
        slots = int(number(field(state, "slots")))
        now, before = read_numbers(field(state, "now"), 2)
        values = array("d", read_numbers(field(state, "values"), 7 * slots))
        from_day = array("q", [int(number(item)) for item in items(field(state, "from_day"), 7 * slots)])
        return cls(slots, values, from_day, int(now), before)
