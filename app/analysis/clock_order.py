"""Which rows of a series can be used: finite, bounded, and later than all before."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.analysis.plain import Plain, numbers, read_numbers

LARGEST = 1e150
_BELIEVE_AFTER = 31


@dataclass(slots=True)
class ClockOrder:
    """Picks the usable rows. A row that is not later than the last one is late or double and left out.

    After 31 such rows in a row it was the clock that jumped, so the next one is believed and counting starts anew from it.
    """

    last: float = -math.inf
    refused: int = 0

    def usable(self, times: Sequence[float], values: Sequence[float]) -> list[int]:
        """Indices of the rows to use, rising."""
        clock, measured = np.asarray(times, dtype=float), np.asarray(values, dtype=float)
        bounded = np.isfinite(clock) & (np.abs(clock) < 1e12) & (np.abs(measured) <= LARGEST)
        if bounded.all() and len(clock) and clock[0] > self.last and bool((np.diff(clock) > 0).all()):
            self.last, self.refused = float(clock[-1]), 0
            return list(range(len(clock)))
        moments: list[float] = clock.tolist()
        candidates: list[int] = np.flatnonzero(bounded).tolist()
        return [row for row in candidates if self._is_next(moments[row])]

    def _is_next(self, time: float) -> bool:
        if time <= self.last and self.refused < _BELIEVE_AFTER:
            self.refused += 1
            return False
        self.last, self.refused = time, 0
        return True

    def state(self) -> Plain:
        """All of it as JSON values."""
        return [*numbers([self.last]), self.refused]

    @classmethod
    def from_state(cls, state: Plain) -> "ClockOrder":
        """The inverse of `state`; raises ValueError for anything else."""
        last, refused = read_numbers(state, 2)
        return cls(-math.inf if math.isnan(last) else last, int(refused))
