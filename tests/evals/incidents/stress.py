"""Simulated small shop: processor, memory and latency a second, with one service stressed; no call graph is told."""

from collections.abc import Iterator

import numpy as np

from app.analysis.case import Case, Column, Floats
from tests.evals.incidents.shops import heavy_noise, shop, traffic
from tests.evals.incidents.truth import KnownIncident

SERVICES = 14
FAULTS = ("cpu", "memory", "disk", "delay", "loss")


def stress(count: int, seed: int = 1) -> Iterator[KnownIncident]:
    """`count` incidents of 5 to 20 minutes; about one number in ten hardly ever moves, and some spike by themselves."""
    for number in range(count):
        random = np.random.default_rng([seed, 7, number])
        yield _incident(random, number)


def _incident(random: np.random.Generator, number: int) -> KnownIncident:
    before, after = int(random.choice([300, 600, 1200])), int(random.choice([300, 600]))
    made = shop(random, SERVICES)
    times = 1.7e9 + np.arange(before + after, dtype=np.float64)
    fault = FAULTS[number % len(FAULTS)]
    cause = int(random.integers(1, SERVICES))
    share = np.maximum(made.share_from_entry(), 0.1)
    load = share[None, :] * traffic(random, times, 30.0)[:, None]
    ramp = np.clip((np.arange(before + after) - before - random.uniform(0, 20)) / random.uniform(5, 60), 0, 1)
    cpu = load * np.exp(random.normal(-4, 0.6, SERVICES)) * heavy_noise(random, load.shape, 0.1)
    memory = np.exp(random.normal(5, 0.5, SERVICES)) * (1 + 0.002 * np.cumsum(random.normal(0, 0.2, load.shape), axis=0))
    disk = load * 0.2 * heavy_noise(random, load.shape, 0.5)
    own = np.exp(random.normal(2.3, 0.6, SERVICES)) * heavy_noise(random, load.shape, 0.15)
    _break(random, fault, cause, ramp, {"cpu": cpu, "memory": memory, "disk": disk, "own": own})
    latency = own.copy()
    for caller in reversed(range(SERVICES)):
        for callee, part in made.calls[caller]:
            latency[:, caller] += part * latency[:, callee]
    cpu *= 1 - 0.3 * ramp[:, None] * (latency > 3 * np.median(latency, axis=0))
    columns, parts = [], []
    for metric, numbers in (("cpu", cpu), ("mem", memory), ("latency", latency), ("load", load), ("diskio", disk)):
        for index in range(SERVICES):
            columns.append(Column(made.names[index], metric))
            parts.append(_coarse(random, numbers[:, index], metric))
    case = Case(times[before], times[-1], times, columns, np.stack(parts, axis=1))
    return KnownIncident(f"stress-{number:03d}", case, made.names[cause], fault)


def _break(random: np.random.Generator, fault: str, cause: int, ramp: Floats, numbers: dict[str, Floats]) -> None:
    own = numbers["own"]
    if fault == "cpu":
        numbers["cpu"][:, cause] += ramp * random.uniform(0.6, 1.0) * 2
        own[:, cause] *= 1 + ramp * random.uniform(0.5, 6)
    elif fault == "memory":
        numbers["memory"][:, cause] *= 1 + ramp * random.uniform(0.3, 2)
        own[:, cause] *= 1 + ramp * random.uniform(0, 2)
    elif fault == "disk":
        numbers["disk"][:, cause] += ramp * random.uniform(5, 60) * numbers["disk"][:, cause].mean()
        own[:, cause] *= 1 + ramp * random.uniform(0.3, 4)
    elif fault == "delay":
        own[:, cause] += ramp * random.uniform(100, 800)
    else:
        lost = random.random(len(ramp)) < random.uniform(0.2, 0.5)
        own[:, cause] += ramp * lost * random.uniform(200, 1500)
        numbers["cpu"][:, cause] *= 1 - 0.2 * ramp


def _coarse(random: np.random.Generator, series: Floats, metric: str) -> Floats:
    """As collectors give it: held for some seconds, rounded, now and then missing or with a freak value."""
    hold = int(random.choice([1, 5, 15]))
    held = series[(np.arange(len(series)) // hold) * hold].copy()
    if metric == "mem" and random.random() < 0.2:
        held = np.round(held / held.mean(), 2) * held.mean()
    freak = random.random(len(held)) < 0.0015
    held[freak] *= random.uniform(2, 6, int(freak.sum()))
    held[random.random(len(held)) < 0.01] = np.nan
    return held
