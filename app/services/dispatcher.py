"""The table of everything that can happen: task names and delivery sources, and who handles each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.domain.canonical import Json
from app.domain.errors import BadInput, NotFound, Refused
from app.domain.work import Delivery, Task
from app.ports.clock import Clock
from app.ports.store import Store
from app.ports.tasks import Handler, Tasks
from app.services.act import Act
from app.services.hear import Hear
from app.services.investigate import Investigate
from app.services.learn import Learn
from app.services.send import Send
from app.services.sweep import Sweep
from app.services.take_in import TakeIn
from app.services.write_postmortem import WritePostmortem


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Runs the handler of a task, then submits what follows from it."""

    store: Store
    tasks: Tasks
    clock: Clock
    hear: Hear
    take_in: TakeIn
    investigate: Investigate
    act: Act
    send: Send
    learn: Learn
    write_postmortem: WritePostmortem
    sweep: Sweep

    def handlers(self) -> Mapping[str, Handler]:
        """Every task by name."""
        table: dict[str, Callable[[Mapping[str, Json]], Sequence[Task]]] = {
            "handle_delivery": lambda payload: self._handle(str(payload["key"])),
            "investigate": lambda payload: self.investigate(_number(payload)),
            "act": lambda payload: self.act(str(payload["proposal"])),
            "send": lambda payload: self.send(str(payload["lane"])),
            "learn": lambda payload: self._learn(_number(payload)),
            "write_postmortem": lambda payload: self.write_postmortem(_number(payload)),
        }
        return {name: self._following(handle) for name, handle in table.items()}

    def tick(self) -> None:
        """One beat: what is in hand stays in hand, what fell due is done, and what a crash left behind is taken up."""
        self.send.keep()
        self.submit(self.sweep.due())
        self.submit(self.sweep())

    def _following(self, handle: Callable[[Mapping[str, Json]], Sequence[Task]]) -> Handler:
        def run(payload: Mapping[str, Json]) -> None:
            self.submit(handle(payload))

        return run

    def submit(self, tasks: Sequence[Task]) -> None:
        """Starts what follows from something that a person did at a door of their own."""
        for task in tasks:
            self.tasks.submit(task)

    def _handle(self, key: str) -> list[Task]:
        with self.store.begin() as tx:
            if tx.inbox.is_done(key):
                return []
            delivery = tx.inbox.get(key)
        error = ""
        try:
            tasks, error = self._take(delivery)
        except (BadInput, NotFound, Refused) as problem:
            tasks, error = [], str(problem)
        # Before the delivery is done: a crash in between handles it again, and what follows from it is not lost.
        self.submit(tasks)
        with self.store.begin() as tx:
            tx.inbox.done(key, self.clock.now(), error)
        return []

    def _take(self, delivery: Delivery) -> tuple[list[Task], str]:
        if delivery.source in self.take_in.parsers:
            return self.take_in(delivery)
        return self.hear(delivery.source, delivery.payload), ""

    def _learn(self, number: int) -> list[Task]:
        self.learn(number)
        return []


def _number(payload: Mapping[str, Json]) -> int:
    value = payload["incident"]
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadInput("A task names no incident.", "It is dropped.")
    return value
