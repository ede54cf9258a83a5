"""Real faults in the running shop raise their alert through a real webhook, and end with the right fix only."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.drills.faults import DRILLS
from app.drills.notices import fingerprint
from app.drills.shop.launcher import Shop
from tests.drills.conftest import WEBHOOK_TOKEN, Receiver

HAS_PROMETHEUS = shutil.which("prometheus") is not None and shutil.which("prometheus-alertmanager") is not None
needs_prometheus = pytest.mark.skipif(
    not HAS_PROMETHEUS, reason="Debian's prometheus and prometheus-alertmanager are not installed"
)


@pytest.fixture
def own_shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop of the test's own: its watcher ends with it."""
    with Shop(tmp_path / "shop") as shop:
        yield shop


@pytest.mark.slow
def test_faults_raise_their_alert_through_the_watchman_and_end_with_the_fix(own_shop: Shop) -> None:
    """The receiver is down at first: what it missed is delivered again."""
    receiver = Receiver(failures=1)
    try:
        own_shop.start_watchman(receiver.url, WEBHOOK_TOKEN)
        for name in ("disk-full", "checkout-pool"):
            break_and_mend(own_shop, receiver, name)
    finally:
        receiver.close()
    assert receiver.failures == 0
    assert set(receiver.authorizations) == {f"Bearer {WEBHOOK_TOKEN}"}
    assert {body["version"] for body in receiver.bodies} == {"4"}


@pytest.mark.slow
@pytest.mark.prometheus
@needs_prometheus
def test_prometheus_and_alertmanager_send_the_same_alert_firing_and_resolved(own_shop: Shop, receiver: Receiver) -> None:
    watchers = own_shop.start_prometheus(receiver.url, WEBHOOK_TOKEN)
    alert = break_and_mend(own_shop, receiver, "disk-full")
    assert alert["fingerprint"] == fingerprint(alert["labels"])
    assert set(receiver.authorizations) == {f"Bearer {WEBHOOK_TOKEN}"}
    rules = httpx.get(f"{watchers.prometheus_url}/api/v1/rules", trust_env=False).json()["data"]["groups"][0]["rules"]
    assert {entry["health"] for entry in rules} == {"ok"}


def break_and_mend(shop: Shop, receiver: Receiver, name: str) -> dict[str, Any]:
    """Inject the fault, wait for its alert, apply the fix, wait for the end; the resolved alert."""
    drill = DRILLS[name]
    shop.inject(name)
    fired = receiver.wait_for(drill.alert, "firing", within_s=20)
    assert fired["labels"]["env"] == "drill"
    shop.platform.restart("checkout")  # what people try first; it helps with neither of these faults
    time.sleep(1.5)
    assert receiver.alert(drill.alert, "resolved") is None, "it ended without its fix"
    shop.apply_fix(name, actor="ann")
    resolved = receiver.wait_for(drill.alert, "resolved", within_s=25)
    assert resolved["startsAt"] == fired["startsAt"]
    assert resolved["endsAt"] > fired["startsAt"]
    return resolved
