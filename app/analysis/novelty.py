"""Has this series ever looked like this before? A streaming detector with one setting for every series."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as member

import numpy as np

from app.analysis.clock_order import ClockOrder
from app.analysis.daytime import DAY_S, SameTime, WeekAgo, slots_in_a_day
from app.analysis.plain import Plain, field, number, read_numbers
from app.analysis.ranges import Excess, Range
from app.analysis.smooth import Average, Calm, Quiet

VERSION = 1
LEAST_SIZE = 0.002
HOLD_ROWS = 50
OPENING_ROWS = 32
GENERATION_DAYS = 30
GENERATION_ROWS = 9_000
CUT_ROWS = 1_000
WEIGHTS = {
    "value": 2.0, "short mean": 1.0, "long mean": 1.0, "calm mean": 1.0,
    "time of day": 1.0, "mean at time of day": 1.0, "week ago": 1.0, "quiet": 0.5,
}  # fmt: skip
_SPANS = {"short mean": 6, "long mean": 24, "calm mean": 6, "week ago": 12}
_RANGED = tuple(name for name in WEIGHTS if name != "quiet")
_DAILY = ("time of day", "mean at time of day", "week ago")


@dataclass(frozen=True, slots=True)
class Surprise:
    """Row `row` looks like nothing before: `score` in (0, 1), the `view` that saw it, and what that view knew as normal.

    `low` and `high` are in the unit of the view: the series' own for values and means, a distance to the usual value at this
    time for daily and weekly views, the mean size of a step for "quiet".
    """

    row: int
    score: float
    view: str
    low: float
    high: float


@dataclass(slots=True)
class Detector:
    """Eight views of one series, each compared with all that view has ever shown; the largest excess speaks.

    Strictly causal: what row n gets depends on rows 0..n alone, however the rows are cut into calls. After a row has spoken, the
    next 50 are silent unless they are stranger still, so one episode is one alert. Rows that cannot be used (NaN, infinite,
    beyond 1e150, late, double) are scored 0 and change nothing. Grown from range novelty; what was tried is in decision 30.
    """

    order: ClockOrder = member(default_factory=ClockOrder)
    rows: int = 0
    opening: list[float] = member(default_factory=list)
    generation: int = GENERATION_ROWS
    spoke_at: int = -HOLD_ROWS - 1
    spoke_size: float = 0.0
    floors: tuple[float, float] = (0.0, 0.0)
    ranges: dict[str, Range] = member(default_factory=lambda: {name: Range() for name in _RANGED})
    means: dict[str, Average] = member(default_factory=lambda: {name: Average(span) for name, span in _SPANS.items()})
    calm: Calm = member(default_factory=Calm)
    quiet: Quiet = member(default_factory=Quiet)
    day: SameTime | None = None
    mean_day: SameTime | None = None
    week: WeekAgo | None = None

    def score(self, times: Sequence[float], values: Sequence[float]) -> list[float]:
        """The score in [0, 1) of each row; `times` in seconds, both of equal length."""
        scores = [0.0] * len(values)
        for surprise in self.judge(times, values):
            scores[surprise.row] = surprise.score
        return scores

    def judge(self, times: Sequence[float], values: Sequence[float]) -> list[Surprise]:
        """The rows that speak, in order; raises ValueError when there are not as many times as values."""
        if len(times) != len(values):
            raise ValueError(f"{len(times)} times for {len(values)} values")
        rows = self.order.usable(times, values)
        clock, measured = np.asarray(times, dtype=float).tolist(), np.asarray(values, dtype=float).tolist()
        if len(rows) < len(measured):
            clock, measured = [clock[row] for row in rows], [measured[row] for row in rows]
        found: list[Surprise] = []
        start = 0
        while start < len(rows):
            end = min(len(rows), start + self._until_cut())
            found += self._part(rows[start:end], clock[start:end], measured[start:end])
            start = end
        return found

    def _until_cut(self) -> int:
        """Rows until something changes for all views, at row numbers that do not depend on how the rows come in."""
        if self.rows < OPENING_ROWS:
            return OPENING_ROWS - self.rows
        return CUT_ROWS - (self.rows - OPENING_ROWS) % CUT_ROWS

    def _part(self, rows: Sequence[int], times: Sequence[float], values: Sequence[float]) -> list[Surprise]:
        loudest: dict[int, tuple[float, str, Excess]] = {}
        for view, excesses in self._excesses(times, values).items():
            weight = WEIGHTS[view]
            for excess in excesses:
                size = weight * excess.size
                if size > LEAST_SIZE and size > loudest.get(excess.row, (0.0,))[0]:
                    loudest[excess.row] = size, view, excess
        found = []
        for place in sorted(loudest):
            size, view, excess = loudest[place]
            if self.rows + place - self.spoke_at > HOLD_ROWS or size > self.spoke_size:
                self.spoke_at, self.spoke_size = self.rows + place, size
                found.append(Surprise(rows[place], min(size / (1 + size), 1 - 1e-12), view, excess.low, excess.high))
        self._turn_over(times)
        return found

    def _excesses(self, times: Sequence[float], values: Sequence[float]) -> dict[str, list[Excess]]:
        means = self.means
        short = means["short mean"].of(values)
        views = {
            "value": values,
            "short mean": short,
            "long mean": means["long mean"].of(values),
            "calm mean": means["calm mean"].of(self.calm.of(values)),
            **self._daily(times, values, short),
        }
        floor, daily_floor = self.floors
        found = {name: self.ranges[name].excesses(view, daily_floor if name in _DAILY else floor) for name, view in views.items()}
        found["quiet"] = self.quiet.excesses(values)
        return found

    def _daily(self, times: Sequence[float], values: Sequence[float], short: Sequence[float]) -> dict[str, list[float]]:
        if self.day is None or self.mean_day is None or self.week is None:
            return {}
        days = [int(time // DAY_S) for time in times]
        scale = self.day.slots / DAY_S
        slots = [int(time % DAY_S * scale) for time in times]
        return {
            "time of day": self.day.distances(days, slots, values),
            "mean at time of day": self.mean_day.distances(days, slots, short),
            "week ago": self.means["week ago"].of(self.week.differences(days, slots, short)),
        }

    def _turn_over(self, times: Sequence[float]) -> None:
        if self.rows < OPENING_ROWS:
            self.opening += times
        self.rows += len(times)
        past = self.rows - OPENING_ROWS
        if past >= 0 and past % CUT_ROWS == 0:
            self._set_floors()
        if past == 0:
            self._open()
        elif past > 0 and past % self.generation == 0:
            for known in self.ranges.values():
                known.age()

    def _set_floors(self) -> None:
        """The least widths: a thousandth of the largest value, so that a flat line's last digits are no news; for the daily
        views a tenth of the series' range, as a series that repeats itself exactly has daily ranges of no width."""
        known = self.ranges["value"]
        floor = 1e-3 * max(abs(known.low), abs(known.high))
        self.floors = floor, max(floor, 0.1 * (known.high - known.low))

    def _open(self) -> None:
        steps = sorted(after - before for before, after in zip(self.opening, self.opening[1:], strict=False))
        step, self.opening = steps[len(steps) // 2], []
        rows_a_day = round(DAY_S / step) if step > 0 else 0
        if rows_a_day:
            self.generation = math.ceil(GENERATION_DAYS * rows_a_day / CUT_ROWS) * CUT_ROWS
        slots = slots_in_a_day(step)
        if slots:
            self.day, self.mean_day, self.week = SameTime(slots), SameTime(slots), WeekAgo(slots)
            for name in _DAILY:
                self.ranges[name].warm = max(rows_a_day, self.ranges[name].warm)

    def state(self) -> dict[str, Plain]:
        """All that is remembered as JSON values, about 45 kB once the times of day are known."""
        return {
            "version": VERSION,
            "order": self.order.state(),
            "now": [self.rows, self.generation, self.spoke_at, self.spoke_size, *self.floors],
            "opening": list(self.opening),
            "ranges": {name: known.state() for name, known in self.ranges.items()},
            "means": {name: mean.state() for name, mean in self.means.items()},
            "calm": self.calm.state(),
            "quiet": self.quiet.state(),
            "day": self.day.state() if self.day else None,
            "mean_day": self.mean_day.state() if self.mean_day else None,
            "week": self.week.state() if self.week else None,
        }

    @classmethod
    def from_state(cls, state: Plain) -> "Detector":
        """The inverse of `state`; raises ValueError for a state that is not of this version."""
        if field(state, "version") != VERSION:
            raise ValueError("the detector's state is of another version; let it learn anew")
        rows, generation, spoke_at, spoke_size, floor, daily_floor = read_numbers(field(state, "now"), 6)
        opening, ranges, means = (field(state, name) for name in ("opening", "ranges", "means"))
        day, mean_day, week = (field(state, name) for name in ("day", "mean_day", "week"))
        return cls(
            ClockOrder.from_state(field(state, "order")), int(rows),
            [number(time) for time in opening] if isinstance(opening, list) else [], int(generation), int(spoke_at), spoke_size,
            (floor, daily_floor),
            {name: Range.from_state(field(ranges, name)) for name in _RANGED},
            {name: Average.from_state(field(means, name)) for name in _SPANS},
            Calm.from_state(field(state, "calm")), Quiet.from_state(field(state, "quiet")),
            SameTime.from_state(day) if day else None, SameTime.from_state(mean_day) if mean_day else None,
            WeekAgo.from_state(week) if week else None,
        )  # fmt: skip


def is_overdue(detector: Detector, now: float, step_s: float, patience: float = 5.0) -> bool:
    """Whether the series has fallen silent: nothing usable for `patience` steps of `step_s` seconds until `now`."""
    return math.isfinite(detector.order.last) and now - detector.order.last > patience * step_s
