"""Killed at any point: nothing runs twice, nothing is lost, and nothing runs without its intent."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_r1_no_kill_at_any_point_makes_a_double_run_or_loses_an_approval(capsys: pytest.CaptureFixture[str]) -> None:
    """Two hundred and ten seeded runs over every kind of point and every walk; the table is printed."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.guards.crash_harness", "--runs", "210"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=880, check=False)
    with capsys.disabled():
        sys.stdout.write("\n" + done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "210 runs, " in done.stdout
    assert " 0 violations" in done.stdout
