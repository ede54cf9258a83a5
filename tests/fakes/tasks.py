"""Hands without durability: tasks on threads of this process, and tasks that run when a test says so."""

import threading
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import structlog

from app.adapters.tasks.durable import WIDTH
from app.domain.errors import Conflict, SitrepError, Unavailable
from app.domain.work import Task
from app.ports.tasks import Handler

log = structlog.get_logger()


class ThreadTasks:
    """The tasks port in memory: what was not done when the process ends is gone."""

    def __init__(self, retry_after_s: tuple[float, ...] = (0.01, 0.02, 0.05)) -> None:
        self._retry_after_s = retry_after_s
        self._handlers: Mapping[str, Handler] = {}
        self._seen: set[str] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._idle = threading.Condition()
        self._running = 0
        self._lanes = {lane: ThreadPoolExecutor(width, thread_name_prefix=lane.value) for lane, width in WIDTH.items()}

    def start(self, handlers: Mapping[str, Handler]) -> None:
        """Begins to work."""
        self._handlers = handlers

    def submit(self, task: Task) -> None:
        """Lines it up; a second one with the same id changes nothing."""
        with self._lock:
            if task.id in self._seen:
                return
            self._seen.add(task.id)
        try:
            self._lanes[task.lane].submit(self._run, task)
        except RuntimeError:
            raise Unavailable("Sitrep is stopping.", "Submit it again after the next start.") from None

    def stop(self, grace_s: float = 5.0) -> None:
        """Drops what waits, and waits up to `grace_s` seconds for what runs."""
        self._stopping.set()
        for pool in self._lanes.values():
            pool.shutdown(wait=False, cancel_futures=True)
        with self._idle:
            self._idle.wait_for(lambda: self._running == 0, grace_s)

    def _run(self, task: Task) -> None:
        handler = self._handlers.get(task.name)
        if handler is None:
            log.error("task.unknown", name=task.name)
            return
        with self._idle:
            self._running += 1
        try:
            self._try(handler, task)
        except SitrepError as problem:
            log.warning("task.failed", name=task.name, error=problem.message, hint=problem.hint)
        except Exception as problem:
            log.exception("task.broke", name=task.name, error=repr(problem))
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def _try(self, handler: Handler, task: Task) -> None:
        for wait in self._retry_after_s:
            try:
                handler(task.payload)
            except (Unavailable, Conflict):
                if self._stopping.wait(wait):
                    return
            else:
                return
        handler(task.payload)


class ImmediateTasks:
    """The tasks port, collecting: `waiting` is what was submitted and not run, `ran` what was run, both in order."""

    def __init__(self) -> None:
        self.waiting: deque[Task] = deque()
        self.ran: list[Task] = []
        self._handlers: Mapping[str, Handler] = {}
        self._seen: set[str] = set()

    def start(self, handlers: Mapping[str, Handler]) -> None:
        """Remembers who does what."""
        self._handlers = handlers

    def submit(self, task: Task) -> None:
        """Collects it; a second one with the same id changes nothing."""
        if task.id not in self._seen:
            self._seen.add(task.id)
            self.waiting.append(task)

    def stop(self, grace_s: float = 5.0) -> None:
        """Nothing runs by itself, so nothing has to stop."""

    def run_all(self, limit: int = 1_000) -> int:
        """Runs what waits and what that submits; how many ran. A handler's error reaches the test."""
        for count in range(limit):
            if not self.waiting:
                return count
            task = self.waiting.popleft()
            self.ran.append(task)
            self._handlers[task.name](task.payload)
        msg = f"{limit} tasks did not come to an end; the next would be {self.waiting[0].name}"
        raise AssertionError(msg)
