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
