"""`/inc declare --private` through the real service: the channel, the announcement, the console and the commands keep quiet."""

from pathlib import Path

import httpx
import pytest

from app.workspace.control import Control, Refused
from tests.scenario.stack import SitrepProcess, cards, incident_channels, workspace

SECRET = "Payroll data on a public share"


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_private_incident_shows_on_no_way_out(tmp_path: Path) -> None:
    """Alice declares it; Bob, the console and the announcement channel learn nothing, also when he names its number."""
    with workspace() as url, Control(url) as control:
        (tmp_path / "data").mkdir()
        sitrep = SitrepProcess(url, tmp_path / "data")
        sitrep.start()
        try:
            control.wait_for(lambda: _hears(sitrep), 30, "the socket")
            control.slash("alice", "general", "/inc", f"declare {SECRET} --private --sev 1")
            control.wait_for(lambda: incident_channels(control), 40, "the private channel")
            [channel] = incident_channels(control)
            control.wait_for(lambda: cards(control, channel), 40, "the card")
            for asked in ("status #1", "timeline #1", "similar #1", "list", "status", "postmortem #1"):
                control.slash("bob", "general", "/inc", asked)
            control.wait_for(lambda: len(_whispers(control)) >= 6, 40, "an answer to every question")
            assert channel["kind"] == "private"
            with pytest.raises(Refused):
                control.messages(channel["id"], "bob")
            assert SECRET not in str(_whispers(control))
            assert SECRET not in str(control.messages("incidents"))
            for path in (
                "/",
                "/?q=payroll",
                "/incidents/1",
                "/incidents/1/postmortem",
                "/incidents/1/plot.png",
                "/readyz",
                "/metrics",
            ):
                assert SECRET.lower() not in httpx.get(f"{sitrep.url}{path}", trust_env=False).text.lower()
            assert "Private incidents are not shown here" in httpx.get(f"{sitrep.url}/", trust_env=False).text
            control.slash("alice", "general", "/inc", "status #1")
            control.wait_for(lambda: any(SECRET in str(one) for one in control.messages("general", "alice")), 20, "her answer")
        finally:
            sitrep.kill()


def _hears(sitrep: SitrepProcess) -> bool:
    """True once the bot's socket is open."""
    return bool(httpx.get(f"{sitrep.url}/readyz", trust_env=False).json()["dependencies"]["slack"] == "ok")


def _whispers(control: Control) -> list[object]:
    """What only Bob was told."""
    return [one for one in control.messages("general", "bob") if one.get("ephemeral_to") == "U0BOB0001"]
