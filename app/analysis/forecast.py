"""When will this line cross its limit? Simulated futures of a series, and the time each of them first crosses."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.analysis.sawtooth import find_teeth, simulate_teeth
from app.analysis.trend import Trend, fit_trend

Floats = NDArray[np.float64]
PATHS = 400
MOST_STEPS = 2_000
MOST_ROWS = 4_000
LEAST_ROWS = 8
_INTERVAL = (0.1, 0.9)
_LIKELY = 0.5
_LARGEST = 1e100


@dataclass(frozen=True, slots=True)
class Breach:
    """Seconds from the last value to the first crossing: its median, and the 80 % interval of that first-crossing time."""

    eta_s: float
    earliest_s: float
    latest_s: float


def time_to_breach(
    values: Floats, step_s: float, threshold: float, is_above: bool, horizon_s: float, seed: int = 0
) -> Breach | None:
    """When `values` (evenly spaced by `step_s`, the last one now) first reach `threshold`; None if that is unlikely in time.

    Unlikely means: fewer than half of 400 simulated futures cross within `horizon_s`. The interval is of the first-crossing times
    themselves; quantiles of the value at each time would cross later than that. `latest_s` is at most the horizon. A series
    that is beyond already answers 0. Gaps (NaN, or beyond 1e100) are bridged. Fewer than eight usable values, or a step or
    horizon that is not positive, give None.
    """
    known = _bridged(values)
    if len(known) < LEAST_ROWS or not step_s > 0 or not horizon_s >= step_s or not np.isfinite(threshold):
        return None
    upward, limit = (known, threshold) if is_above else (-known, -threshold)
    if upward[-1] >= limit:
        return Breach(0.0, 0.0, 0.0)
    upward, coarse_s = _coarsened(upward, step_s, horizon_s)
    steps = min(int(horizon_s / coarse_s), MOST_STEPS)
    paths = simulate(upward, steps, coarse_s, np.random.default_rng(seed))
    return _first_crossing(paths >= limit, coarse_s)


def simulate(values: Floats, steps: int, step_s: float, random: np.random.Generator) -> Floats:
    """Futures of a series: an array of (400 paths, `steps`) that goes on from the last value.

    A saw-tooth goes on as teeth; anything else as a line with its season, and around it stretches of its own past residuals,
    which keep noise, steps and wandering as they were.
    """
    teeth = find_teeth(values)
    if teeth is not None:
        return simulate_teeth(teeth, steps, PATHS, random)
    return _around(fit_trend(values, step_s), steps, random)


def _around(trend: Trend, steps: int, random: np.random.Generator) -> Floats:
    ahead = np.arange(1, steps + 1)
    slopes = trend.slope + trend.slope_error * random.standard_normal(PATHS)
    rest, level = trend.residuals, trend.levels
    starts = _alike(level, random)
    stretches = rest[(starts[:, None] + ahead[None, :]) % len(rest)]
    apart = (level[-1] - level[starts])[:, None] * trend.fade(ahead)[None, :]
    line = trend.now + trend.season(ahead)[None, :] + slopes[:, None] * ahead[None, :]
    return np.asarray(line + stretches + apart, dtype=float)


def _alike(level: Floats, random: np.random.Generator) -> NDArray[np.intp]:
    """Past rows at which the series lay about as far from its line as now."""
    near = np.argsort(np.abs(level - level[-1]), kind="stable")[: max(8, len(level) // 3)]
    return random.choice(near, PATHS)


def _bridged(values: Floats) -> Floats:
    known = np.flatnonzero(np.abs(values) < _LARGEST)
    if not len(known):
        return np.empty(0)
    rows = np.arange(known[0], known[-1] + 1)
    return np.asarray(np.interp(rows, known, values[known]), dtype=float)[-MOST_ROWS:]


def _coarsened(values: Floats, step_s: float, horizon_s: float) -> tuple[Floats, float]:
    """The highest value of each group of rows, in groups so large that the horizon has at most 2,000 steps."""
    group = int(np.ceil(horizon_s / step_s / MOST_STEPS))
    if group <= 1 or len(values) // group < LEAST_ROWS:
        return values, step_s
    whole = len(values) // group * group
    return values[-whole:].reshape(-1, group).max(axis=1), step_s * group


def _first_crossing(beyond: NDArray[np.bool_], step_s: float) -> Breach | None:
    crosses = beyond.any(axis=1)
    if crosses.mean() < _LIKELY:
        return None
    first = np.where(crosses, beyond.argmax(axis=1) + 1, beyond.shape[1]).astype(float)
    early, late = np.quantile(first, _INTERVAL, method="inverted_cdf")
    return Breach(float(np.median(first)) * step_s, float(early) * step_s, float(late) * step_s)
