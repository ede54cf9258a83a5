"""Changes that senders told of, read from our own record."""

from collections.abc import Sequence
from datetime import datetime

from app.domain.change import Change
from app.ports.store import Store


class StoredChanges:
    """Implements the changes port over the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def between(self, start: datetime, end: datetime) -> Sequence[Change]:
        """Oldest first; raises Unavailable."""
        with self._store.begin() as tx:
            return tx.changes.between(start, end)
