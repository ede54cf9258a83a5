"""Simulated cloud application: latency, availability and requests every five minutes, a known call graph, silent proxies."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from app.analysis.case import Case, Column, Floats
from tests.evals.incidents.shops import Shop, heavy_noise, reached_from_entry, shop, traffic
from tests.evals.incidents.truth import KnownIncident

STEP_S = 300.0
WINDOW_ROWS = 6
SERVICES = 40
FAULTS = ("delay", "errors", "overload", "slow part")


@dataclass(frozen=True, slots=True)
class _World:
    made: Shop
    times: Floats
    load: Floats
    base: Floats
    silent: frozenset[int]


def five_minutes(count: int, seed: int = 1) -> Iterator[KnownIncident]:
    """`count` incidents; faults spread to callers by the share of their calls that meets them."""
    for number in range(count):
        random = np.random.default_rng([seed, number])
        yield _incident(random, number)


def _incident(random: np.random.Generator, number: int) -> KnownIncident:
    rows = int(random.choice([60, 150, 400]))
    made = shop(random, SERVICES)
    times = 1.7e9 + random.integers(0, 86400) + STEP_S * np.arange(rows + WINDOW_ROWS)
    share = made.share_from_entry()
    load = share[None, :] * traffic(random, times, 40.0)[:, None]
    fault = FAULTS[number % len(FAULTS)]
    base = np.exp(random.normal(np.log(20), 0.8, SERVICES))
    reached = reached_from_entry(made)
    cause = int(random.choice([index for index in reached if share[index] >= 0.1] or reached))
    silent = frozenset(int(i) for i in random.choice(range(1, SERVICES), 11, replace=False) if i != cause)
    world = _World(made, times, load, base, silent)
    latency, available, target = _spread(random, world, cause, fault, rows)
    columns, values = _measured(random, world, latency, available)
    case = Case(times[rows], times[-1], times, columns, values, made.graph(), target=Column(made.names[0], target))
    return KnownIncident(f"five-minutes-{number:03d}", case, made.names[cause], fault)


def _spread(random: np.random.Generator, world: _World, cause: int, fault: str, rows: int) -> tuple[Floats, Floats, str]:
    """Latency in ms and availability in percent of every service, callees included."""
    shape = world.load.shape
    own = world.base * heavy_noise(random, shape, 0.12)
    own *= 1 + 0.3 * (world.load / np.maximum(world.load.mean(axis=0), 1e-9) - 1).clip(-0.5, 2)
    _benign(random, own, rows)
    works = 1 - random.exponential(0.0006, shape) * (random.random(shape) < 0.2)
    during = slice(rows, None)
    hit = random.uniform(0.6, 1.0, WINDOW_ROWS)
    if fault == "errors":
        works[during, cause] *= 1 - random.uniform(0.1, 0.6) * hit
    else:
        added = world.base @ np.ones(SERVICES) * random.uniform(0.15, 1.2) * (0.5 if fault == "slow part" else 1.0)
        own[during, cause] += added * hit
    if fault == "overload":
        world.load[during, cause] *= random.uniform(1.5, 3)
        works[during, cause] *= 1 - random.uniform(0, 0.1) * hit
    latency, available = own.copy(), works.copy()
    for caller in reversed(range(SERVICES)):
        for callee, part in world.made.calls[caller]:
            latency[:, caller] += part * latency[:, callee]
            available[:, caller] *= 1 - part * (1 - available[:, callee])
    return latency, 100 * available, "availability" if fault == "errors" else "latency"


def _benign(random: np.random.Generator, own: Floats, rows: int) -> None:
    """Short slow spells of other services in the past and, now and then, in the window."""
    for _ in range(int(random.poisson(rows / 40))):
        at, who = int(random.integers(0, rows + WINDOW_ROWS - 2)), int(random.integers(1, SERVICES))
        own[at : at + 2, who] *= random.uniform(1.5, 3.5)


def _measured(random: np.random.Generator, world: _World, latency: Floats, available: Floats) -> tuple[list[Column], Floats]:
    columns: list[Column] = []
    parts: list[Floats] = []
    for index, name in enumerate(world.made.names):
        requests = random.poisson(world.load[:, index] * STEP_S).astype(np.float64)
        kept = np.where(requests > 0, 1.0, np.nan)
        if index not in world.silent:
            tail = latency[:, index] * random.uniform(1.8, 3) * heavy_noise(random, (len(latency),), 0.08)
            failed = random.binomial(np.maximum(requests, 1).astype(np.int64), np.clip(1 - available[:, index] / 100, 0, 1))
            for metric, series in (
                ("latency", latency[:, index]),
                ("latency_p95", tail),
                ("availability", 100 * (1 - failed / np.maximum(requests, 1))),
            ):
                columns.append(Column(name, metric))
                parts.append(series * kept)
        if index not in world.silent or random.random() < 0.5:
            columns.append(Column(name, "requests"))
            parts.append(requests)
    return columns, np.stack(parts, axis=1)
