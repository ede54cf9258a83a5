"""The parts of the shop that need no process: pool, spool, cleanup, journal, metrics, merged text."""

import asyncio
import json
import os
import time
from pathlib import Path

import pytest

from app.drills.shop import cleanup
from app.drills.shop.desired import DesiredState
from app.drills.shop.journal import MAX_BYTES, Journal, last_lines
from app.drills.shop.merge import merge_metrics
from app.drills.shop.pool import Pool, PoolTimeoutError, QueueFullError
from app.drills.shop.spec import SERVICES, SpecError
from app.drills.shop.spool import Spool


def quiet(_pool: Pool) -> None:
    """Nobody watches this pool."""


async def hold(pool: Pool, until: asyncio.Event) -> None:
    async with pool.place(1.0):
        await until.wait()


async def test_a_full_pool_times_out_and_serves_again_when_a_place_is_given_back() -> None:
    pool, release = Pool(1, quiet), asyncio.Event()
    holder = asyncio.create_task(hold(pool, release))
    await asyncio.sleep(0)
    with pytest.raises(PoolTimeoutError):
        async with pool.place(0.02):
            raise AssertionError("the only place was taken")
    assert (pool.in_use, pool.waiting) == (1, 0)
    release.set()
    await holder
    async with pool.place(0.02) as waited:
        assert waited < 0.02
    assert pool.in_use == 0


async def test_a_grown_pool_lets_the_waiting_in_at_once() -> None:
    pool, release = Pool(1, quiet), asyncio.Event()
    holders = [asyncio.create_task(hold(pool, release)) for _ in range(3)]
    await asyncio.sleep(0)
    assert (pool.in_use, pool.waiting) == (1, 2)
    pool.resize(3)
    assert (pool.in_use, pool.waiting) == (3, 0)
    release.set()
    await asyncio.gather(*holders)
    assert pool.in_use == 0


async def test_a_shrunk_pool_hands_out_nothing_until_enough_came_back() -> None:
    pool, release = Pool(2, quiet), asyncio.Event()
    holders = [asyncio.create_task(hold(pool, release)) for _ in range(2)]
    await asyncio.sleep(0)
    pool.resize(1)
    with pytest.raises(PoolTimeoutError):
        async with pool.place(0.02):
            raise AssertionError("two places of one were in use")
    release.set()
    await asyncio.gather(*holders)
    assert pool.in_use == 0


async def test_a_queue_at_its_limit_refuses_at_once() -> None:
    pool, release = Pool(1, quiet), asyncio.Event()
    holder = asyncio.create_task(hold(pool, release))
    await asyncio.sleep(0)
    with pytest.raises(QueueFullError):
        async with pool.place(1.0, queue_limit=0):
            raise AssertionError("the queue had no room")
    release.set()
    await holder


async def test_a_cancelled_waiter_leaves_no_place_behind() -> None:
    pool, release = Pool(1, quiet), asyncio.Event()
    holder, waiter = asyncio.create_task(hold(pool, release)), asyncio.create_task(hold(pool, release))
    await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    release.set()
    await holder
    assert (pool.in_use, pool.waiting) == (0, 0)


