"""Tasks that survive a crash, carried by DBOS on SQLite or Postgres."""

import math
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import structlog

from app.domain.canonical import Json
from app.domain.errors import Conflict, SitrepError, Unavailable
from app.domain.work import Lane, Task
from app.ports.tasks import Handler

log = structlog.get_logger()

WIDTH: Mapping[Lane, int] = {Lane.CONTROL: 4, Lane.THINK: 2, Lane.ACT: 2, Lane.SEND: 4}
RETRY_AFTER_S = (0.2, 1.0, 5.0)
_POLL_S = 0.2
# Each poll is a query, and only a storm ever puts something into these queues.
_OVERFLOW_POLL_S = 1.0
_BACKLOG = 12


class _Interrupted(BaseException):
    """Sitrep stops. Not an Exception, so that DBOS records no end and the task is taken up at the next start."""


class _Failed(Exception):
    """A task's end without success, in words: what DBOS keeps beside the task."""


class DbosTasks:
    """Implements the tasks port. One workflow runs every task; its id is the task's id, so a task runs under one name once.

    Control, act and send start at once (about 5 ms); what finds a dozen waiting before it, and all thinking, waits in the
    lane's DBOS queue, where waiting costs no thread. A storm in one lane never takes the threads of another.
    Tasks are submitted outside any workflow's context: a child's recorded order would bind what a second run may do after a
    crash, and handlers are idempotent instead. `retry_after_s` are the waits after Unavailable or Conflict, in seconds.
    """

    def __init__(
        self,
        database_url: str,
        name: str = "sitrep",
        executor_id: str = "local",
        version: str = "1",
        retry_after_s: tuple[float, ...] = RETRY_AFTER_S,
    ) -> None:
        self._url = database_url
        self._name = name
        self._executor_id = executor_id
        self._version = version
        self._retry_after_s = retry_after_s
        self._handlers: Mapping[str, Handler] = {}
        self._lanes = {lane: _LaneRoom(width) for lane, width in WIDTH.items()}
        self._outside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="submit")
        self._workflow: Callable[..., Any] | None = None
        self._stopping = threading.Event()
        self._engine: Any = None

    def start(self, handlers: Mapping[str, Handler]) -> None:
        """Opens the task database and takes up what a crash left behind."""
        from dbos import DBOS

        self._handlers = handlers
        DBOS(config=self._config())

        def task(lane: str, name: str, payload: dict[str, Json]) -> None:
            self._run(lane, name, payload)

        self._workflow = DBOS.workflow(name="task", max_recovery_attempts=20)(task)
        DBOS.launch()
        DBOS.register_queue(Lane.THINK.value, worker_concurrency=WIDTH[Lane.THINK], polling_interval_sec=_POLL_S)
        for lane in (Lane.CONTROL, Lane.ACT, Lane.SEND):
            most = WIDTH[lane] + _BACKLOG
            DBOS.register_queue(lane.value, worker_concurrency=most, polling_interval_sec=_OVERFLOW_POLL_S)
        log.info("tasks.started")

    def submit(self, task: Task) -> None:
        """Durable when this returns; raises Unavailable if it cannot be made so."""
        try:
            waiting = self._outside.submit(self._submit, task)
        except RuntimeError:
            raise Unavailable("Sitrep is stopping.", "The sweep submits this task again after the next start.") from None
        waiting.result()

    def stop(self, grace_s: float = 5.0) -> None:
        """Takes no more and waits for what runs; what does not end in time is taken up at the next start."""
        from dbos import DBOS

        self._stopping.set()
        self._outside.shutdown(wait=True)
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=math.ceil(grace_s))
        if self._engine is not None:
            self._engine.dispose()

    def _submit(self, task: Task) -> None:
        from dbos import DBOS, SetWorkflowID

        if self._workflow is None:
            raise Unavailable("Durable tasks have not started.", "Start Sitrep with `sitrep run`.")
        payload = dict(task.payload)
        with SetWorkflowID(task.id):
            if task.lane is Lane.THINK or self._lanes[task.lane].is_full:
                DBOS.enqueue_workflow(task.lane.value, self._workflow, task.lane.value, task.name, payload)
            else:
                DBOS.start_workflow(self._workflow, task.lane.value, task.name, payload)

    def _run(self, lane: str, name: str, payload: dict[str, Json]) -> None:
        """The workflow: the handler by name. Whatever it ends in is logged and kept by DBOS as the task's end."""
        handler = self._handlers.get(name)
        if handler is None:
            log.error("task.unknown", name=name)
            raise _Failed(f"Nothing here does '{name}'; another version of Sitrep submitted it.")
        with self._lanes[Lane(lane)].place(self._stopping):
            try:
                self._try(handler, name, payload)
            except SitrepError as problem:
                log.warning("task.failed", name=name, error=problem.message, hint=problem.hint)
                raise _Failed(str(problem)) from None
            except Exception as problem:
                log.exception("task.broke", name=name, error=repr(problem))
                raise _Failed(repr(problem)) from None

    def _try(self, handler: Handler, name: str, payload: dict[str, Json]) -> None:
        for wait in self._retry_after_s:
            try:
                handler(payload)
            except (Unavailable, Conflict) as problem:
                log.info("task.retried", name=name, after_s=wait, error=problem.message)
                if self._stopping.wait(wait):
                    raise _Interrupted from None
            else:
                return
        handler(payload)

    def _config(self) -> Any:
        config: dict[str, Any] = {
            "name": self._name,
            "system_database_url": self._url,
            "executor_id": self._executor_id,
            "application_version": self._version,
            "enable_otlp": False,
            "console_log_level": "ERROR",
            "log_level": "ERROR",
        }
        if self._url.startswith("sqlite"):
            self._engine = _sqlite_engine(self._url)
            config["system_database_engine"] = self._engine
        return config


def probe(database_url: str) -> None:
    """Raises Unavailable where the task database cannot be reached; starts nothing."""
    import sqlalchemy as sa

    engine = _sqlite_engine(database_url) if database_url.startswith("sqlite") else sa.create_engine(database_url)
    try:
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT 1"))
    except sa.exc.SQLAlchemyError as problem:
        reason = str(getattr(problem, "orig", None) or problem).strip().splitlines()[0][:200]
        raise Unavailable(
            f"The task database does not answer: {reason}.", "Check SITREP_DATABASE_URL and free disk space."
        ) from problem
    finally:
        engine.dispose()


class _LaneRoom:
    """How many tasks of one lane run at once."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._free = threading.BoundedSemaphore(width)
        self._count = threading.Lock()
        self._inside = 0

    @property
    def is_full(self) -> bool:
        """True while a dozen tasks wait for a place already."""
        return self._inside >= self._width + _BACKLOG

    @contextmanager
    def place(self, stopping: threading.Event) -> Iterator[None]:
        """One place in the lane, waited for; raises _Interrupted when Sitrep stops first."""
        with self._count:
            self._inside += 1
        try:
            while not self._free.acquire(timeout=_POLL_S):
                if stopping.is_set():
                    raise _Interrupted
            try:
                yield
            finally:
                self._free.release()
        finally:
            with self._count:
                self._inside -= 1


def _sqlite_engine(url: str) -> Any:
    """SQLite with a write-ahead log: DBOS's own engine commits three times slower."""
    import sqlalchemy as sa

    engine = sa.create_engine(url, connect_args={"timeout": 30, "check_same_thread": False})

    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA busy_timeout=30000")
        cursor.close()

    return engine
