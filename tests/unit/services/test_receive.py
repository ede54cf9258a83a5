"""What comes through a door is durable before it is acknowledged, and handled once."""

import pytest

from app.domain.errors import Unavailable
from app.services.receive import Receive
from tests.fakes.tasks import ImmediateTasks
from tests.unit.services.stage import Stage


def test_a_new_delivery_is_kept_and_handed_on_and_a_second_one_is_not(stage: Stage) -> None:
    """The key decides, not the content."""
    tasks = ImmediateTasks()
    receive = Receive(stage.store, tasks, stage.clock)
    assert receive("alertmanager", "key-1", {"a": 1})
    assert not receive("alertmanager", "key-1", {"a": 2})
    with stage.store.begin() as tx:
        assert tx.inbox.get("key-1").payload == {"a": 1}
        assert not tx.inbox.is_done("key-1")
    assert [(task.id, task.payload) for task in tasks.waiting] == [("in:key-1", {"key": "key-1"})]


def test_a_delivery_is_kept_even_if_no_hands_take_it(stage: Stage) -> None:
    """Sitrep is stopping at that very moment; the sweep of the next start takes it up."""

    class Stopped(ImmediateTasks):
        """Hands that take nothing."""

        def submit(self, task: object) -> None:
            """Refuses."""
            raise Unavailable("Sitrep is stopping.")

    with pytest.raises(Unavailable):
        Receive(stage.store, Stopped(), stage.clock)("alertmanager", "key-1", {})
    stage.clock.advance(6)
    assert [task.payload for task in stage.sweep()] == [{"key": "key-1"}]
