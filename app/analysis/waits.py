"""What a stream of alerts shows about its own timing: how soon effects follow, and the beat of its repeats."""

import math
from collections import Counter

_FINE = 40.0
_AT_ONCE_S = 5.0
_SEEN_ENDS = 3
_MOST_GAPS = 5000


class TypicalWait:
    """A running typical wait in seconds: the mean of the logarithms, from a prior that counts as 20 waits."""

    def __init__(self, prior_s: float) -> None:
        self._prior = prior_s
        self._log = math.log(prior_s)
        self._weight = 20.0

    @property
    def typical(self) -> float:
        """Seconds, between a tenth of the prior and ten times it."""
        return min(max(math.exp(self._log), self._prior / 10), self._prior * 10)

    def add(self, wait_s: float) -> None:
        """Learns one more; old ones fade once there are 300."""
        self._weight = min(self._weight + 1, 300.0)
        self._log += (math.log(max(wait_s, 1.0)) - self._log) / self._weight


class RegularGaps:
    """The beat at which a stream repeats what still fires, found as the gaps (within 5 %) that come up again and again."""

    def __init__(self) -> None:
        self._gaps: Counter[int] = Counter()
        self._count = 0
        self._ends = 0

    @property
    def tells_ends(self) -> bool:
        """True once the stream has told that conditions ended."""
        return self._ends >= _SEEN_ENDS

    def ends(self, ended: bool) -> None:
        """Notes whether an alert told the end of its condition."""
        self._ends += ended

    def is_regular(self, gap_s: float) -> bool:
        """Learns one gap between two words on a condition that fires; True if it is no news. Gaps below 5 s never are."""
        if gap_s < _AT_ONCE_S:
            return True
        step = round(math.log(gap_s) * _FINE)
        if self._count >= _MOST_GAPS:
            self._gaps = Counter({key: count // 2 for key, count in self._gaps.items() if count > 1})
            self._count = self._gaps.total()
        self._gaps[step] += 1
        self._count += 1
        near = sum(self._gaps[step + shift] for shift in (-1, 0, 1))
        return near >= _SEEN_ENDS and near >= 0.2 * self._count
