"""How many replicas will the load need by the time they have started? A reactive plan, and one that looks a start ahead."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DAY_S = 86_400.0
TOLERANCE = 0.1
HOLD_STEPS = 6
_DAYS = 7
_QUANTILE = 0.8
_GROWTH = (0.5, 3.0)
_SMOOTH = 0.5


@dataclass(frozen=True, slots=True)
class Capacity:
    """What one replica carries (in the load's unit), how full it should be (0..1), how many there may be, and how long one
    takes to start."""

    per_replica: float
    target_utilisation: float
    least: int
    most: int
    startup_s: float

    def __post_init__(self) -> None:
        if not self.per_replica > 0 or not 0 < self.target_utilisation <= 1:
            raise ValueError("a replica carries more than nothing, and its target utilisation lies above 0 and at most at 1")
        if not 0 <= self.least <= self.most or not self.startup_s >= 0:
            raise ValueError("0 <= least <= most replicas, and a start takes no negative time")

    def needed(self, load: float) -> int:
        """Replicas for this load at the target utilisation, within the bounds."""
        return int(min(max(np.ceil(load / (self.per_replica * self.target_utilisation) - 1e-9), self.least), self.most))


def plan_reactively(loads: Sequence[float], capacity: Capacity) -> list[int]:
    """Replicas asked for at each step from the load of that step alone; NaN keeps what was asked for.

    The rule of the Kubernetes HorizontalPodAutoscaler: ceil(load / (per replica x target)), unchanged while within 10 % of it,
    and down only to the highest that was needed in the last six steps.
    """
    return [reactive for reactive, _ in _plans(loads, [0.0] * len(loads), capacity)]


def plan_ahead(loads: Sequence[float], step_s: float, capacity: Capacity) -> list[int]:
    """Replicas asked for at each step, knowing the loads up to that step: what the load will need one start from now, if that is
    more than the reactive plan asks for. It never asks for fewer, so a wrong forecast costs money and no availability.
    """
    return [
        max(reactive, ahead) for reactive, ahead in _plans(loads, expected_loads(loads, step_s, capacity.startup_s), capacity)
    ]


def expected_loads(loads: Sequence[float], step_s: float, startup_s: float) -> Floats:
    """At each step the highest load expected until a replica asked for now is up; 0 while less than a day is known.

    Half the .8-quantile of the load at that time on up to seven days before, half the present load times the median growth from
    this time to that one on those days, kept within .5 and 3.
    """
    known = _filled(loads)
    day, lead = round(DAY_S / step_s), max(1, int(np.ceil(startup_s / step_s)))
    expected = np.zeros(len(known))
    for ahead in range(1, lead + 1):
        if ahead < day:
            expected = np.maximum(expected, _expected(known, day, ahead))
    return expected


def _expected(known: Floats, day: int, ahead: int) -> Floats:
    count = len(known)
    then, there = np.full((_DAYS, count), np.nan), np.full((_DAYS, count), np.nan)
    level = _levelled(known)
    for back in range(1, _DAYS + 1):
        lag = back * day
        if lag >= count:
            break
        there[back - 1, lag:] = known[ahead : ahead + count - lag]
        then[back - 1, lag:] = level[: count - lag]
    expected = np.zeros(count)
    rows = slice(day, count)
    if day >= count:
        return expected
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        growth = np.clip(np.where(then > 0, there / then, 1.0), *_GROWTH)
    growth[np.isnan(there)] = np.nan
    usual = _quantile(there[:, rows], _QUANTILE)
    grown = level[rows] * _quantile(growth[:, rows], 0.5)
    expected[rows] = (usual + grown) / 2
    return expected


def _quantile(table: Floats, share: float) -> Floats:
    """The quantile of each column's known values, at least one each; nanquantile takes thirty times as long."""
    ranked = np.sort(table, axis=0)
    place = share * (np.isfinite(ranked).sum(axis=0) - 1)
    below = np.floor(place).astype(np.intp)
    low, high = (np.take_along_axis(ranked, rank[None, :], axis=0)[0] for rank in (below, np.ceil(place).astype(np.intp)))
    return np.asarray(low + (place - below) * (high - low), dtype=float)


def _levelled(known: Floats) -> Floats:
    level = np.empty(len(known))
    last = known[0] if len(known) else 0.0
    for row, load in enumerate(known):
        last += _SMOOTH * (load - last)
        level[row] = last
    return level


def _filled(loads: Sequence[float]) -> Floats:
    """The loads with gaps and negative numbers replaced by the last usable one (0 before the first)."""
    known = np.asarray(loads, dtype=float)
    usable = np.isfinite(known) & (known >= 0)
    last = np.maximum.accumulate(np.where(usable, np.arange(len(known)), -1))
    return np.where(last >= 0, known[last], 0.0) if len(known) else known


def _plans(loads: Sequence[float], expected: Sequence[float] | Floats, capacity: Capacity) -> list[tuple[int, int]]:
    """The reactive plan, and what the expected load needs, step by step."""
    asked = capacity.least
    needs: list[int] = []
    plans = []
    for load, ahead in zip(_filled(loads).tolist(), expected, strict=True):
        full = asked * capacity.per_replica * capacity.target_utilisation
        is_near = asked > 0 and abs(load - full) <= TOLERANCE * full
        needs.append(asked if is_near else capacity.needed(load))
        asked = min(max(needs[-HOLD_STEPS:]), capacity.most)
        plans.append((asked, capacity.needed(float(ahead))))
    return plans
