"""The workspace's own time: the wall clock plus whatever a test has added to it."""

import asyncio
from collections.abc import Callable


class WorkspaceClock:
    """Time in seconds since 1970. `advance` moves it forward and wakes whoever sleeps on it."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._added = 0.0
        self._waiting: set[asyncio.Event] = set()

    def now(self) -> float:
        """Workspace time, in seconds."""
        return self._wall() + self._added

    def wall(self) -> float:
        """The unshifted time, for signatures that the app compares with its own clock."""
        return self._wall()

    def advance(self, seconds: float) -> None:
        """Move workspace time forward."""
        self._added += seconds
        for event in list(self._waiting):
            event.set()

    async def sleep(self, seconds: float) -> None:
        """Wait until workspace time has moved on by `seconds`."""
        due = self.now() + seconds
        while (left := due - self.now()) > 0:
            moved = asyncio.Event()
            self._waiting.add(moved)
            try:
                await asyncio.wait_for(moved.wait(), left)
            except TimeoutError:
                return
            finally:
                self._waiting.discard(moved)
