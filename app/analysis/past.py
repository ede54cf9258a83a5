"""The stretches of the past that an incident is compared with, and how surprising a score is against them."""

from dataclasses import dataclass

import numpy as np

from app.analysis.case import Floats

LATE_S = 120.0
PAST_WINDOWS = 24
LONGEST_GAP_S = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """The incident's window and windows of the normal time before it, epoch seconds.

    The normal time is [`first`, `normal_end`): the last two minutes before the start (at most a tenth of the past) are
    left out, because detection is late and the trouble may already be in them. `past` holds the starts of up to 24
    windows of `length` seconds within the normal time, earliest first; `covered` is the seconds of it without gaps.
    """

    first: float
    normal_end: float
    start: float
    end: float
    past: Floats
    length: float
    covered: float

    @property
    def trusted(self) -> float:
        """The quantile that stands for the worst of the past: one stretch of the length of a window may be odd."""
        fits = self.covered / self.length if self.length > 0 else 0.0
        return float(np.clip(1.0 - 1.0 / max(fits, 1.0), 0.5, 0.95))

    def spans(self) -> list[tuple[float, float]]:
        """The past windows and, last, the incident's, as (from, to)."""
        return [(float(at), float(at) + self.length) for at in self.past] + [(self.start, self.end)]


def windows_of(times: Floats, start: float, end: float) -> Windows:
    """Windows of the normal time in `times` (ascending epoch seconds) before `start`.

    Windows are as long as the incident, but at most a quarter of the normal time. They start at evenly spaced rows, so
    that a gap in the past is stepped over. Without anything before `start` there are no past windows.
    """
    until = float(np.nextafter(end, np.inf))
    before = times[times < start]
    if len(before) == 0:
        return Windows(start, start, start, until, np.empty(0), end - start, 0.0)
    first = float(before[0])
    steps = np.diff(np.r_[before, start])
    covered = float(np.minimum(steps, max(LONGEST_GAP_S, 3 * float(np.median(steps)))).sum())
    normal_end = start - min(LATE_S, covered / 10)
    length = min(end - start, covered / 4)
    possible = before[before <= normal_end - length]
    count = min(PAST_WINDOWS, len(possible))
    rows = np.unique(np.linspace(0, len(possible) - 1, count).astype(np.int64)) if count else np.empty(0, dtype=np.int64)
    return Windows(first, normal_end, start, until, possible[rows], length, covered)


def quantiles(values: Floats, levels: tuple[float, ...]) -> Floats:
    """(levels, columns): quantiles of each column of (rows, columns), NaN ignored; NaN where a column has no number."""
    rows, columns = values.shape
    if rows == 0:
        return np.full((len(levels), columns), np.nan)
    ordered = np.sort(values, axis=0)
    last = np.maximum(np.isfinite(ordered).sum(axis=0) - 1, 0)
    at = np.asarray(levels)[:, None] * last[None, :]
    low = np.floor(at).astype(np.int64)
    high = np.minimum(low + 1, last[None, :])
    index = np.arange(columns)[None, :]
    below: Floats = ordered[low, index]
    above: Floats = ordered[high, index]
    found: Floats = below + (above - below) * (at - low)
    return found


def surprises(scores: Floats, level: float) -> Floats:
    """How far every score lies beyond its own past, in doublings; never below 0 and 0 where nothing is known.

    `scores` is (windows, columns), at least 0, the incident's window last. A column's yardstick is the quantile `level` of
    its past windows, and one unit is added on both sides, so that a column that never moved needs more than a trifle.
    """
    known = quantiles(scores[:-1], (level,))[0] if len(scores) > 1 else np.zeros(scores.shape[1])
    yardstick = np.where(np.isfinite(known), known, 0.0)
    beyond = np.log2((1.0 + np.nan_to_num(scores, nan=0.0, posinf=0.0)) / (1.0 + yardstick))
    return np.maximum(beyond, 0.0)
