"""`sitrep export` gives an incident in every format, or one clear line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.adapters.store.sql import SqlStore
from app.adapters.store.upgrade import upgrade
from tests.entrypoints.console.stage import stage


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with four incidents, of which the first has a postmortem."""
    folder = tmp_path_factory.mktemp("data")
    url = f"sqlite:///{folder / 'sitrep.db'}"
    upgrade(url)
    store = SqlStore(url)
    stage(store)
    store.close()
    return folder


def _export(data_dir: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    env = {"PATH": os.environ["PATH"], "SITREP_DATA_DIR": str(data_dir)}
    return subprocess.run([sys.executable, "-m", "app", "export", *words], env=env, capture_output=True, timeout=60)


@pytest.mark.parametrize(
    ("form", "begins"), [("md", b"# INC-1: Checkout errors"), ("html", b"<!doctype html>"), ("json", b"{"), ("pdf", b"%PDF-1.")]
)
def test_an_incident_is_exported_in_every_format(data_dir: Path, form: str, begins: bytes) -> None:
    """And nothing else is written."""
    done = _export(data_dir, "INC-1", "--format", form)
    assert done.returncode == 0, done.stderr
    assert done.stdout[: len(begins)].lower() == begins.lower()
    if form == "json":
        assert {"incident", "timeline"} <= set(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("99",), b"There is no INC-99."),
        (("seven",), b"'seven' is no incident number."),
        (("2", "--format", "pdf"), b"INC-2 has no postmortem yet."),
    ],
)
def test_what_cannot_be_exported_is_one_clear_line(data_dir: Path, words: tuple[str, ...], says: bytes) -> None:
    """Exit code 2 and nothing on standard output."""
    done = _export(data_dir, *words)
    assert (done.returncode, done.stdout) == (2, b"")
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
