"""What has each action done for this kind of trouble, and which one deserves to be tried next?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

AUTO_BAR = 0.8
_DECAY = 0.99
_PRIOR_STRENGTH = 2.0
_SHARPNESS = 8.0


def lower_bound(recovered: int, tried: int) -> float:
    """The share of recoveries that the true one exceeds with 95 % confidence, given `recovered` of `tried`; 0 without a trial.

    The .05-quantile of the Beta posterior from a uniform prior, Beta(1 + recovered, 1 + tried - recovered). Raises ValueError
    unless 0 <= recovered <= tried.
    """
    if not 0 <= recovered <= tried:
        raise ValueError(f"{recovered} recoveries of {tried} trials make no sense")
    return beta_quantile(0.05, 1.0 + recovered, 1.0 + tried - recovered) if tried else 0.0


def beta_quantile(share: float, good: float, bad: float) -> float:
    """The value below which `share` of a Beta(good, bad) distribution lies, by bisection to 1e-9."""
    low, high = 0.0, 1.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if beta_below(middle, good, bad) < share else (low, middle)
    return (low + high) / 2


def beta_below(value: float, good: float, bad: float) -> float:
    """The share of a Beta(good, bad) distribution below `value`: the regularised incomplete beta function.

    By its continued fraction (NIST Digital Library of Mathematical Functions, 8.17.22), evaluated with Lentz's method.
    """
    if value <= 0 or value >= 1:
        return float(value >= 1)
    if value > (good + 1) / (good + bad + 2):
        return 1 - beta_below(1 - value, bad, good)
    front = math.exp(
        math.lgamma(good + bad) - math.lgamma(good) - math.lgamma(bad) + good * math.log(value) + bad * math.log1p(-value)
    )
    return front / good * _fraction(value, good, bad)


def _fraction(value: float, good: float, bad: float) -> float:
    upper, lower, whole = 1.0, 0.0, 1.0
    for term in range(500):
        half = term // 2
        if term == 0:
            factor = 1.0
        elif term % 2:
            factor = -(good + half) * (good + bad + half) * value / ((good + term - 1) * (good + term))
        else:
            factor = half * (bad - half) * value / ((good + term - 1) * (good + term))
        lower = 1 / (1 + factor * lower)
        upper = 1 + factor / upper
        whole *= upper * lower
        if term > 2 and abs(upper * lower - 1) < 1e-12:
            break
    return whole - 1


@dataclass(slots=True)
class Tally:
    """Recoveries and trials, faded; `harm` counts those after which it was worse."""

    recovered: float = 0.0
    tried: float = 0.0
    harm: float = 0.0

    def fade(self, share: float) -> None:
        """Weighs all of it by `share`."""
        self.recovered *= share
        self.tried *= share
        self.harm *= share

    def add(self, outcome: str) -> None:
        """Counts one outcome: recovered, no_change or worse."""
        self.tried += 1
        self.recovered += outcome == "recovered"
        self.harm += outcome == "worse"


@dataclass(frozen=True, slots=True)
class Choice:
    """The action to try, the chance that it helps, the 95 % lower bound of that, and whether it may run without asking."""

    action: str
    chance: float
    bound: float
    may_run_alone: bool


@dataclass(slots=True)
class TrackRecord:
    """Beta posteriors for each kind of trouble and action, each starting from what the action did for all kinds.

    An action new to a kind starts as if tried twice with its success over all kinds (itself starting from one half); an
    old trial of a kind weighs 1 % less with each newer one of that kind, so a fix that stopped working is found out.
    """

    seed: int = 0
    classes: dict[tuple[str, str], Tally] = field(default_factory=dict)
    actions: dict[str, Tally] = field(default_factory=dict)
    turns: int = 0

    def choose(self, kind: str, actions: Sequence[str], bar: float = AUTO_BAR) -> Choice:
        """The action whose draw from its posterior is the highest (Thompson, 1933), with the seed and the turn as randomness.

        The posteriors are sharpened eightfold: a kind of trouble comes back some dozens of times, too few to explore at leisure.

        It may run alone only if its lower bound, from this kind's own trials alone, is at least `bar` and it made nothing worse
        there. Raises ValueError when there is nothing to choose from.
        """
        if not actions:
            raise ValueError("there is no action to choose from")
        random = np.random.default_rng([self.seed, self.turns])
        posteriors = [self.posterior(kind, action) for action in actions]
        draws = [random.beta(_SHARPNESS * good, _SHARPNESS * bad) for good, bad in posteriors]
        best = int(np.argmax(draws))
        good, bad = posteriors[best]
        tally = self.classes.get((kind, actions[best]), Tally())
        bound = beta_quantile(0.05, 1 + tally.recovered, 1 + tally.tried - tally.recovered) if tally.tried else 0.0
        return Choice(actions[best], good / (good + bad), bound, bound >= bar and tally.harm < 0.05)

    def learn(self, kind: str, action: str, outcome: str) -> None:
        """Takes in what the chosen action did: `recovered`, `no_change` or `worse`; raises ValueError for any other word."""
        if outcome not in {"recovered", "no_change", "worse"}:
            raise ValueError(f"{outcome!r} is no outcome; it is recovered, no_change or worse")
        self.turns += 1
        for (known, _), tally in self.classes.items():
            if known == kind:
                tally.fade(_DECAY)
        self.classes.setdefault((kind, action), Tally()).add(outcome)
        self.actions.setdefault(action, Tally()).add(outcome)

    def posterior(self, kind: str, action: str) -> tuple[float, float]:
        """The parameters (good, bad) of the Beta distribution of the chance that this action helps this kind of trouble."""
        own, pooled = self.classes.get((kind, action), Tally()), self.actions.get(action, Tally())
        share = (1 + pooled.recovered) / (2 + pooled.tried)
        strength = min(_PRIOR_STRENGTH, 2 + pooled.tried)
        return strength * share + own.recovered, strength * (1 - share) + own.tried - own.recovered
