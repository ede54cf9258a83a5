"""Reads Prometheus text into short histories and works out the value of a rule from them."""

import itertools
import math
import re
from collections import deque
from collections.abc import Iterable, Iterator

from app.drills.rules import WINDOW_S, Rule

SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
MATCHER = re.compile(r'(\w+)(=~|=)"([^"]*)"')
FRESH_S = 2.5

Labels = tuple[tuple[str, str], ...]
Point = tuple[float, float]


class Readings:
    """The last seconds of every series the rules need."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Remember only the metrics of these rules."""
        self._wanted = {name for rule in rules for name in _metric_names(rule)}
        self._series: dict[str, dict[Labels, deque[Point]]] = {name: {} for name in self._wanted}

    def add(self, replica: str, text: str, now: float) -> None:
        """Take in one scrape of one process."""
        for line in text.splitlines():
            found = SAMPLE.match(line)
            if found and found[1] in self._wanted:
                labels = (*sorted(LABEL.findall(found[2] or "")), ("replica", replica))
                self._series[found[1]].setdefault(labels, deque()).append((now, float(found[3])))

    def forget_before(self, moment: float) -> None:
        """Drop old points and the series that have ended."""
        for family in self._series.values():
            for labels, points in list(family.items()):
                while points and points[0][0] < moment:
                    points.popleft()
                if not points:
                    del family[labels]

    def value(self, rule: Rule, now: float) -> float | None:
        """The rule's value at `now`; None when there is nothing to work it out from."""
        if rule.kind == "gauge":
            return self._largest(rule, now)
        if rule.kind == "quantile":
            return self._quantile(rule, now)
        rate = self._rate(rule.metric, now)
        if rule.kind == "rate" or rate is None:
            return rate
        whole = self._rate(rule.denominator, now)
        return rate / whole if whole else None

    def _largest(self, rule: Rule, now: float) -> float | None:
        values = self._latest(rule.metric, now)
        if rule.denominator:
            capacity = self._latest(rule.denominator, now)
            values = {labels: value / capacity[labels] for labels, value in values.items() if capacity.get(labels)}
        return max(values.values(), default=None)

    def _latest(self, selector: str, now: float) -> dict[Labels, float]:
        return {labels: points[-1][1] for labels, points in self._matching(selector) if now - points[-1][0] <= FRESH_S}

    def _rate(self, selector: str, now: float) -> float | None:
        rates = [rate for _, points in self._matching(selector) if (rate := _rate_of(points, now)) is not None]
        return sum(rates) if rates else None

    def _quantile(self, rule: Rule, now: float) -> float | None:
        buckets: dict[float, float] = {}
        for labels, points in self._matching(rule.metric.replace("{", "_bucket{", 1)):
            rate = _rate_of(points, now)
            if rate is not None:
                bound = float(dict(labels)["le"])
                buckets[bound] = buckets.get(bound, 0.0) + rate
        return histogram_quantile(rule.quantile, buckets)

    def _matching(self, selector: str) -> Iterator[tuple[Labels, deque[Point]]]:
        name, _, matchers = selector.partition("{")
        tests = [(key, re.compile(text if sign == "=~" else re.escape(text))) for key, sign, text in MATCHER.findall(matchers)]
        for labels, points in self._series.get(name, {}).items():
            have = dict(labels)
            if all(pattern.fullmatch(have.get(key, "")) for key, pattern in tests):
                yield labels, points


def histogram_quantile(quantile: float, buckets: dict[float, float]) -> float | None:
    """The quantile of cumulative buckets (upper bound -> count), linear inside a bucket, as Prometheus defines it."""
    total = buckets.get(math.inf, 0.0)
    if total <= 0 or len(buckets) < 2:
        return None
    rank = quantile * total
    lower, below = 0.0, 0.0
    for bound in sorted(buckets):
        count = buckets[bound]
        if count >= rank:
            if math.isinf(bound):
                return lower
            return lower + (bound - lower) * (rank - below) / (count - below) if count > below else bound
        lower, below = bound, count
    return lower


def _rate_of(points: deque[Point], now: float) -> float | None:
    """Growth per second over the window; a fall means the process started anew."""
    recent = [point for point in points if point[0] >= now - WINDOW_S]
    if len(recent) < 2:
        return None
    grown = sum(later - earlier if later >= earlier else later for (_, earlier), (_, later) in itertools.pairwise(recent))
    return grown / (recent[-1][0] - recent[0][0])


def _metric_names(rule: Rule) -> Iterator[str]:
    for selector in (rule.metric, rule.denominator):
        name = selector.partition("{")[0]
        if name:
            yield f"{name}_bucket" if rule.kind == "quantile" else name
