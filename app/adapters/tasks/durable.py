"""Tasks that survive a crash, carried by DBOS on SQLite or Postgres."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog

from app.domain.canonical import Json
from app.domain.errors import Conflict, SitrepError, Unavailable
from app.domain.work import Lane, Task
from app.ports.tasks import Handler

log = structlog.get_logger()

WIDTH: Mapping[Lane, int] = {Lane.CONTROL: 4, Lane.THINK: 2, Lane.ACT: 2, Lane.SEND: 4}
RETRY_AFTER_S = (0.2, 1.0, 5.0)
_THINK_POLL_S = 0.2


class DbosTasks:
    """Implements the tasks port. One workflow runs every task; its id is the task's id, so a task runs under one name once.

    Control, act and send start at once (about 5 ms) under a bound per lane; thinking waits in a DBOS queue, so that a storm
    of investigations never takes the threads that answer a click. Tasks are submitted outside any workflow's context:
    a child's recorded order would bind what a second run may do after a crash, and handlers are idempotent instead.
    """

    def __init__(self, database_url: str, name: str = "sitrep", executor_id: str = "local", version: str = "1") -> None:
        self._url = database_url
        self._name = name
        self._executor_id = executor_id
        self._version = version
        self._handlers: Mapping[str, Handler] = {}
        self._lanes = {lane: threading.BoundedSemaphore(width) for lane, width in WIDTH.items()}
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
        DBOS.register_queue(Lane.THINK.value, worker_concurrency=WIDTH[Lane.THINK], polling_interval_sec=_THINK_POLL_S)
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
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=int(grace_s))
        if self._engine is not None:
            self._engine.dispose()

    def _submit(self, task: Task) -> None:
        from dbos import DBOS, SetWorkflowID

        if self._workflow is None:
            raise Unavailable("Durable tasks have not started.", "Start Sitrep with `sitrep run`.")
        payload = dict(task.payload)
        with SetWorkflowID(task.id):
            if task.lane is Lane.THINK:
                DBOS.enqueue_workflow(task.lane.value, self._workflow, task.lane.value, task.name, payload)
            else:
                DBOS.start_workflow(self._workflow, task.lane.value, task.name, payload)

    def _run(self, lane: str, name: str, payload: dict[str, Json]) -> None:
        """The workflow: the handler by name, with patience for what may pass."""
        handler = self._handlers.get(name)
        if handler is None:
            log.error("task.unknown", name=name)
            return
        with self._lanes[Lane(lane)]:
            for wait in (*RETRY_AFTER_S, None):
                try:
                    handler(payload)
                except (Unavailable, Conflict) as problem:
                    if wait is None or self._stopping.is_set():
                        log.warning("task.gave_up", name=name, error=problem.message)
                        return
                    time.sleep(wait)
                except SitrepError as problem:
                    log.warning("task.refused", name=name, error=problem.message)
                    return
                else:
                    return

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
