"""The kill switch and the freeze windows: nothing new starts, everywhere, and people are told why."""

import multiprocessing
import time as wall
from datetime import timedelta
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

import pytest

from app.adapters.clock.system import SystemClock
from app.domain.errors import ApprovalRefused
from app.domain.policy import DAYS, FreezeWindow
from app.domain.proposal import ProposalStatus
from app.services.act import FREEZE
from tests.fakes.runner import FakeRunner
from tests.guards.conftest import a_world
from tests.guards.stage import ALICE, CAROL, Stage, an_inventory, at, clock_time


def test_s9_a_freeze_refuses_what_is_approved_and_says_who_froze(stage: Stage) -> None:
    """Anybody may freeze; only an approver lifts it; both stand in the audit chain."""
    asked = stage.approved(stage.open_incident())
    assert stage.say_to(CAROL, "freeze") == "No new action runs until `/inc unfreeze`."
    after = stage.run(asked)
    assert after.status is ProposalStatus.REFUSED
    assert "Actions are frozen by <@U0CAROL> at 03:00:00 UTC" in after.reason
    with pytest.raises(ApprovalRefused, match="Only an approver lifts a freeze"):
        stage.say_to(CAROL, "unfreeze")
    assert stage.say_to(ALICE, "unfreeze") == "Actions may run again."
    assert stage.run(stage.approved(asked.incident)).status is ProposalStatus.DONE
    with stage.db.begin() as tx:
        texts = [str(entry.value["text"]) for entry in tx.audit.entries()]
    assert "<@U0CAROL> freezes all actions" in texts
    assert "<@U0ALICE> lifts the freeze" in texts


def test_s9_a_freeze_that_comes_while_the_target_is_looked_at_still_stops_the_run(stage: Stage) -> None:
    """Looking may take longer than a second; the call itself has not left."""
    asked = stage.approved(stage.open_incident())

    def meanwhile() -> None:
        stage.hands.while_looking = None
        stage.say_to(CAROL, "freeze")

    stage.hands.while_looking = meanwhile
    after = stage.run(asked)
    assert (after.status, stage.hands.effects) == (ProposalStatus.REFUSED, [])
    assert "frozen by <@U0CAROL>" in after.reason


def _busy_replica(url: str, folder: str, log: str, ready: Barrier, stop: Event) -> None:
    """Approves and runs one thing after another until it is told to stop."""
    runner = FakeRunner(world=a_world().world, log=Path(log))
    stage = Stage(url, Path(folder), clock=SystemClock(), runner=runner)
    number = stage.open_incident()
    ready.wait()
    value = False
    while not stop.is_set():
        value = not value
        asked = stage.ask(number, "set_flag", "checkout" if "a" in folder[-1:] else "payments", on=value)
        stage.click(asked)
        stage.act(asked.id)
        runner.world["checkout"]["flag"] = runner.world["payments"]["flag"] = False
        wall.sleep(0.01)
    stage.close()


@pytest.mark.slow
def test_s9_a_freeze_stops_two_processes_within_a_second(any_url: str, tmp_path: Path) -> None:
    """No effect is logged later than one second after the switch was thrown."""
    log = tmp_path / "effects"
    log.touch()
    spawn = multiprocessing.get_context("spawn")
    ready, stop = spawn.Barrier(3), spawn.Event()
    stage = Stage(any_url, tmp_path, clock=SystemClock())
    replicas = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        replicas.append(spawn.Process(target=_busy_replica, args=(any_url, str(tmp_path / name), str(log), ready, stop)))
        replicas[-1].start()
    try:
        ready.wait(60)
        deadline = wall.monotonic() + 30
        while len(log.read_text().splitlines()) < 6 and wall.monotonic() < deadline:
            wall.sleep(0.05)
        stage.say_to(CAROL, "freeze")
        wall.sleep(1.0)
        frozen = len(log.read_text().splitlines())
        wall.sleep(1.5)
        assert frozen >= 6
        assert len(log.read_text().splitlines()) == frozen
    finally:
        stop.set()
        for replica in replicas:
            replica.join(30)
    assert [replica.exitcode for replica in replicas] == [0, 0]
    with stage.db.begin() as tx:
        refused = tx.proposals.in_status(ProposalStatus.REFUSED)
        assert tx.setting(FREEZE)
    assert any("frozen by <@U0CAROL>" in item.reason for item in refused)
    stage.close()


ONCE = FreezeWindow("launch", starts_at=at(2), ends_at=at(4))
WEEKLY = FreezeWindow("weekend", days=("sat",), since=clock_time(2), until=clock_time(6))
NIGHT = FreezeWindow("night", days=("fri",), since=clock_time(22), until=clock_time(6))
WHOLE_DAY = FreezeWindow("saturday", days=("sat",))


@pytest.mark.parametrize("window", [ONCE, WEEKLY, NIGHT, WHOLE_DAY], ids=lambda window: window.name)
def test_nothing_starts_in_a_freeze_window(stage: Stage, window: FreezeWindow) -> None:
    """It is Saturday, 03:00; the window's name is said."""
    frozen = stage.beside(an_inventory(freezes=(window,)))
    after = frozen.run(frozen.approved(frozen.open_incident()))
    assert after.reason.startswith(f"Nothing may start now: the freeze window '{window.name}'.")
    assert stage.hands.effects == []


@pytest.mark.parametrize(
    "window",
    [
        FreezeWindow("over", starts_at=at(1), ends_at=at(3)),
        FreezeWindow("tomorrow", days=("sun",)),
        FreezeWindow("later", days=("sat",), since=clock_time(3, 1), until=clock_time(9)),
        FreezeWindow("last night", days=("thu",), since=clock_time(22), until=clock_time(6)),
        FreezeWindow("elsewhere", services=("payments",), days=DAYS),
        FreezeWindow("others", actions=("drop_table",), days=DAYS),
    ],
    ids=lambda window: window.name,
)
def test_a_window_stops_only_what_it_is_about(stage: Stage, window: FreezeWindow) -> None:
    """Its end belongs to the time after it; other days, services and actions go on."""
    open_ = stage.beside(an_inventory(freezes=(window,)))
    assert open_.run(open_.approved(open_.open_incident())).status is ProposalStatus.DONE


def test_a_window_over_midnight_holds_on_both_sides(stage: Stage) -> None:
    """Friday 22:00 to Saturday 06:00."""
    del stage
    seen = [NIGHT.holds("x", "y", at(hour, day=day)) for day, hour in ((13, 21), (13, 22), (14, 5), (14, 6), (14, 22))]
    assert seen == [False, True, True, False, False]


def test_a_window_is_meant_in_utc_wherever_the_clock_is() -> None:
    """The same moment in another zone."""
    from datetime import timezone

    local = at(3).astimezone(timezone(timedelta(hours=9)))
    assert WEEKLY.holds("x", "y", local)
