"""Made-up shops: who calls whom, and how much traffic passes at each hour."""

from dataclasses import dataclass

import numpy as np

from app.analysis.case import Floats


@dataclass(frozen=True, slots=True)
class Shop:
    """`names[0]` is the entry. `calls[i]` are the callees of service i with the share of its requests that call them."""

    names: tuple[str, ...]
    calls: tuple[tuple[tuple[int, float], ...], ...]

    def graph(self) -> dict[str, list[str]]:
        """The calls by name."""
        return {self.names[i]: [self.names[j] for j, _ in callees] for i, callees in enumerate(self.calls) if callees}

    def share_from_entry(self) -> Floats:
        """Expected calls of each service for one request at the entry."""
        share = np.zeros(len(self.names))
        share[0] = 1.0
        for caller, callees in enumerate(self.calls):
            for callee, part in callees:
                share[callee] += share[caller] * part
        return share


def shop(random: np.random.Generator, services: int, widest: int = 4) -> Shop:
    """A random shop without cycles: every service but the entry is called by one to three earlier ones."""
    calls: list[list[tuple[int, float]]] = [[] for _ in range(services)]
    for callee in range(1, services):
        free = [caller for caller in range(max(0, callee - 12), callee) if len(calls[caller]) < widest] or [callee - 1]
        for caller in random.choice(free, size=min(len(free), int(random.choice([1, 1, 1, 2, 3]))), replace=False):
            calls[caller].append((callee, float(random.choice([0.15, 0.4, 0.8, 1.0, 1.0]))))
    order = random.permutation(services * 3)[:services]
    return Shop(
        tuple(f"service-{chr(97 + number // 26)}{chr(97 + number % 26)}" for number in order), tuple(tuple(row) for row in calls)
    )


def traffic(random: np.random.Generator, times: Floats, base: float) -> Floats:
    """Requests a second with a daily wave, slow wander and noise."""
    wave = 1 + 0.35 * np.sin(2 * np.pi * times / 86400 + random.uniform(0, 6.28))
    steps = random.normal(0, 1, len(times))
    wander = np.convolve(steps, np.ones(12) / 12, mode="same") * 0.15
    found: Floats = base * np.maximum(wave + wander + random.normal(0, 0.05, len(times)), 0.05)
    return found


def heavy_noise(random: np.random.Generator, shape: tuple[int, ...], size: float) -> Floats:
    """Multiplicative noise around 1 with the fat tail of real latencies."""
    found: Floats = np.exp(size * random.standard_t(4, shape))
    return np.clip(found, 0.2, 12.0)


def reached_from_entry(made: Shop) -> list[int]:
    """Services that at least one request in fifty passes, the entry left out."""
    share = made.share_from_entry()
    return [index for index in range(1, len(made.names)) if share[index] >= 0.02]
