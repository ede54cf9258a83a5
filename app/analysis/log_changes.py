"""What the logs began to say, or say far more often, since a moment."""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Novel:
    """A template never seen before the moment: its lines since, and how likely such a newcomer was in any case."""

    template: int
    lines: int
    by_chance: float


@dataclass(frozen=True, slots=True)
class Burst:
    """A template whose rate rose: lines before and since, how many times the rate, and the p-value of the G-test."""

    template: int
    before: int
    since: int
    ratio: float
    p_value: float


def novel_templates(before: Mapping[int, int], since: Mapping[int, int]) -> list[Novel]:
    """Templates with lines since the moment and none before it, most lines first.

    Both map template to number of lines. A log that keeps saying new things makes one new line no news: a share
    `singles / lines` of all lines shows something new in any case (Good and Turing; I. J. Good, Biometrika 1953). `by_chance` is
    the expected number of such newcomers with that many lines, at most 1; it is 1 when nothing was seen before.
    """
    seen = sum(before.values())
    singles = sum(count == 1 for count in before.values())
    share = singles / seen if seen else 1.0
    expected = share * sum(since.values())
    found = [
        Novel(template, count, min(1.0, expected * share ** (count - 1)))
        for template, count in since.items()
        if count > 0 and before.get(template, 0) == 0
    ]
    return sorted(found, key=lambda item: (-item.lines, item.template))


def bursting(
    before: Mapping[int, int], since: Mapping[int, int], before_s: float, since_s: float, false_alarms: float = 0.05
) -> list[Burst]:
    """Templates known from before whose rate at least doubled, surest first.

    `before_s` and `since_s` are how long each side was watched, in seconds. The G-test compares the two rates (Sokal and
    Rohlf, Biometry; G is chi-square with one degree of freedom); `false_alarms` is shared out over all templates (Bonferroni).
    Raises ValueError if a duration is not positive.
    """
    if before_s <= 0 or since_s <= 0:
        raise ValueError("Both durations must be positive.")
    known = [template for template, count in before.items() if count > 0]
    found = []
    for template in known:
        old, new = before[template], since.get(template, 0)
        ratio = (new / since_s) / (old / before_s)
        p_value = _p_value(old, new, before_s / (before_s + since_s))
        if ratio >= 2.0 and p_value <= false_alarms / len(known):
            found.append(Burst(template, old, new, ratio, p_value))
    return sorted(found, key=lambda item: (item.p_value, -item.ratio, item.template))


def _p_value(old: int, new: int, share_before: float) -> float:
    total = old + new
    expected = (total * share_before, total * (1 - share_before))
    g = 2 * sum(seen * math.log(seen / wanted) for seen, wanted in zip((old, new), expected, strict=True) if seen)
    return math.erfc(math.sqrt(max(0.0, g) / 2))
