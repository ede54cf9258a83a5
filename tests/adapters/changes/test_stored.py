"""Changes that senders told of are read like the platform's own."""

from datetime import timedelta
from pathlib import Path

from app.adapters.changes.stored import StoredChanges
from app.adapters.store.sql import SqlStore
from app.adapters.store.upgrade import upgrade
from app.domain.change import Change
from tests.builders import NOW


def test_what_was_told_is_read_back_in_order(tmp_path: Path) -> None:
    """Through the changes port."""
    url = f"sqlite:///{tmp_path / 'sitrep.db'}"
    upgrade(url)
    store = SqlStore(url)
    told = [Change(NOW - timedelta(minutes=minutes), "checkout", "deploy", f"1.4.{minutes}") for minutes in (1, 5, 200)]
    with store.begin() as tx:
        for change in told:
            tx.changes.put(change)
    assert StoredChanges(store).between(NOW - timedelta(hours=2), NOW) == [told[1], told[0]]
    store.close()
