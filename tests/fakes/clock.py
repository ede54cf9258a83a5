"""Time and names under a test's control."""

import threading
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 14, 3, 0, tzinfo=UTC)


class FakeClock:
    """A clock that stands still until it is told to advance."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def now(self) -> datetime:
        """The moment it shows."""
        return self._now

    def advance(self, seconds: float) -> datetime:
        """Moves on and returns the new moment."""
        self._now += timedelta(seconds=seconds)
        return self._now


class FakeIds:
    """`prop_0001`, `prop_0002`, `run_0003`: unique, short and the same in every run of a test."""

    def __init__(self) -> None:
        self._count = 0
        self._lock = threading.Lock()

    def new(self, prefix: str) -> str:
        """The next name."""
        with self._lock:
            self._count += 1
            return f"{prefix}_{self._count:04d}"
