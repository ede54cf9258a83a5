"""Keeps to one message a second and channel, with short bursts, and honours what Slack asks us to wait."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from app.domain.errors import RoomBusy


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float
    closed_until: float = 0.0


class Pace:
    """One token bucket per key; usable from many threads. Times are monotonic seconds."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
        *,
        per_second: float = 1.0,
        burst: float = 3.0,
        longest_wait_s: float = 5.0,
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._per_second = per_second
        self._burst = burst
        self._longest_wait_s = longest_wait_s
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()

    def take(self, key: str) -> None:
        """Waits for this key's turn; raises RoomBusy, taking nothing, if that is longer than `longest_wait_s` away."""
        wait = self._reserve(key)
        if wait > 0:
            self._sleep(wait)

    def close(self, key: str, seconds: float) -> None:
        """Lets nothing through for this key for so long: Slack said so."""
        with self._lock:
            bucket = self._bucket(key, self._monotonic())
            bucket.closed_until = max(bucket.closed_until, self._monotonic() + seconds)

    def _reserve(self, key: str) -> float:
        with self._lock:
            now = self._monotonic()
            bucket = self._bucket(key, now)
            bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.at) * self._per_second)
            bucket.at = now
            wait = max((1.0 - bucket.tokens) / self._per_second, bucket.closed_until - now, 0.0)
            if wait > self._longest_wait_s:
                raise RoomBusy("This channel is busy.", round(wait, 1))
            bucket.tokens -= 1.0
            return wait

    def _bucket(self, key: str, now: float) -> _Bucket:
        # Full buckets say nothing; forgetting them keeps the table small.
        if len(self._buckets) > 1000:
            quiet = now - self._burst / self._per_second - self._longest_wait_s
            self._buckets = {name: item for name, item in self._buckets.items() if max(item.at, item.closed_until) > quiet}
        return self._buckets.setdefault(key, _Bucket(self._burst, now))
