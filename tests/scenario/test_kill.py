"""kill -9 at many moments: what was accepted is never lost and never said twice."""

import time
from pathlib import Path

import pytest

from app.workspace.control import Control
from tests.scenario.stack import SitrepProcess, cards, incident_channels, workspace


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_an_accepted_alert_survives_kill_9_at_any_point_and_is_told_once(tmp_path: Path) -> None:
    """The process is killed 0 to 1.2 seconds after the 202; after a restart there is one channel with one card."""
    with workspace() as url, Control(url) as control:
        sitrep = SitrepProcess(url, tmp_path / "data")
        (tmp_path / "data").mkdir()
        delays = (0.0, 0.02, 0.1, 0.4, 1.2)
        for number, delay in enumerate(delays, start=1):
            sitrep.start()
            assert sitrep.alert(f"Broken{number}", f"service{number}") == 202
            time.sleep(delay)
            sitrep.kill()
        sitrep.start()
        try:
            control.wait_for(lambda: len(incident_channels(control)) >= len(delays), 90, "a channel for every alert")
            for channel in incident_channels(control):
                control.wait_for(lambda here=channel: cards(control, here), 90, f"the card of {channel['name']}")  # type: ignore[misc]
            assert len(incident_channels(control)) == len(delays)
            assert [len(cards(control, channel)) for channel in incident_channels(control)] == [1] * len(delays)
            assert sitrep.alert("Broken1", "service1") == 200
        finally:
            sitrep.kill()


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("kind", ["timeout", "timeout_after_commit"], ids=["before Slack kept it", "after Slack kept it"])
def test_a_card_in_flight_when_the_process_is_killed_is_there_once_within_seconds(tmp_path: Path, kind: str) -> None:
    """The post hangs at Slack, the process is killed; after the restart the card is found, or posted, but never doubled."""
    with workspace() as url, Control(url) as control:
        (tmp_path / "data").mkdir()
        sitrep = SitrepProcess(url, tmp_path / "data")
        sitrep.start()
        control.fault("chat.postMessage", kind)
        assert sitrep.alert("Broken", "service") == 202
        control.wait_for(lambda: _hanging(control, kind), 60, "the post that hangs")
        sitrep.kill()
        control.clear_faults()
        sitrep.start()
        ready = time.monotonic()
        try:
            control.wait_for(lambda: _answered(control), 60, "the next call about the channel")
            [channel] = incident_channels(control)
            control.wait_for(lambda: cards(control, channel), 60, "the card")
            healed_after = time.monotonic() - ready
            control.wait_for(lambda: _announced(control), 60, "what waited behind the card")
            assert len(cards(control, channel)) == 1
            assert healed_after < 10
        finally:
            sitrep.kill()


def _hanging(control: Control, kind: str) -> bool:
    """True once the post with the fault has reached the workspace."""
    return any(call.get("fault") == kind for call in control.journal())


def _answered(control: Control) -> bool:
    """True once a restarted Sitrep has looked for the message it may have sent."""
    return any(call.get("method") == "conversations.history" for call in control.journal())


def _announced(control: Control) -> bool:
    """True once the announcement channel knows of the incident."""
    return any("INC-1" in str(message) for message in control.messages("incidents"))
