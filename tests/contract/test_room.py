"""One suite over the chat in memory and over Slack's own client against the local workspace."""

from collections.abc import Iterator
from typing import Protocol

import pytest

from app.adapters.clock.system import SystemClock
from app.adapters.slack.room import SlackRoom
from app.adapters.slack.wire import room_client
from app.domain.errors import NotFound, OutcomeUnknown, Refused, RoomBusy
from app.domain.messages import Note
from app.domain.outbox import MessageRef
from app.ports.room import Room
from app.workspace.control import Control
from app.workspace.control import Refused as Hidden
from tests.fakes.room import ALICE, BOB, GUEST, FakeRoom
from tests.scenario.stack import workspace


class Chat(Protocol):
    """A room, and what a test has to see and break around it."""

    room: Room

    def texts(self, channel: str, user: str = "") -> list[str]:
        """What is read there, oldest first; with a person, as that person sees it."""

    def topic(self, channel: str) -> str:
        """The channel's topic."""

    def fail_next(self, kind: str) -> None:
        """The next post is `busy`, `lost` or `never`."""


class FakeChat:
    """The chat in memory."""

    def __init__(self) -> None:
        self.fake = FakeRoom()
        self.room: Room = self.fake

    def texts(self, channel: str, user: str = "") -> list[str]:
        """As the protocol says."""
        return self.fake.texts(channel, user)

    def topic(self, channel: str) -> str:
        """As the protocol says."""
        return self.fake.channels[channel].topic

    def fail_next(self, kind: str) -> None:
        """As the protocol says."""
        self.fake.fail_next("post", kind)


class LocalSlack:
    """Slack's client over the local workspace."""

    def __init__(self, url: str, control: Control) -> None:
        self._control = control
        self.room: Room = SlackRoom(room_client("xoxb-local", f"{url}/api/"), SystemClock(), longest_wait_s=3.0)

    def texts(self, channel: str, user: str = "") -> list[str]:
        """As the protocol says."""
        try:
            return [str(item["text"]) for item in self._control.messages(channel, user) if not item.get("subtype")]
        except Hidden:
            return []

    def topic(self, channel: str) -> str:
        """As the protocol says."""
        found = next(item for item in self._control.channels() if item["id"] == channel)
        topic = found["topic"]
        return str(topic["value"] if isinstance(topic, dict) else topic)

    def fail_next(self, kind: str) -> None:
        """As the protocol says."""
        faults = {"busy": "429", "lost": "reset_after_commit", "never": "reset"}
        self._control.fault("chat.postMessage", faults[kind], retry_after=7)


@pytest.fixture(scope="module")
def slack() -> Iterator[LocalSlack]:
    """One workspace for the whole suite; every test opens channels of its own."""
    with workspace() as url, Control(url) as control:
        yield LocalSlack(url, control)


@pytest.fixture(params=["fake", "slack"])
def chat(request: pytest.FixtureRequest) -> Chat:
    """Each chat in turn."""
    found: Chat = FakeChat() if request.param == "fake" else request.getfixturevalue("slack")
    return found


def _named(request: pytest.FixtureRequest) -> str:
    return f"inc-{abs(hash(request.node.name)) % 10**8}"


def _opened(chat: Chat, request: pytest.FixtureRequest, *, is_private: bool = False) -> str:
    name = _named(request)
    return chat.room.open(name, "SEV2", (ALICE,), f"open-{name}", is_private=is_private)


def test_a_channel_is_opened_once_per_operation_and_a_taken_name_gets_a_suffix(
    chat: Chat, request: pytest.FixtureRequest
) -> None:
    """A second try after a crash finds the first one's channel; another incident gets its own."""
    name = _named(request)
    first = chat.room.open(name, "SEV2", (ALICE,), "op-1")
    assert chat.room.open(name, "SEV2", (ALICE,), "op-1") == first
    assert chat.room.open(name, "SEV2", (ALICE,), "op-2") != first
    assert chat.room.channel_named(name) == first
    assert chat.room.channel_named(f"{name}-2") is not None
    assert chat.room.channel_named(f"{name}-3") is None


