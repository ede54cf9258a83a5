"""The main job, whole: a real service breaks, and the transcript ends with a metric that recovered."""

import os
import shutil
import subprocess
import sys

import pytest


def _drill(name: str, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/tmp")}
    return subprocess.run(
        [sys.executable, "-m", "app", "drill", name, "--headless", *options],
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
    )


def _check(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr
    steps = [
        "Broken:",
        "an alert from the shop's own metrics",
        "Sitrep proposes:",
        "Alice asks for it",
        "Bob clicks Approve",
        "Recovered",
        "postmortem",
    ]
    places = [done.stdout.find(step) for step in steps]
    assert -1 not in places, (steps[places.index(-1)], done.stdout)
    assert places == sorted(places)


@pytest.mark.slow
@pytest.mark.timeout(220)
def test_a_drill_goes_from_a_real_alert_to_an_approved_fix_that_recovers_the_metric() -> None:
    """Exit code 0 only when another person than the requester approved and the probe saw the recovery."""
    done = _drill("checkout-pool")
    _check(done)
    assert "tries to approve her own request and is refused" in done.stdout


@pytest.mark.slow
@pytest.mark.prometheus
@pytest.mark.timeout(220)
def test_the_same_drill_through_a_real_prometheus_and_alertmanager() -> None:
    """Alerts come from Alertmanager's own webhook, metrics from Prometheus' own API."""
    if not (shutil.which("prometheus") and shutil.which("prometheus-alertmanager")):
        pytest.skip("prometheus and prometheus-alertmanager are not installed")
    _check(_drill("bad-deploy", "--prometheus"))


def test_an_unknown_drill_is_one_clear_line_and_exit_code_2() -> None:
    """Bad input names what there is."""
    done = subprocess.run([sys.executable, "-m", "app", "drill", "nonsense"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "checkout-pool" in done.stderr
    assert done.stderr.count("\n") == 1
