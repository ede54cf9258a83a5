"""Keeps what was scraped of one number of one service, and derives its value over a short window.

A counter's increase is taken between two scrapes of the same page: a fall means a restart and counts from zero, a series
that was not there at the last scrape began at zero.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from app.adapters.metrics.exposition import Sample
from app.adapters.metrics.selectors import Selector, parse_selector
from app.domain.series import MetricKind, MetricSpec

Key = tuple[str, tuple[tuple[str, str], ...]]
Sums = Mapping[str, float]

_UPPER, _LOWER = "upper", "lower"


@dataclass(frozen=True, slots=True)
class Tick:
    """What one round of scrapes says: at `at` (epoch seconds), covering `covers` seconds, by role (or bucket) the sum of
    levels for gauges, or of increases per second for counters.
    """

    at: float
    covers: float
    sums: Sums


@dataclass(slots=True)
class _Page:
    """The last scrape of one page."""

    at: float
    values: dict[Key, float] = field(default_factory=dict)


class Sampler:
    """One metric of one service over several pages; holds at most `keep` ticks."""

    def __init__(self, spec: MetricSpec, keep: int, window_s: float = 10.0) -> None:
        self.spec = spec
        self._window_s = window_s
        self._roles = _roles(spec)
        self._ticks: deque[Tick] = deque(maxlen=keep)
        self._pages: dict[str, _Page] = {}
        self._at: float | None = None

    @property
    def names(self) -> frozenset[str]:
        """The metric names it reads."""
        return frozenset(selector.name for selector in self._roles.values())

    def take(self, at: float, pages: Mapping[str, Iterable[Sample]]) -> None:
        """Takes one round: the samples of every page that answered, by URL."""
        sums: dict[str, float] = {}
        for url, samples in pages.items():
            values = {(s.name, s.labels): s.value for s in samples if math.isfinite(s.value)}
            before = self._pages.get(url)
            for key, value in values.items():
                self._add(sums, key, value, before, at)
            self._pages[url] = _Page(at, values)
        if sums:
            self._ticks.append(Tick(at, at - self._at if self._at is not None else 0.0, sums))
        if pages:
            self._at = at

    def values(self, start: float, end: float) -> Iterator[tuple[float, float]]:
        """(epoch seconds, value) for every round between two times, oldest first."""
        ticks = tuple(self._ticks)
        first = 0
        for index, tick in enumerate(ticks):
            if not start <= tick.at <= end:
                continue
            while ticks[first].at <= tick.at - self._window_s:
                first += 1
            value = self._derive(ticks[first : index + 1])
            if value is not None and math.isfinite(value):
                yield tick.at, value

    def _add(self, sums: dict[str, float], key: Key, value: float, before: _Page | None, at: float) -> None:
        name, labels = key
        by_label = dict(labels)
        for role, selector in self._roles.items():
            if not selector.accepts(name, by_label):
                continue
            place = by_label.get("le", "") if self.spec.kind is MetricKind.QUANTILE else role
            if self.spec.kind is MetricKind.GAUGE:
                sums[place] = sums.get(place, 0.0) + value
            elif before is not None and at > before.at:
                earlier = before.values.get(key, 0.0)
                increase = value - earlier if value >= earlier else value
                sums[place] = sums.get(place, 0.0) + increase / (at - before.at)

    def _derive(self, ticks: tuple[Tick, ...]) -> float | None:
        if self.spec.kind is MetricKind.GAUGE:
            return _share(ticks[-1].sums, self.spec.denominator != "")
        rates = _mean(ticks)
        if self.spec.kind is MetricKind.RATE:
            return rates.get(_UPPER)
        if self.spec.kind is MetricKind.QUANTILE:
            return histogram_quantile(self.spec.quantile, rates)
        lower = rates.get(_LOWER)
        if lower is None:
            return None
        return rates.get(_UPPER, 0.0) / lower if lower > 0 else 0.0


def histogram_quantile(quantile: float, buckets: Sums) -> float | None:
    """The quantile of a classic histogram from cumulative `le` buckets, as Prometheus interpolates it; None without samples."""
    ordered = sorted((_bound(text), count) for text, count in buckets.items())
    if len(ordered) < 2 or not math.isinf(ordered[-1][0]) or ordered[-1][1] <= 0:
        return None
    rank = quantile * ordered[-1][1]
    index = next(place for place, (_, count) in enumerate(ordered) if count >= rank)
    if index == len(ordered) - 1:
        return ordered[-2][0]
    upper, count = ordered[index]
    lower, below = ordered[index - 1] if index else (0.0, 0.0)
    if index == 0 and upper <= 0:
        return upper
    return lower + (upper - lower) * ((rank - below) / (count - below)) if count > below else upper


def _bound(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _share(sums: Sums, has_denominator: bool) -> float | None:
    upper = sums.get(_UPPER)
    if not has_denominator or upper is None:
        return upper
    lower = sums.get(_LOWER)
    return upper / lower if lower else None


def _mean(ticks: Iterable[Tick]) -> Sums:
    """Mean rates by role over the covered time."""
    totals: dict[str, float] = {}
    covered = 0.0
    for tick in ticks:
        covered += tick.covers
        for role, rate in tick.sums.items():
            totals[role] = totals.get(role, 0.0) + rate * tick.covers
    return {role: total / covered for role, total in totals.items()} if covered > 0 else {}


def _roles(spec: MetricSpec) -> dict[str, Selector]:
    if spec.kind is MetricKind.RATIO:
        return {_UPPER: parse_selector(spec.numerator), _LOWER: parse_selector(spec.denominator)}
    selector = parse_selector(spec.metric)
    if spec.kind is MetricKind.QUANTILE:
        return {_UPPER: selector.with_suffix("_bucket")}
    if spec.kind is MetricKind.GAUGE and spec.denominator:
        return {_UPPER: selector, _LOWER: parse_selector(spec.denominator)}
    return {_UPPER: selector}
