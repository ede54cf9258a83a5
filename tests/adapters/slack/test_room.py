"""The room against a real HTTP server that answers as Slack does on its bad days."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from app.adapters.slack.pace import Pace
from app.adapters.slack.room import SlackRoom
from app.adapters.slack.wire import room_client
from app.domain.errors import NotFound, OutcomeUnknown, Refused, RoomBusy, SitrepError, Unavailable
from app.domain.messages import Note
from app.domain.outbox import MessageRef
from tests.adapters.slack.examples import NOW
from tests.adapters.slack.stub import Answer, Stub, running_stub

HELLO = Note("Hello.")


class StillClock:
    def now(self) -> datetime:
        return NOW


@dataclass
class Time:
    """Monotonic seconds that pass only when somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.now += seconds


@pytest.fixture
def stub() -> Iterator[Stub]:
    with running_stub() as running:
        running.usual["chat.postMessage"] = lambda _: {"ok": True, "channel": "C1", "ts": "1.000001"}
        running.usual["auth.test"] = lambda _: {"ok": True, "team_id": "T1", "user_id": "U0SELF", "bot_id": "B1"}
        running.usual["conversations.create"] = lambda asked: {"ok": True, "channel": {"id": f"C-{asked['name']}"}}
        yield running


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def room(stub: Stub, time: Time) -> SlackRoom:
    client = room_client("xoxb-test", stub.url, timeout_s=3)
    return SlackRoom(client, StillClock(), sleep=time.sleep, monotonic=time.monotonic)


def no(error: str, **more: Any) -> Answer:
    return Answer({"ok": False, "error": error, **more})


def test_a_post_is_marked_and_never_unfurled(room: SlackRoom, stub: Stub) -> None:
    assert room.post("C1", HELLO, "op-1", thread="0.5") == MessageRef("C1", "1.000001")
    (sent,) = stub.asked("chat.postMessage")
    assert sent["metadata"] == {"event_type": "sitrep_op", "event_payload": {"op": "op-1"}}
    assert (sent["unfurl_links"], sent["unfurl_media"], sent["thread_ts"]) == (False, False, "0.5")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(reset=True),
        Answer("<html>oops</html>", 500, {"Content-Type": "text/html"}),
        Answer({"ok": False, "error": "service_unavailable"}, 503),
        no("fatal_error"),
        Answer("not json"),
        Answer({"ok": True}),
    ],
    ids=["reset", "html-500", "503", "fatal", "no-json", "no-ts"],
)
def test_a_post_without_a_clear_answer_is_unknown_and_not_sent_again(room: SlackRoom, stub: Stub, answer: Answer) -> None:
    stub.plan("chat.postMessage", answer)
    with pytest.raises(OutcomeUnknown):
        room.post("C1", HELLO, "op-1")
    assert len(stub.asked("chat.postMessage")) == 1


def test_an_edit_without_an_answer_may_simply_be_repeated(room: SlackRoom, stub: Stub) -> None:
    stub.plan("chat.update", Answer(reset=True))
    with pytest.raises(Unavailable):
        room.edit(MessageRef("C1", "1.0"), HELLO)
    assert len(stub.asked("chat.update")) == 1


def test_a_slack_that_cannot_be_reached_got_nothing(time: Time) -> None:
    with running_stub() as gone:
        url = gone.url
    unreachable = SlackRoom(room_client("xoxb-test", url, timeout_s=3), StillClock(), sleep=time.sleep)
    with pytest.raises(Unavailable, match="cannot be reached"):
        unreachable.post("C1", HELLO, "op-1")


def test_a_slow_answer_to_a_post_is_unknown(stub: Stub, time: Time) -> None:
    import threading

    gate = threading.Event()

    def slow(_: dict[str, Any]) -> dict[str, Any]:
        gate.wait(5)
        return {"ok": True, "ts": "1.0"}

    stub.usual["chat.postMessage"] = slow
    room = SlackRoom(room_client("xoxb-test", stub.url, timeout_s=1), StillClock(), sleep=time.sleep)
    with pytest.raises(OutcomeUnknown):
        room.post("C1", HELLO, "op-1")
    gate.set()


def test_429_closes_the_channel_for_as_long_as_slack_says(room: SlackRoom, stub: Stub, time: Time) -> None:
    stub.plan("chat.postMessage", Answer({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "42"}))
    with pytest.raises(RoomBusy) as first:
        room.post("C1", HELLO, "op-1")
    assert first.value.retry_after == 42
    with pytest.raises(RoomBusy):
        room.post("C1", HELLO, "op-1")
    assert len(stub.asked("chat.postMessage")) == 1
    room.post("C2", HELLO, "op-2")
    time.now += 42
    assert room.post("C1", HELLO, "op-1").ts == "1.000001"


