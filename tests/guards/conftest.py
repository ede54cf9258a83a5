"""A stage on SQLite, and one on each database."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from app.domain.canonical import Json
from tests.fakes.runner import FakeRunner
from tests.guards.stage import Stage


def a_world() -> FakeRunner:
    """Checkout and payments as they are before anybody does anything."""
    here: dict[str, Json] = {"size": 3, "flag": False, "rows": 9, "label": "blue", "nudged": 0}
    return FakeRunner(world={"checkout": dict(here), "payments": dict(here)})


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An empty SQLite database."""
    return f"sqlite:///{tmp_path / 'sitrep.db'}"


@pytest.fixture
def stage(tmp_path: Path, sqlite_url: str) -> Iterator[Stage]:
    """One replica on SQLite, at 03:00 on a Saturday."""
    made = Stage(sqlite_url, tmp_path, runner=a_world())
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgres"])
def any_url(request: pytest.FixtureRequest, sqlite_url: str) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield sqlite_url
        return
    server = str(request.getfixturevalue("postgres"))
    name = f"guards_{uuid.uuid4().hex[:12]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    yield server.replace("/postgres?", f"/{name}?", 1)
