"""A line that climbs and is reset again and again: rotated logs, collected garbage, emptied queues."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_DROP_ROWS = 3
_SHARE = 0.3
_NOISE = 8.0


@dataclass(frozen=True, slots=True)
class Teeth:
    """Past teeth: `peaks` before and `troughs` after each reset, `lengths` in rows and `slopes` per row of the climbs.

    `level` is the series now, `slope` and `age` those of the unfinished tooth (in rows), `noise` is a standard deviation.
    """

    peaks: Floats
    troughs: Floats
    lengths: Floats
    slopes: Floats
    level: float
    slope: float
    age: int
    noise: float


def find_teeth(values: Floats) -> Teeth | None:
    """The teeth of a series that rises slowly and falls within three rows at least three times; None for any other."""
    rows = resets(values)
    if len(rows) < 3:
        return None
    edges = [0, *rows, len(values)]
    climbs = [values[start:end] for start, end in pairwise(edges)]
    whole = climbs[1:-1]
    lines = [_climb(climb) for climb in whole]
    if any(len(climb) < 4 for climb in whole) or float(np.median([slope for slope, _, _ in lines])) <= 0:
        return None
    slopes, troughs, peaks = (np.array(column) for column in zip(*lines, strict=True))
    usual = float(np.median(slopes))
    slope, _, level = _climb(climbs[-1]) if len(climbs[-1]) >= 8 else (usual, 0.0, float(values[-1]))
    lengths = np.array([len(climb) for climb in whole], dtype=float)
    return Teeth(peaks, troughs, lengths, slopes, level, slope if slope > 0 else usual, len(climbs[-1]), _noise(values))


def simulate_teeth(teeth: Teeth, steps: int, paths: int, random: np.random.Generator) -> Floats:
    """Futures of shape (paths, steps): each climbs and is reset at a height, or after a time, as the past ones were.

    Whether height or time rules is what varied less in the past. Peaks and troughs follow their own trend over the teeth.
    """
    by_height = _variation(teeth.peaks - teeth.troughs.mean()) <= _variation(teeth.lengths)
    made = len(teeth.peaks)
    level, slope = np.full(paths, teeth.level), np.full(paths, teeth.slope)
    age, tooth = np.full(paths, teeth.age), np.zeros(paths, dtype=int)
    peaks, troughs = _Heights(teeth.peaks, paths, random), _Heights(teeth.troughs, paths, random)
    top = peaks.draw(tooth)
    last = random.choice(teeth.lengths, paths)
    out = np.empty((paths, steps))
    for step in range(steps):
        level, age = level + slope, age + 1
        over = level > top if by_height else age > last
        if over.any():
            tooth[over] += 1
            level[over] = troughs.draw(tooth)[over]
            top[over] = peaks.draw(tooth)[over]
            slope[over] = teeth.slopes[random.integers(0, made, int(over.sum()))]
            last[over] = random.choice(teeth.lengths, int(over.sum()))
            age[over] = 0
        out[:, step] = level
    return np.asarray(out + teeth.noise * random.standard_normal((paths, steps)), dtype=float)


class _Heights:
    """Peaks or troughs to come: the past ones' trend over the teeth, if there is a plain one, and a past deviation from it."""

    def __init__(self, past: Floats, paths: int, random: np.random.Generator) -> None:
        rows = np.arange(len(past)) - (len(past) - 1) / 2
        slope = float(rows @ past) / float(rows @ rows)
        rest = past - past.mean() - slope * rows
        error = float(np.sqrt(rest @ rest / max(len(past) - 2, 1) / (rows @ rows)))
        if len(past) < 4 or abs(slope) < 3 * error:
            slope, error, rest = 0.0, 0.0, past - past.mean()
        self._slopes = slope + error * random.standard_normal(paths)
        self._middle, self._ahead, self._rest, self._random = float(past.mean()), (len(past) + 1) / 2, rest, random

    def draw(self, tooth: NDArray[np.int64]) -> Floats:
        """A height for each path, for the tooth that many after the present one."""
        return np.asarray(
            self._middle + self._slopes * (self._ahead + tooth) + self._random.choice(self._rest, len(tooth)), dtype=float
        )


def _climb(values: Floats) -> tuple[float, float, float]:
    """Slope, first and last value of the line through one climb."""
    rows = np.arange(len(values)) - (len(values) - 1) / 2
    slope = float(rows @ values) / float(rows @ rows)
    return slope, float(values.mean() + slope * rows[0]), float(values.mean() + slope * rows[-1])


def resets(values: Floats) -> list[int]:
    """First rows after a fall of a third of the range within three rows that no equally fast rise mirrors."""
    if len(values) < 4 * _DROP_ROWS:
        return []
    change = values[_DROP_ROWS:] - values[:-_DROP_ROWS]
    bar = max(_SHARE * float(np.ptp(values)), _NOISE * _noise(values))
    if bar <= 0 or float(change.max()) > 0.6 * -float(change.min()):
        return []
    rows: list[int] = []
    for row in np.flatnonzero(change < -bar):
        steepest = int(row + 1 + np.argmin(np.diff(values[row : row + _DROP_ROWS + 1])))
        if not rows or steepest - rows[-1] > _DROP_ROWS:
            rows.append(steepest)
    return rows


def _noise(values: Floats) -> float:
    """Standard deviation of the fast part, from the median size of second differences."""
    bends = np.abs(np.diff(values, 2))
    return float(np.median(bends)) / 0.6745 / float(np.sqrt(6)) if len(bends) else 0.0


def _variation(values: Floats) -> float:
    middle = abs(float(values.mean()))
    return float(values.std()) / middle if middle > 0 else float("inf")