def test_a_channel_gets_three_at_once_and_then_one_a_second(room: SlackRoom, time: Time) -> None:
    for number in range(5):
        room.post("C1", HELLO, f"op-{number}")
    assert time.slept == [1.0, 1.0]


def test_a_long_queue_is_busy_instead_of_a_long_sleep(time: Time) -> None:
    pace = Pace(time.monotonic, lambda _: None, longest_wait_s=2.0)
    for _ in range(5):
        pace.take("C1")
    with pytest.raises(RoomBusy) as caught:
        pace.take("C1")
    assert caught.value.retry_after == 3.0


def test_sitrep_joins_a_channel_it_is_not_in_and_posts_once(room: SlackRoom, stub: Stub) -> None:
    stub.plan("chat.postMessage", no("not_in_channel"))
    assert room.post("C1", HELLO, "op-1").ts == "1.000001"
    assert [name for name, _ in stub.calls] == ["chat.postMessage", "conversations.join", "chat.postMessage"]


@pytest.mark.parametrize(
    ("error", "kind", "hint"),
    [
        ("channel_not_found", Refused, "/invite"),
        ("is_archived", Refused, "Unarchive"),
        ("msg_too_long", Refused, "console"),
        ("something_new", Refused, "sitrep doctor"),
        ("missing_scope", Refused, "manifest"),
        ("invalid_auth", Unavailable, "SLACK_BOT_TOKEN"),
        ("ratelimited", RoomBusy, "tries again"),
    ],
)
def test_each_refusal_says_what_to_do_next(room: SlackRoom, stub: Stub, error: str, kind: type[SitrepError], hint: str) -> None:
    stub.plan("chat.postMessage", no(error))
    with pytest.raises(kind) as caught:
        room.post("C1", HELLO, "op-1")
    assert hint in caught.value.hint


def test_a_message_is_found_by_its_operation_also_in_a_thread(room: SlackRoom, stub: Stub) -> None:
    mark = {"event_type": "sitrep_op", "event_payload": {"op": "op-2"}}
    stub.usual["conversations.history"] = lambda asked: (
        {"ok": True, "messages": [{"ts": "3.0"}], "response_metadata": {"next_cursor": "more"}}
        if not asked.get("cursor")
        else {"ok": True, "messages": [{"ts": "2.0", "reply_count": 1, "latest_reply": "2.5"}]}
    )
    stub.usual["conversations.replies"] = lambda _: {"ok": True, "messages": [{"ts": "2.0"}, {"ts": "2.5", "metadata": mark}]}
    assert room.find("C1", "op-2") == MessageRef("C1", "2.5")
    assert room.find("C1", "op-3") is None


def listed(*channels: dict[str, Any]) -> dict[str, Any]:
    return {"ok": True, "channels": list(channels)}


def test_a_room_is_created_marked_filled_and_named(room: SlackRoom, stub: Stub) -> None:
    opened = room.open("INC 12 Checkout: errors!", "SEV2\n" + "x" * 400, ["U1", "U2", "U1"], "op-1")
    assert opened == "C-inc-12-checkout-errors"
    assert "op-1" in stub.asked("conversations.setPurpose")[0]["purpose"]
    assert stub.asked("conversations.invite")[0]["users"] == "U1,U2"
    assert len(stub.asked("conversations.setTopic")[0]["topic"]) == 250


def test_a_taken_name_gets_a_suffix_and_is_never_reused(room: SlackRoom, stub: Stub) -> None:
    stub.plan("conversations.create", no("name_taken"), no("name_taken"))
    stub.usual["conversations.list"] = lambda _: listed(
        {"id": "C9", "name": "inc-1", "creator": "U0HUMAN"},
        {"id": "C8", "name": "inc-1-2", "creator": "U0SELF", "purpose": {"value": "Incident room opened by Sitrep (op-0)"}},
    )
    assert room.open("inc-1", "topic", [], "op-1") == "C-inc-1-3"


@pytest.mark.parametrize("purpose", ["Incident room opened by Sitrep (op-1)", ""], ids=["marked", "not-marked-yet"])
def test_a_room_this_operation_made_before_is_taken_up_again(room: SlackRoom, stub: Stub, purpose: str) -> None:
    stub.plan("conversations.create", no("name_taken"))
    stub.usual["conversations.list"] = lambda _: listed(
        {"id": "C7", "name": "inc-1", "creator": "U0SELF", "purpose": {"value": purpose}}
    )
    assert room.open("inc-1", "topic", [], "op-1") == "C7"


