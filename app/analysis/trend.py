"""The line a series follows lately, its season, and how it wanders around both."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.analysis.sawtooth import resets

Floats = NDArray[np.float64]
DAY_S = 86_400.0
_LEAST_ROWS = 24
_CHANGED = 4.0
_SEASONAL = 0.35


@dataclass(frozen=True, slots=True)
class Trend:
    """`now` and `slope` (per row, with its standard error) of the line at the last row; `residuals` around line and season.

    `levels` are the residuals smoothed: where the series lay around its line. `profile` is the season by row of its period, empty
    without one, and `phase` the place of the last row in it.
    """

    now: float
    slope: float
    slope_error: float
    residuals: Floats
    levels: Floats
    profile: Floats
    phase: int
    memory: float

    def season(self, ahead: NDArray[np.int64]) -> Floats:
        """The season `ahead` rows after the last one."""
        if not len(self.profile):
            return np.zeros(len(ahead))
        return self.profile[(self.phase + ahead) % len(self.profile)]

    def fade(self, ahead: NDArray[np.int64]) -> Floats:
        """How much of today's distance from the line is still there `ahead` rows later."""
        return np.asarray(self.memory**ahead, dtype=float)


def fit_trend(values: Floats, step_s: float) -> Trend:
    """Fits line and season; the line to the youngest stretch over which the slope did not change plainly."""
    values = _mended(values)
    profile, phase = _season(values, step_s)
    rows = np.arange(len(values))
    plain = values - profile[(phase - (len(values) - 1) + rows) % len(profile)] if len(profile) else values
    start = _youngest_stretch(plain)
    part = plain[start:]
    slope, now, error, rest = _line(part)
    levels = _smoothed(rest)
    error = float(np.hypot(error, _wander(levels)))
    if len(profile):
        rest = rest * np.sqrt(1 + 1 / max(len(values) // len(profile) - 1, 1))
    return Trend(now, slope, error, rest, levels, profile, phase, _memory(levels))


def _line(values: Floats) -> tuple[float, float, float, Floats]:
    """Slope, value at the last row, standard error of the slope (for residuals that hang together), residuals."""
    rows = np.arange(len(values)) - (len(values) - 1) / 2
    spread = float(rows @ rows)
    slope = float(rows @ values) / spread
    middle = float(values.mean())
    rest = values - middle - slope * rows
    variance = float(rest @ rest) / max(len(values) - 2, 1)
    error = np.sqrt(variance / spread * _inflation(rest))
    return slope, middle + slope * float(rows[-1]), float(error), rest


def _mended(values: Floats) -> Floats:
    """The series with what was cleaned up taken off before, too: a fall that is no habit says nothing about the climb."""
    mended = values.copy()
    for row in resets(values):
        width = min(6, row, len(values) - row)
        mended[:row] += np.median(values[row : row + width]) - np.median(values[row - width : row])
    return mended


def _wander(levels: Floats) -> float:
    """Standard error of the slope of a level that wanders: the variance it gathers per row, over the rows that were seen."""
    lag = len(levels) // 8
    if lag < 1:
        return 0.0
    gathered = float(np.mean((levels[lag:] - levels[:-lag]) ** 2)) / lag
    return float(np.sqrt(gathered / len(levels)))


def _inflation(rest: Floats) -> float:
    """By how much the variance of a mean of these residuals exceeds that of independent ones: (1 + r) / (1 - r)."""
    total = float(rest @ rest)
    if total <= 0:
        return 1.0
    alike = min(max(float(rest[1:] @ rest[:-1]) / total, 0.0), 0.98)
    return (1 + alike) / (1 - alike)


def _youngest_stretch(values: Floats) -> int:
    """Row from which the slope is the present one: halves are cut off in front while the two halves' slopes differ plainly."""
    start = 0
    while len(values) - start >= 2 * _LEAST_ROWS:
        middle = start + (len(values) - start) // 2
        before, _, before_error, _ = _line(values[start:middle])
        after, _, after_error, _ = _line(values[middle:])
        if abs(after - before) <= _CHANGED * float(np.hypot(before_error, after_error)):
            break
        start = middle
    return start


def _season(values: Floats, step_s: float) -> tuple[Floats, int]:
    period = _period(values, step_s)
    if not period:
        return np.empty(0), 0
    cycles = min(len(values) // period, 14)
    part = values[-cycles * period :]
    slope, _, _, _ = _line(part)
    table = (part - slope * np.arange(len(part))).reshape(cycles, period)
    profile = np.median(table, axis=0)
    return profile - profile.mean(), period - 1


def _period(values: Floats, step_s: float) -> int:
    """Rows of a day if two days are alike, else the lag at which the series repeats itself best; 0 if it does not."""
    rest = _line(values)[3]
    total = float(rest @ rest)
    if total <= 0:
        return 0
    day = round(DAY_S / step_s)
    if day >= 4 and len(values) >= 2 * day and _likeness(rest, day) >= _SEASONAL:
        return day
    size = 1 << (2 * len(rest) - 1).bit_length()
    power = np.abs(np.fft.rfft(rest, size)) ** 2
    likeness = np.fft.irfft(power, size)[: len(rest) // 3] / total
    below = np.flatnonzero(likeness < 0)
    if not len(below) or below[0] + 4 >= len(likeness):
        return 0
    lag = int(below[0] + np.argmax(likeness[below[0] :]))
    return lag if lag >= 6 and _likeness(rest, lag) >= 0.5 else 0


def _likeness(rest: Floats, lag: int) -> float:
    late, early = rest[lag:], rest[:-lag]
    size = float(np.sqrt((late @ late) * (early @ early)))
    return float(late @ early) / size if size > 0 else 0.0


def _smoothed(rest: Floats) -> Floats:
    width = max(1, min(12, len(rest) // 8))
    summed = np.cumsum(np.concatenate([np.full(width, rest[0]), rest]))
    return np.asarray((summed[width:] - summed[:-width]) / width, dtype=float)


def _memory(levels: Floats) -> float:
    total = float(levels @ levels)
    if total <= 0:
        return 0.0
    lag = max(1, min(12, len(levels) // 8))
    alike = min(max(float(levels[lag:] @ levels[:-lag]) / total, 0.0), 1.0)
    return float(alike ** (1 / lag))
