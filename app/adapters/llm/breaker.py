"""The circuit breaker: after three failures in a row the model is left alone for a minute."""

import threading
from datetime import datetime, timedelta

from app.domain.errors import Unavailable
from app.ports.clock import Clock


class CircuitBreaker:
    """Counts failures in a row. While open it refuses at once; after `open_s` seconds one caller may try again."""

    def __init__(self, clock: Clock, failures: int = 3, open_s: float = 60.0) -> None:
        self._clock = clock
        self._most = failures
        self._open = timedelta(seconds=open_s)
        self._failures = 0
        self._closed_again: datetime | None = None
        self._lock = threading.Lock()

    def check(self) -> None:
        """Raises Unavailable while the breaker is open; otherwise the caller may try and must report how it went."""
        with self._lock:
            now = self._clock.now()
            if self._closed_again is None:
                return
            if now < self._closed_again:
                wait = (self._closed_again - now).total_seconds()
                raise Unavailable("The model failed repeatedly and is left alone.", f"Sitrep tries it again in {wait:.0f} s.")
            self._closed_again = now + self._open

    def succeeded(self) -> None:
        """The model answered properly."""
        with self._lock:
            self._failures = 0
            self._closed_again = None

    def failed(self) -> None:
        """The model failed once more."""
        with self._lock:
            self._failures += 1
            if self._failures >= self._most:
                self._closed_again = self._clock.now() + self._open
