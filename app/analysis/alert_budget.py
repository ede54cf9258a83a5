"""How strange must a row be to be worth an alert, when a team wants about so many alerts a month?"""

import math
from collections import deque
from dataclasses import dataclass
from dataclasses import field as member

from app.analysis.plain import Plain, field, items, number, numbers, read_numbers

MONTH_S = 30 * 86_400.0
QUIET_S = 7 * 86_400.0
KEPT = 512
_FIRST_BAR = 0.06
_LEAST_BAR = 1e-4
_EPISODE_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Ruling:
    """Whether an episode is worth an alert, the score it had to reach, and its p-value among the series' own past episodes."""

    alerts: bool
    bar: float
    p_value: float


@dataclass(slots=True)
class Budget:
    """A bar that holds a budget of alerts for one series: it rises with each alert and sinks while there is none.

    In odds, s / (1 - s), each alert doubles the bar, and it halves over each `1 / a_month` months. So the alerts of T months are
    at most a_month x T plus the doublings between the first bar and the loudest episode, whatever the series does; and as long
    as the series has episodes at all they are not many fewer. This is the online quantile rule of adaptive conformal inference
    (Gibbs and Candes, NeurIPS 2021) with steps in logarithms. The p-value is conformal: (1 + past episodes at least as loud) /
    (1 + past episodes), over the last 512. The first seven days only learn.
    """

    a_month: float = 1.0
    bar: float = _FIRST_BAR / (1 - _FIRST_BAR)
    began: float = math.nan
    at: float = math.nan
    alerted_at: float = -math.inf
    past: deque[float] = member(default_factory=deque)

    def __post_init__(self) -> None:
        if not (self.a_month > 0 and math.isfinite(self.a_month)):
            raise ValueError("a budget is a positive number of alerts a month")

    def rule(self, time: float, score: float) -> Ruling:
        """Judges one row that speaks (score in (0, 1), `time` in seconds and not before the last one), and learns from it.

        Rows within six hours of an alert belong to its episode and raise no second one.
        """
        time = time if not time < self.at else self.at
        if math.isnan(self.began):
            self.began = self.at = time
        self._sink(time - self.at)
        self.at = time
        bar, odds = self.bar, score / (1 - score)
        p_value = self._rank(score)
        alerts = odds >= bar and time - self.began >= QUIET_S and time - self.alerted_at > _EPISODE_S
        if alerts:
            self.bar, self.alerted_at = 2 * bar, time
        return Ruling(alerts, bar / (1 + bar), p_value)

    def _sink(self, seconds: float) -> None:
        self.bar = max(_LEAST_BAR, self.bar * 0.5 ** min(seconds * self.a_month / MONTH_S, 1000.0))

    def _rank(self, score: float) -> float:
        louder = sum(1 for known in self.past if known >= score)
        p_value = (1 + louder) / (1 + len(self.past))
        self.past.append(score)
        if len(self.past) > KEPT:
            self.past.popleft()
        return p_value

    def state(self) -> dict[str, Plain]:
        """All that is remembered as JSON values."""
        return {"now": [self.a_month, self.bar, *numbers([self.began, self.at, self.alerted_at])], "past": list(self.past)}

    @classmethod
    def from_state(cls, state: Plain) -> "Budget":
        """The inverse of `state`; raises ValueError for anything else."""
        a_month, bar, began, at, alerted_at = read_numbers(field(state, "now"), 5)
        past = field(state, "past")
        known = [number(item) for item in items(past, len(past) if isinstance(past, list) else -1)]
        return cls(a_month, bar, began, at, -math.inf if math.isnan(alerted_at) else alerted_at, deque(known))
