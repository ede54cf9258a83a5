"""Turns chat ids into names for pages, without ever making a page wait for the chat."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, field

from app.domain.errors import NotFound, SitrepError
from app.ports.room import Room

FRESH_S = 3600.0
AGAIN_S = 30.0
PATIENCE_S = 0.5
_MOST = 5000


@dataclass(slots=True)
class Names:
    """Names by chat id, asked of the chat in the background and kept for an hour.

    An unknown id is waited for half a second at most, and not at all while the chat is slow or down; the id itself stands
    in until the name is there. A name that has grown old is shown until the newer one is there.
    """

    room: Room
    monotonic: Callable[[], float] = time.monotonic
    _known: dict[str, tuple[float, str]] = field(default_factory=dict)
    _asked: dict[str, "Future[None]"] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _hands: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="names"))
    _silent_until: float = float("-inf")

    def __call__(self, user: str) -> str:
        """The person's name, or the id where it is not known (yet)."""
        known = self._known.get(user)
        if known is not None and self.monotonic() - known[0] < FRESH_S:
            return known[1]
        asked = self._ask(user)
        if asked is not None and known is None:
            _, late = wait_for([asked], PATIENCE_S)
            if late:
                self._silent_until = self.monotonic() + AGAIN_S
        return self._known.get(user, (0.0, user))[1]

    def close(self) -> None:
        """Asks nobody any more."""
        self._hands.shutdown(wait=False, cancel_futures=True)

    def _ask(self, user: str) -> "Future[None] | None":
        with self._lock:
            if self.monotonic() < self._silent_until:
                return None
            found = self._asked.get(user)
            if found is None:
                try:
                    found = self._asked[user] = self._hands.submit(self._look_up, user)
                except RuntimeError:
                    return None
            return found

    def _look_up(self, user: str) -> None:
        try:
            name = self.room.person(user).name or user
        except NotFound:
            name = user
        except SitrepError:
            self._silent_until = self.monotonic() + AGAIN_S
            return
        finally:
            with self._lock:
                self._asked.pop(user, None)
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[user] = (self.monotonic(), name)
