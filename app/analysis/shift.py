"""Did a number change, when, and by how much against its own past?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIN_BEFORE = 5
_SPREAD_FLOOR = 0.05


@dataclass(frozen=True, slots=True)
class Shift:
    """`normal` is the median before, `worst` the extreme after, both in the series' unit.

    `score` counts how many robust spreads `worst` lies from `normal`, signed; `onset` is the index of the first point
    after the split that lies beyond half of that way.
    """

    normal: float
    worst: float
    score: float
    onset: int


def robust_shift(values: NDArray[np.float64], split: int) -> Shift | None:
    """How far the points from index `split` on moved from those before it; None with fewer than five points before.

    The score is (extreme - median) / spread, as in BARO (RobustScaler over the window before, FSE 2024), where the spread
    is the interquartile range, floored at 5 % of the median's size so that a flat series does not make everything a shift.
    """
    if split < MIN_BEFORE or split >= len(values):
        return None
    before, after = values[:split], values[split:]
    normal = float(np.median(before))
    low, high = np.percentile(before, [25, 75])
    spread = max(float(high - low), _SPREAD_FLOOR * abs(normal), 1e-9)
    up, down = float(after.max()) - normal, float(after.min()) - normal
    worst = normal + (up if up >= -down else down)
    halfway = normal + (worst - normal) / 2
    beyond = after >= halfway if worst >= normal else after <= halfway
    return Shift(normal, worst, (worst - normal) / spread, split + int(np.argmax(beyond)))


def bad_seconds(times: NDArray[np.float64], is_bad: NDArray[np.bool_]) -> float:
    """Seconds spent on the bad side: each point speaks for the time until the next one."""
    if len(times) < 2:
        return 0.0
    return float(np.diff(times)[is_bad[:-1]].sum())
