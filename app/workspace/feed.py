"""Tells every open page what changed, so that it can fetch just that."""

import asyncio
import json
from collections.abc import AsyncIterator

from app.workspace.model import Json

WAITING = 500
HEARTBEAT_SECONDS = 15.0


class Feed:
    """Server-sent events: one queue for each open page. A page that falls behind is told to fetch everything."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[Json | None]] = set()
        self._closed = False

    def publish(self, notice: Json) -> None:
        """Send a notice to all pages."""
        for queue in self._queues:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait({"kind": "everything"})
            else:
                queue.put_nowait(notice)

    def close(self) -> None:
        """End all streams."""
        self._closed = True
        for queue in list(self._queues):
            while not queue.empty():
                queue.get_nowait()
            queue.put_nowait(None)

    async def stream(self) -> AsyncIterator[str]:
        """The event stream of one page."""
        queue: asyncio.Queue[Json | None] = asyncio.Queue(WAITING)
        self._queues.add(queue)
        try:
            yield "retry: 1000\n\n" + _event({"kind": "everything"})
            while not self._closed:
                try:
                    notice = await asyncio.wait_for(queue.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if notice is None:
                    return
                yield _event(notice)
        finally:
            self._queues.discard(queue)


def _event(notice: Json) -> str:
    return f"data: {json.dumps(notice)}\n\n"
