"""What happened on the wire, newest last: calls from the app, deliveries to it and how it answered."""

from collections import deque

from app.workspace.clocks import WorkspaceClock
from app.workspace.model import Json

KEPT = 5000


class Journal:
    """The last few thousand records. Tests and the page read it; nothing else does."""

    def __init__(self, clock: WorkspaceClock) -> None:
        self._clock = clock
        self._records: deque[Json] = deque(maxlen=KEPT)
        self._number = 0

    def add(self, kind: str, **fields: object) -> Json:
        """Append a record and return it, so that the outcome can be filled in later."""
        self._number += 1
        record: Json = {"n": self._number, "at": self._clock.now(), "kind": kind, **fields}
        self._records.append(record)
        return record

    def records(self, *, kind: str | None = None, after: int = 0) -> list[Json]:
        """Records of one kind (or all) with a number above `after`."""
        return [one for one in self._records if one["n"] > after and kind in {None, one["kind"]}]