def test_a_full_spool_refuses_orders_until_old_files_are_cleaned_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spool = Spool(tmp_path / "spool", capacity=1_000_000)
    spool.append("an order")
    number = 1
    while spool.add_old_trace(number):
        number += 1
    assert spool.used() == 1_000_000
    with pytest.raises(OSError, match="No space left"):
        spool.append("an order too many")

    assert cleanup.main(["--dir", str(spool.directory), "--older-than-s", "600"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["deleted"] == number
    assert told["freed_bytes"] > 900_000
    spool.append("an order that fits again")
    assert (spool.directory / "orders.jsonl").read_text().splitlines() == ["an order", "an order that fits again"]


def test_cleanup_deletes_only_old_rotated_files_of_the_folder_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spool = Spool(tmp_path / "spool")
    kept_elsewhere = tmp_path / "elsewhere.log.1"
    names = ["trace.log.1", "orders.jsonl.17", "orders.jsonl", "notes.txt", "trace.log.old"]
    for path in [kept_elsewhere, *(spool.directory / name for name in names)]:
        path.write_text("x")
        os.utime(path, (time.time() - 3600,) * 2)
    (spool.directory / "trace.log.2").write_text("young")
    (spool.directory / "trace.log.3").symlink_to(kept_elsewhere)

    assert cleanup.main(["--dir", str(spool.directory), "--older-than-s", "60"]) == 0

    assert json.loads(capsys.readouterr().out) | {"dir": ""} == {"dir": "", "deleted": 2, "freed_bytes": 2, "kept": 1}
    left = {path.name for path in spool.directory.iterdir()}
    assert left == {cleanup.MARKER, "orders.jsonl", "notes.txt", "trace.log.old", "trace.log.2", "trace.log.3"}
    assert kept_elsewhere.exists()


def test_cleanup_refuses_a_folder_that_is_not_the_shops(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "trace.log.1").write_text("precious")
    assert cleanup.main(["--dir", str(tmp_path), "--older-than-s", "0"]) == 2
    assert "Nothing was deleted" in json.loads(capsys.readouterr().out)["error"]
    assert (tmp_path / "trace.log.1").exists()


@pytest.mark.parametrize("age", ["-1", "nan", "soon"])
def test_cleanup_refuses_an_age_that_is_none(tmp_path: Path, age: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cleanup.main(["--dir", str(tmp_path), "--older-than-s", age])
    assert ended.value.code == 2
    assert "older-than-s" in capsys.readouterr().err


def test_the_spool_rotates_and_keeps_only_the_last_files(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    for _ in range(9):
        spool.append("x" * 250_000)
    assert len(list(spool.directory.glob("orders.jsonl.*"))) == 5


def test_the_journal_rotates_before_it_grows_without_bound(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a.jsonl", service="a")
    journal.info("x" * MAX_BYTES)
    journal.error("after", code=500)
    assert (tmp_path / "a.jsonl.1").exists()
    (line,) = last_lines(tmp_path / "a.jsonl", 10)
    assert (line["service"], line["level"], line["message"], line["code"]) == ("a", "error", "after", 500)


def test_a_torn_log_line_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"message": "one"}\n[1]\n{"mess')
    assert last_lines(tmp_path / "a.jsonl", 10) == [{"message": "one"}]


def test_what_was_wanted_survives_a_restart_of_the_platform(tmp_path: Path) -> None:
    state = DesiredState(tmp_path)
    state.set_config("checkout", "pool_size", 7, "ann")
    state.deploy("checkout", "v42", "bot")
    again = DesiredState(tmp_path)
    assert again.services["checkout"].config["pool_size"] == 7
    assert [change["text"] for change in again.changes(10)] == ["pool_size: 20 -> 7", "deploy v41 -> v42"]
    assert again.roll_back("checkout", None, "ann")["text"] == "rollback v42 -> v41"


@pytest.mark.parametrize(
    ("value", "complaint"),
    [(0, "out of bounds"), (101, "out of bounds"), (2.5, "whole number"), (True, "whole number"), ("20", "whole number")],
)
def test_a_setting_refuses_what_is_not_a_value_of_its_kind(value: object, complaint: str) -> None:
    with pytest.raises(SpecError, match=complaint):
        SERVICES["checkout"].setting("pool_size").parse("pool_size", value)


def test_not_a_number_is_out_of_bounds() -> None:
    with pytest.raises(SpecError, match="out of bounds"):
        SERVICES["checkout"].setting("pool_timeout_s").parse("pool_timeout_s", float("nan"))


def test_merged_metrics_name_each_family_once_and_each_sample_by_replica() -> None:
    text = '# HELP a_total A.\n# TYPE a_total counter\na_total{code="200"} 1.0\n# HELP b B.\n# TYPE b gauge\nb 2.0\n'
    assert merge_metrics([("x-1", text), ("x-2", text)]) == (
        "# HELP a_total A.\n# TYPE a_total counter\n"
        'a_total{code="200",replica="x-1"} 1.0\na_total{code="200",replica="x-2"} 1.0\n'
        "# HELP b B.\n# TYPE b gauge\n"
        'b{replica="x-1"} 2.0\nb{replica="x-2"} 2.0\n'
    )
