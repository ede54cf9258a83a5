"""Seeded years of metrics in which nothing is wrong: what a budget of alerts has to hold on."""

import numpy as np

DAY = 288
KINDS = (
    "white",
    "wandering",
    "daily",
    "weekly load",
    "lognormal",
    "counts",
    "rare spikes",
    "growing",
    "heavy tails",
    "saw-tooth",
    "random walk",
)


def year(kind: str, seed: int, days: int = 365) -> list[float]:
    """One value each five minutes."""
    random = np.random.default_rng([seed, KINDS.index(kind)])
    rows = np.arange(days * DAY)
    noise, season = random.normal(0, 1, len(rows)), np.sin(2 * np.pi * rows / DAY)
    weekend = np.where(rows // DAY % 7 >= 5, 1.4, 1.0)
    shapes = {
        "white": 50 + noise,
        "wandering": 50 + _wandering(noise),
        "daily": 100 + 30 * season + 5 * noise,
        "weekly load": 200 * (1.5 + season) / weekend * np.exp(0.1 * noise),
        "lognormal": np.exp(noise),
        "counts": random.poisson(3, len(rows)).astype(float),
        "rare spikes": 10 + noise + np.where(random.random(len(rows)) < 0.003, random.exponential(40, len(rows)), 0),
        "growing": 100 + 0.002 * rows + 10 * season + 3 * noise,
        "heavy tails": random.standard_t(3, len(rows)),
        "saw-tooth": rows % 2016 / 20 + noise,
        "random walk": 100 + np.cumsum(0.2 * noise),
    }
    values: list[float] = shapes[kind].tolist()
    return values


def _wandering(noise: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    out, last = np.empty(len(noise)), 0.0
    for row, shock in enumerate(noise.tolist()):
        last = 0.95 * last + shock
        out[row] = last
    return out
