"""Durable hands: named tasks in lanes that survive a crash."""

from collections.abc import Callable, Mapping
from typing import Protocol

from app.domain.canonical import Json
from app.domain.work import Task

Handler = Callable[[Mapping[str, Json]], None]


class Tasks(Protocol):
    """Runs handlers by name. A task that was submitted runs at least once, also after kill -9 and a restart."""

    def start(self, handlers: Mapping[str, Handler]) -> None:
        """Begins to work, taking up what a crash left behind."""
        ...

    def submit(self, task: Task) -> None:
        """Makes the task durable and returns at once. A second task with the same id changes nothing."""
        ...

    def stop(self, grace_s: float = 5.0) -> None:
        """Stops taking tasks and waits up to `grace_s` for running ones."""
        ...
