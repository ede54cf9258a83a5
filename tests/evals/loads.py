"""Seeded demand: days and weeks, openings, growth, bursts, and what a plan of replicas would have met."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
KINDS = ("daily", "working week", "opening", "growing", "bursty", "batch at night", "noisy", "shifted")
STEP_S = 300.0
DAY = 288


def load(kind: str, seed: int, days: int = 14) -> Floats:
    """Requests per second at each step of five minutes."""
    random = np.random.default_rng([seed, KINDS.index(kind)])
    rows = np.arange(days * DAY)
    hour = rows % DAY / 12
    shape = 1 + 0.7 * np.sin(2 * np.pi * (hour - random.uniform(6, 10)) / 24)
    weekend = np.where(rows // DAY % 7 >= 5, 0.5, 1.0)
    opening = 0.3 + 1.5 * ((hour >= 9) & (hour < 18)) * np.clip((hour - 9) * 4, 0, 1)
    shapes = {
        "daily": shape,
        "working week": shape * weekend,
        "opening": opening * weekend,
        "growing": shape * (1 + 0.04 * rows / DAY),
        "bursty": shape * _bursts(len(rows), random),
        "batch at night": shape + 2.0 * ((hour >= 2) & (hour < 3.5)),
        "noisy": shape,
        "shifted": shape * np.where(rows > random.integers(6, 10) * DAY, 1.6, 1.0),
    }
    size = 0.2 if kind == "noisy" else 0.07
    wander, last = np.empty(len(rows)), 0.0
    for row, shock in enumerate(random.normal(0, size, len(rows))):
        last = 0.6 * last + shock
        wander[row] = last
    return np.asarray(random.uniform(200, 2000) * shapes[kind] * np.exp(wander), dtype=float)


def _bursts(count: int, random: np.random.Generator) -> Floats:
    bursts = np.ones(count)
    for start in np.flatnonzero(random.random(count) < 1 / 400):
        bursts[start : start + int(random.integers(2, 12))] += random.exponential(0.8)
    return bursts


def outcome(loads: Floats, replicas: Floats, per_replica: float, lead: int) -> tuple[float, float, float]:
    """Capacity over demand, share of steps with more demand than capacity, share of demand lost.

    A replica serves once it was asked for `lead` steps on end; the first two days are left out, as both plans learn.
    """
    ready = replicas.copy()
    for back in range(1, lead + 1):
        ready[back:] = np.minimum(ready[back:], replicas[:-back])
    rows = slice(2 * DAY, None)
    capacity, demand = replicas[rows] * per_replica, loads[rows]
    serving = ready[rows] * per_replica
    lost = np.maximum(0, demand - serving)
    return float(capacity.sum() / demand.sum()), float((lost > 0).mean()), float(lost.sum() / demand.sum())
