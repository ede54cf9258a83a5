"""How far each number of each service left its own past, in the direction that is bad for it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.analysis.case import Floats, Integers
from app.analysis.past import Windows, quantiles

MIN_ROWS = 5
HIGHEST = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Per column, how a move counts: weights of a rise and of a fall, and the smallest spread.

    `floor` is a share of the usual value and `least` is in the column's own unit; the larger of the two counts.
    """

    up: Floats
    down: Floats
    floor: Floats
    least: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """`scores` (windows, columns): spreads away from normal, the incident last; `normal` and `worst` (columns,) in units."""

    scores: Floats
    normal: Floats
    worst: Floats


def moves(times: Floats, values: Floats, judged: Judged, windows: Windows) -> Moves:
    """Robust jumps of each column in the incident's window and, by the same rule, in each past window.

    A jump is (high value in the window - median before) / spread, mirrored for falls, against the whole normal time and
    against the stretch of the window's length just before, the smaller of both. The high value is the second highest row,
    at most the 90th percentile. The spread is the interquartile range of the normal time with floors. After BARO (FSE
    2024), which takes the maximum over the interquartile range.
    Columns with fewer than five numbers in the normal time score 0.
    """
    is_normal = (times >= windows.first) & (times < windows.normal_end)
    normal = values[is_normal]
    low, middle, high = quantiles(normal, (0.25, 0.5, 0.75))
    spread = np.maximum.reduce([high - low, judged.floor * np.abs(middle), judged.least])
    seen = values[(times >= windows.first) & (times < windows.end)]
    reach = quantiles(seen, (1.0,))[0] - quantiles(seen, (0.0,))[0]
    spread = np.where(spread > 1e-12, spread, np.maximum(reach / 100, 1e-12))
    enough = np.isfinite(normal).sum(axis=0) >= MIN_ROWS
    scores = np.zeros((len(windows.past) + 1, values.shape[1]))
    worst = middle
    for index, (begin, end) in enumerate(windows.spans()):
        until = windows.normal_end if begin >= windows.start else begin
        rise, fall, worst = _jump(times, values, middle, begin, end, until)
        score = np.maximum(judged.up * rise, judged.down * fall) / spread
        scores[index] = np.where(enough & np.isfinite(score), np.maximum(score, 0.0), 0.0)
    return Moves(scores, middle, worst)


def _jump(times: Floats, values: Floats, middle: Floats, begin: float, end: float, until: float) -> tuple[Floats, Floats, Floats]:
    inside = values[_rows(times, begin, end)]
    high = _level(len(inside))
    bottom, top = quantiles(inside, (1 - high, high))
    stop = int(np.searchsorted(times, until))
    local = values[max(stop - max(len(inside), MIN_ROWS), 0) : stop]
    near = quantiles(local, (0.5,))[0] if len(local) >= MIN_ROWS else middle
    near = np.where(np.isfinite(near), near, middle)
    rise = top - np.maximum(middle, near)
    fall = np.minimum(middle, near) - bottom
    return rise, fall, np.where(rise >= fall, top, bottom)


def _level(rows: int) -> float:
    """The quantile that stands for a window: the second highest row, so that one freak is not enough, and at most the 90th."""
    return min(max((rows - 2) / (rows - 1), 0.5), HIGHEST) if rows > 2 else 0.5


def _rows(times: Floats, begin: float, end: float) -> slice:
    first, last = np.searchsorted(times, [begin, end])
    return slice(int(first), int(last))


def by_owner(scores: Floats, owners: Integers, count: int) -> tuple[Floats, NDArray[np.int64]]:
    """The best column of each owner: scores (windows, count) and, for the last window, its column (-1 without any)."""
    best = np.zeros((len(scores), count))
    column = np.full(count, -1, dtype=np.int64)
    for index in np.argsort(scores[-1], kind="stable").tolist():
        owner = int(owners[index])
        best[:, owner] = np.maximum(best[:, owner], scores[:, index])
        column[owner] = index
    return best, column


def judged_by(weights: Sequence[tuple[float, float, float]], least: Floats | None = None) -> Judged:
    """`Judged` from (up, down, floor) per column."""
    table = np.asarray(weights, dtype=np.float64).reshape(-1, 3)
    return Judged(table[:, 0], table[:, 1], table[:, 2], np.zeros(len(table)) if least is None else least)
