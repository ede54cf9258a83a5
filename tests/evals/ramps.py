"""Seeded series that run towards a limit, or do not: ramps, seasons, saw-teeth and steps on noise that hangs together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
KINDS = ("linear", "bent", "seasonal", "saw-tooth", "leaking saw-tooth", "stepped", "cleaned up", "flat", "flat seasonal")


@dataclass(frozen=True, slots=True)
class Ramp:
    """A series with its true future; `breach_s` is when that first reaches the threshold, None if not within the horizon."""

    kind: str
    values: Floats
    step_s: float
    threshold: float
    horizon_s: float
    breach_s: float | None


def ramp(kind: str, seed: int) -> Ramp:
    """One series of a kind: some days of past, a day or two of horizon."""
    random = np.random.default_rng([seed, KINDS.index(kind)])
    step_s = float(random.choice([300.0, 900.0, 1800.0]))
    day = int(86_400 / step_s)
    past, ahead = int(random.uniform(2, 7) * day), int(random.uniform(0.5, 2) * day)
    whole = 50 + _shape(kind, past, ahead, day, random) + _noise(past + ahead, random)
    values, future = whole[:past], whole[past:]
    threshold = float(max(values[-day:].max(), values[-1]) + random.uniform(0.5, 12))
    if kind == "saw-tooth":
        threshold = float(values.max() + random.uniform(2, 10))
    beyond = np.flatnonzero(future >= threshold)
    return Ramp(kind, values, step_s, threshold, ahead * step_s, float(beyond[0] + 1) * step_s if len(beyond) else None)


def _shape(kind: str, past: int, ahead: int, day: int, random: np.random.Generator) -> Floats:
    rows = np.arange(past + ahead)
    slope = random.uniform(5, 25) / day
    season = random.uniform(3, 10) * np.sin(2 * np.pi * rows / day + random.uniform(0, 6))
    line = slope * rows
    shapes = {
        "linear": line,
        "bent": slope * np.maximum(0, rows - random.uniform(0.4, 0.8) * past),
        "seasonal": line + season,
        "saw-tooth": _saw(rows, random.uniform(0.15, 0.6) * day, random.uniform(15, 30), random),
        "leaking saw-tooth": line + _saw(rows, random.uniform(0.15, 0.6) * day, random.uniform(15, 30), random),
        "stepped": _steps(past + ahead, slope, random),
        "cleaned up": line - np.where(rows > random.uniform(0.3, 0.8) * past, random.uniform(20, 40), 0),
        "flat": 0.0 * line,
        "flat seasonal": season,
    }
    return np.asarray(shapes[kind], dtype=float)


def _saw(rows: NDArray[np.int64], period: float, height: float, random: np.random.Generator) -> Floats:
    lengths = np.maximum(4, period * random.normal(1, 0.05, 400))
    edges = np.concatenate([[0], np.cumsum(lengths)])
    tooth = np.searchsorted(edges, rows, side="right") - 1
    return np.asarray(height * (rows - edges[tooth]) / period, dtype=float)


def _steps(count: int, slope: float, random: np.random.Generator) -> Floats:
    gap = random.uniform(20, 60)
    jumps = (random.random(count) < 1 / gap) * random.exponential(slope * gap, count)
    return np.asarray(np.cumsum(jumps), dtype=float)


def _noise(count: int, random: np.random.Generator) -> Floats:
    alike, size = random.uniform(0, 0.9), random.uniform(0.3, 1.5)
    shocks = (
        size
        * np.sqrt(1 - alike**2)
        * (random.standard_normal(count) if random.random() < 0.6 else random.standard_t(4, count) / 1.4)
    )
    noise = np.empty(count)
    last = 0.0
    for row, shock in enumerate(shocks):
        last = alike * last + shock
        noise[row] = last
    return noise
