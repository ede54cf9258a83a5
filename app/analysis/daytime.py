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
    day: int = 0
    slot: int = -1
    low: float = math.nan
    high: float = math.nan

    def __post_init__(self) -> None:
        if not self.lows:
            self.lows, self.highs = _unknown(self.slots), _unknown(self.slots)

    def distances(self, days: Sequence[int], slots: Sequence[int], values: Sequence[float]) -> list[float]:
        """How far each value lies outside of what was usual at its time of day, signed; NaN where no day before is known."""
        far = []
        for day, slot, value in zip(days, slots, values, strict=True):
            if slot != self.slot or day != self.day:
                self._turn_to(day, slot, value)
            elif value > self.high:
                self.high = value
            elif value < self.low:
                self.low = value
            low, high = self.lows[slot], self.highs[slot]
            if value > high:
                far.append(value - high)
            elif value < low:
                far.append(value - low)
            else:
                far.append(low - low)
        return far

    def _turn_to(self, day: int, slot: int, value: float) -> None:
        old = self.slot
        if old >= 0:
            low, high = self.lows[old], self.highs[old]
            self.lows[old] = low + _RELAX * (self.low - low) if self.low > low else self.low
            self.highs[old] = high + _RELAX * (self.high - high) if self.high < high else self.high
        self.day, self.slot, self.low, self.high = day, slot, value, value

    def state(self) -> Plain:
        """All of it as JSON values."""
        return {
            "slots": self.slots, "lows": numbers(self.lows), "highs": numbers(self.highs),
            "now": [self.day, self.slot, *numbers([self.low, self.high])],
        }  # fmt: skip

    @classmethod
    def from_state(cls, state: Plain) -> "SameTime":
        """The inverse of `state`; raises ValueError for anything else."""
        slots = int(number(field(state, "slots")))
        day, slot, low, high = read_numbers(field(state, "now"), 4)
        lows, highs = (array("d", read_numbers(field(state, name), slots)) for name in ("lows", "highs"))
        return cls(slots, lows, highs, int(day), int(slot), low, high)


@dataclass(slots=True)
class WeekAgo:
    """The last value at each time of the week, and from which day it is."""

    slots: int
    values: "array[float]" = member(default_factory=lambda: array("d"))
    from_day: "array[int]" = member(default_factory=lambda: array("q"))
    place: int = -1
    before: float = math.nan

    def __post_init__(self) -> None:
        if not self.values:
            self.values = _unknown(7 * self.slots)
            self.from_day = array("q", [-1]) * (7 * self.slots)

    def differences(self, days: Sequence[int], slots: Sequence[int], values: Sequence[float]) -> list[float]:
        """Each value less the one a week earlier, NaN where that is not known."""
        known, from_day, size = self.values, self.from_day, self.slots
        apart = []
        for day, slot, value in zip(days, slots, values, strict=True):
            place = day % 7 * size + slot
            if place != self.place or from_day[place] != day:
                self.place = place
                self.before = known[place] if from_day[place] == day - 7 else math.nan
                from_day[place] = day
            known[place] = value
            apart.append(value - self.before)
        return apart

    def state(self) -> Plain:
        """All of it as JSON values."""
        return {
            "slots": self.slots, "values": numbers(self.values), "from_day": list(self.from_day),
            "now": [self.place, *numbers([self.before])],
        }  # fmt: skip

    @classmethod
    def from_state(cls, state: Plain) -> "WeekAgo":
        """The inverse of `state`; raises ValueError for anything else."""
        slots = int(number(field(state, "slots")))
        place, before = read_numbers(field(state, "now"), 2)
        values = array("d", read_numbers(field(state, "values"), 7 * slots))
        from_day = array("q", [int(number(item)) for item in items(field(state, "from_day"), 7 * slots)])
        return cls(slots, values, from_day, int(place), before)
