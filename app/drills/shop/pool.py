"""Bounded places that can be resized while in use: worker slots and database connections."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class PoolTimeoutError(Exception):
    """No place became free in time."""


class QueueFullError(Exception):
    """Too many are waiting already."""


class Pool:
    """`size` places; who finds none waits in line, first come first served."""

    def __init__(self, size: int, changed: Callable[["Pool"], None]) -> None:
        """Start empty; `changed` is called after every change, to keep gauges true."""
        self.size = size
        self.in_use = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._changed = changed

    @property
    def waiting(self) -> int:
        """How many wait in line."""
        return len(self._waiting)

    def resize(self, size: int) -> None:
        """Change the number of places; those in use above the new size are given back as they end."""
        self.size = size
        self._hand_out()
        self._changed(self)

    @asynccontextmanager
    async def place(self, timeout_s: float, queue_limit: int = 1_000_000) -> AsyncIterator[float]:
        """Hold a place; yields the seconds waited. `QueueFullError` at once, `PoolTimeoutError` after the wait."""
        started = time.monotonic()
        await self._take(timeout_s, queue_limit)
        try:
            yield time.monotonic() - started
        finally:
            self.in_use -= 1
            self._hand_out()
            self._changed(self)

    async def _take(self, timeout_s: float, queue_limit: int) -> None:
        if self.in_use < self.size and not self._waiting:
            self.in_use += 1
            self._changed(self)
            return
        if len(self._waiting) >= queue_limit:
            raise QueueFullError
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._changed(self)
        try:
            async with asyncio.timeout(timeout_s):
                await turn
        except BaseException as error:
            self._give_up(turn)
            if isinstance(error, TimeoutError):
                raise PoolTimeoutError from error
            raise

    def _give_up(self, turn: asyncio.Future[None]) -> None:
        if turn in self._waiting:
            self._waiting.remove(turn)
        elif turn.done() and not turn.cancelled():  # the place came in the moment of giving up
            self.in_use -= 1
            self._hand_out()
        self._changed(self)

    def _hand_out(self) -> None:
        while self._waiting and self.in_use < self.size:
            turn = self._waiting.popleft()
            if not turn.done():
                self.in_use += 1
                turn.set_result(None)
