"""Pages show names where the chat knows them, and never wait for a chat that does not answer."""

import threading
import time

from app.domain.person import Person
from app.services.names import AGAIN_S, FRESH_S, Names
from tests.fakes.room import ALICE, BOB, FakeRoom


class Ticks:
    """A monotonic clock that moves when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The reading."""
        return self.now


def _settled(names: Names, user: str, wanted: str) -> None:
    deadline = time.monotonic() + 5
    while names(user) != wanted:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_name_is_asked_once_and_kept_for_an_hour() -> None:
    """Then it is asked again, and the old one stands meanwhile."""
    room, ticks = FakeRoom(), Ticks()
    names = Names(room, ticks)
    assert [names(ALICE), names(ALICE)] == ["alice", "alice"]
    assert room.calls == ["person"]
    ticks.now += FRESH_S + 1
    assert names(ALICE) == "alice"
    deadline = time.monotonic() + 5
    while room.calls != ["person", "person"] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert room.calls == ["person", "person"]
    names.close()


def test_somebody_the_chat_does_not_know_keeps_the_id_and_is_not_asked_for_on_every_page() -> None:
    """An id from an import, for example."""
    room = FakeRoom()
    names = Names(room, Ticks())
    assert [names("U0NOBODY1"), names("U0NOBODY1")] == ["U0NOBODY1", "U0NOBODY1"]
    assert room.calls == ["person"]
    names.close()


def test_while_the_chat_is_down_ids_stand_in_and_nobody_is_asked_for_a_while() -> None:
    """Half a minute later it is tried again."""
    room, ticks = FakeRoom(), Ticks()
    names = Names(room, ticks)
    room.fail_next("person", "down")
    assert [names(ALICE), names(BOB), names(ALICE)] == [ALICE, BOB, ALICE]
    assert room.calls == ["person"]
    ticks.now += AGAIN_S + 1
    _settled(names, ALICE, "alice")
    names.close()


def test_a_chat_that_hangs_delays_one_page_by_half_a_second_and_no_other() -> None:
    """Ten people on a page do not cost ten waits."""
    go = threading.Event()

    class Hanging(FakeRoom):
        """Answers when it is let go."""

        def person(self, user: str) -> Person:
            """Hangs."""
            go.wait(10)
            return super().person(user)

    names = Names(Hanging())
    began = time.monotonic()
    assert [names(f"U0000000{number}") for number in range(10)] == [f"U0000000{number}" for number in range(10)]
    took = time.monotonic() - began
    go.set()
    names.close()
    assert names(ALICE) == ALICE
    assert took < 3