def test_a_room_whose_creation_had_no_answer_is_unknown(room: SlackRoom, stub: Stub) -> None:
    stub.plan("conversations.create", Answer(reset=True))
    with pytest.raises(OutcomeUnknown):
        room.open("inc-1", "topic", [], "op-1")


def test_many_people_are_invited_in_batches_and_one_unknown_person_keeps_nobody_out(room: SlackRoom, stub: Stub) -> None:
    stub.plan("conversations.invite", no("user_not_found"))
    people = [f"U{number}" for number in range(31)]
    room.open("inc-1", "topic", people, "op-1")
    invited = [asked["users"] for asked in stub.asked("conversations.invite")]
    assert invited[0].count(",") == 29
    assert invited[1:31] == people[:30]
    assert invited[31] == "U30"


@pytest.mark.parametrize("name", ["", "###", "___"])
def test_a_name_without_letters_is_refused(room: SlackRoom, name: str) -> None:
    with pytest.raises(Refused):
        room.open(name, "topic", [], "op-1")


def test_the_channel_list_is_read_once_and_not_for_every_question(room: SlackRoom, stub: Stub, time: Time) -> None:
    stub.usual["conversations.list"] = lambda asked: (
        listed({"id": "C2", "name": "alerts"})
        if asked.get("cursor")
        else listed({"id": "C1", "name": "general"}) | {"response_metadata": {"next_cursor": "next"}}
    )
    assert [room.channel_named("#Alerts"), room.channel_named("general"), room.channel_named("none")] == ["C2", "C1", None]
    assert len(stub.asked("conversations.list")) == 2
    time.now += 31
    assert room.channel_named("none") is None
    assert len(stub.asked("conversations.list")) == 4


def person(**more: Any) -> dict[str, Any]:
    return {"ok": True, "user": {"id": "U1", "team_id": "T1", "name": "ann", **more}}


@pytest.mark.parametrize(
    ("record", "flag"),
    [
        ({"is_bot": True}, "is_bot"),
        ({"is_restricted": True}, "is_guest"),
        ({"is_ultra_restricted": True}, "is_guest"),
        ({"is_stranger": True}, "is_external"),
        ({"team_id": "T2"}, "is_external"),
        ({"team_id": None}, "is_external"),
        ({"deleted": True}, "is_deactivated"),
    ],
)
def test_nobody_but_a_full_member_counts_as_one(room: SlackRoom, stub: Stub, record: dict[str, Any], flag: str) -> None:
    stub.usual["users.info"] = lambda _: person(**record)
    found = room.person("U1")
    assert getattr(found, flag) is True
    assert not found.is_member


def test_a_person_is_remembered_for_a_minute_and_not_longer(room: SlackRoom, stub: Stub, time: Time) -> None:
    stub.usual["users.info"] = lambda _: person()
    assert room.person("U1").is_member
    stub.usual["users.info"] = lambda _: person(deleted=True)
    time.now += 59
    assert room.person("U1").is_member
    time.now += 2
    assert room.person("U1").is_deactivated


def test_an_unknown_person_is_not_found(room: SlackRoom, stub: Stub) -> None:
    stub.plan("users.info", no("user_not_found"))
    with pytest.raises(NotFound):
        room.person("U404")


def test_pinning_twice_is_fine_and_other_refusals_are_not(room: SlackRoom, stub: Stub) -> None:
    stub.plan("pins.add", Answer(), no("already_pinned"), no("message_not_found"))
    ref = MessageRef("C1", "1.0")
    room.pin(ref)
    room.pin(ref)
    with pytest.raises(Refused):
        room.pin(ref)


@pytest.mark.parametrize("error", ["channel_not_found", "user_not_in_channel"])
def test_a_whisper_that_cannot_reach_the_place_reaches_the_person_alone(room: SlackRoom, stub: Stub, error: str) -> None:
    stub.plan("chat.postEphemeral", no(error))
    room.whisper("D-others", "U0ANN", HELLO)
    (sent,) = stub.asked("chat.postMessage")
    assert sent["channel"] == "U0ANN"


def test_a_whisper_slack_finds_wrong_in_itself_is_refused(room: SlackRoom, stub: Stub) -> None:
    stub.plan("chat.postEphemeral", no("invalid_blocks"))
    with pytest.raises(Refused):
        room.whisper("C1", "U0ANN", HELLO)
    assert stub.asked("chat.postMessage") == []
