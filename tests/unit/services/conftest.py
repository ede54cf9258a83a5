"""The stage of every test here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.adapters.store.sql import SqlStore
from app.adapters.store.upgrade import upgrade
from tests.builders import NOW
from tests.fakes.clock import FakeClock
from tests.unit.services.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Services over an empty database."""
    url, clock = f"sqlite:///{tmp_path / 'sitrep.db'}", FakeClock(NOW)
    upgrade(url)
    store = SqlStore(url, clock)
    yield Stage(store, clock)
    store.close()
