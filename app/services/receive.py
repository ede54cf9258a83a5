"""Takes in whatever comes through a door: durable first, then acknowledged, then handled."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.canonical import Json
from app.domain.work import Delivery, Lane, Task
from app.ports.clock import Clock
from app.ports.store import Store
from app.ports.tasks import Tasks


@dataclass(frozen=True, slots=True)
class Receive:
    """The one way in. Returns True for a new delivery, False for one that was seen before."""

    store: Store
    tasks: Tasks
    clock: Clock

    def __call__(self, source: str, key: str, payload: Mapping[str, Json]) -> bool:
        """Commits the delivery, then hands it to the control lane; after True nothing can lose it."""
        delivery = Delivery(key, source, payload, self.clock.now())
        with self.store.begin() as tx:
            is_new = tx.inbox.receive(delivery)
        if is_new:
            self.tasks.submit(handling_of(key))
        return is_new


def handling_of(key: str, attempt: str = "") -> Task:
    """The task that handles a delivery; `attempt` makes a new task of a second try."""
    return Task(f"in:{key}{attempt}", Lane.CONTROL, "handle_delivery", {"key": key})