def test_a_posted_message_is_found_by_its_operation_also_in_a_thread(chat: Chat, request: pytest.FixtureRequest) -> None:
    """And nothing is found for an operation that never was."""
    room = _opened(chat, request)
    ref = chat.room.post(room, Note("first"), "op-1")
    reply = chat.room.post(room, Note("second"), "op-2", thread=ref.ts)
    assert chat.room.find(room, "op-1") == ref
    assert chat.room.find(room, "op-2") == reply
    assert chat.room.find(room, "op-3") is None


def test_an_edit_redraws_in_place_and_keeps_the_operation(chat: Chat, request: pytest.FixtureRequest) -> None:
    """One message before, one message after."""
    room = _opened(chat, request)
    ref = chat.room.post(room, Note("before"), "op-1")
    chat.room.edit(ref, Note("after"))
    assert [text for text in chat.texts(room) if text in {"before", "after"}] == ["after"]
    assert chat.room.find(room, "op-1") == ref


def test_an_edit_of_a_message_that_is_gone_is_refused(chat: Chat, request: pytest.FixtureRequest) -> None:
    """Somebody deleted it."""
    room = _opened(chat, request)
    with pytest.raises(Refused):
        chat.room.edit(MessageRef(room, "1700000000.999999"), Note("after"))


def test_a_post_whose_answer_is_lost_is_unknown_and_can_be_found(chat: Chat, request: pytest.FixtureRequest) -> None:
    """It arrived."""
    room = _opened(chat, request)
    chat.fail_next("lost")
    with pytest.raises(OutcomeUnknown):
        chat.room.post(room, Note("arrived"), "op-1")
    assert chat.room.find(room, "op-1") is not None
    assert chat.texts(room).count("arrived") == 1


def test_a_post_that_never_arrived_is_unknown_and_cannot_be_found(chat: Chat, request: pytest.FixtureRequest) -> None:
    """It did not."""
    room = _opened(chat, request)
    chat.fail_next("never")
    with pytest.raises(OutcomeUnknown):
        chat.room.post(room, Note("gone"), "op-1")
    assert chat.room.find(room, "op-1") is None
    assert "gone" not in chat.texts(room)


def test_a_busy_chat_says_how_long_to_wait(chat: Chat, request: pytest.FixtureRequest) -> None:
    """Nothing was posted."""
    room = _opened(chat, request)
    chat.fail_next("busy")
    with pytest.raises(RoomBusy) as busy:
        chat.room.post(room, Note("later"), "op-1")
    assert busy.value.retry_after == 7
    assert "later" not in chat.texts(room)


def test_a_whisper_is_for_one_person(chat: Chat, request: pytest.FixtureRequest) -> None:
    """Others in the channel do not see it."""
    name = _named(request)
    room = chat.room.open(name, "SEV2", (ALICE, BOB), "op-1")
    chat.room.whisper(room, ALICE, Note("for you"))
    assert "for you" in chat.texts(room, ALICE)
    assert "for you" not in chat.texts(room, BOB)


def test_a_private_channel_exists_only_for_those_in_it(chat: Chat, request: pytest.FixtureRequest) -> None:
    """Sitrep still finds its own by the operation; a public channel is open to everybody."""
    room = _opened(chat, request, is_private=True)
    chat.room.post(room, Note("payroll"), "op-1")
    assert "payroll" in chat.texts(room, ALICE)
    assert chat.texts(room, BOB) == []
    assert _opened(chat, request, is_private=True) == room
    public = chat.room.open(f"{_named(request)}-open", "SEV2", (), "op-2")
    chat.room.post(public, Note("lunch"), "op-3")
    assert "lunch" in chat.texts(public, BOB)


def test_the_topic_is_set_and_a_pin_may_be_set_twice(chat: Chat, request: pytest.FixtureRequest) -> None:
    """Neither raises."""
    room = _opened(chat, request)
    chat.room.set_topic(room, "SEV1 now")
    assert chat.topic(room) == "SEV1 now"
    ref = chat.room.post(room, Note("card"), "op-1")
    chat.room.pin(ref)
    chat.room.pin(ref)


def test_people_are_who_the_chat_says_they_are(chat: Chat) -> None:
    """A member, a guest, and nobody."""
    assert chat.room.person(ALICE).is_member
    assert not chat.room.person(GUEST).is_member
    with pytest.raises(NotFound):
        chat.room.person("U0NOBODY1")
