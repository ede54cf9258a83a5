"""The machine's time, and names that sort by it."""

import secrets
import threading
import time
from datetime import UTC, datetime

# Crockford's base32 in lower case: its letters sort like the numbers they stand for, and none looks like another.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME_LETTERS = 10
_RANDOM_LETTERS = 14
_LONGEST = 40


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)


class SystemIds:
    """Fresh names: `prop_` + 10 letters of milliseconds + 14 letters that are random and grow within one millisecond."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last_ms = 0
        self._last_tail = 0

    def new(self, prefix: str) -> str:
        """A unique id of at most 40 characters, later ones sorting after earlier ones of this process."""
        if not prefix.isascii() or len(prefix) > _LONGEST - _TIME_LETTERS - _RANDOM_LETTERS - 1:
            msg = f"{prefix!r} is no prefix for an id: use up to 15 ASCII letters"
            raise ValueError(msg)
        with self._lock:
            moment = time.time_ns() // 1_000_000
            # A clock that jumps back must not undo the order.
            if moment <= self._last_ms:
                self._last_tail += 1
            else:
                # The highest bit stays free, so that counting up never runs over.
                self._last_ms, self._last_tail = moment, secrets.randbits(5 * _RANDOM_LETTERS - 1)
            stamp, tail = self._last_ms, self._last_tail
        return f"{prefix.lower()}_{_spell(stamp, _TIME_LETTERS)}{_spell(tail, _RANDOM_LETTERS)}"


def _spell(number: int, letters: int) -> str:
    text = ""
    for _ in range(letters):
        number, rest = divmod(number, 32)
        text = _ALPHABET[rest] + text
    return text
