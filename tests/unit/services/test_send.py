"""What is said is said in order, once, and whatever goes wrong with the chat is a state and not a loss."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.adapters.store.process import Process
from app.adapters.store.sql import SqlStore
from app.domain.errors import Conflict
from app.domain.messages import Answer, ApprovalCard, IncidentCard, Passage, PostmortemNotice
from app.domain.outbox import MessageRef, OutboxItem, OutboxKind
from app.domain.postmortem import Postmortem
from app.domain.proposal import ProposalStatus
from app.services.say import sending_of
from app.services.send import GIVE_UP_AFTER, MAX_ATTEMPTS
from tests.builders import NOW, a_proposal
from tests.fakes.room import ALICE, BOB, FakeRoom
from tests.unit.services.stage import Stage


def _opened(stage: Stage, **values: object) -> str:
    """An incident whose channel is open; the channel's id."""
    stage.incident(**values)
    stage.put(OutboxKind.OPEN_ROOM, "open")
    stage.send("inc:1")
    return stage.stored().room


def _note(stage: Stage, name: str, text: str = "hello") -> OutboxItem:
    return stage.put(OutboxKind.NOTE, name, payload={"text": text})


def test_a_channel_is_opened_with_its_owner_and_whoever_declared_it_then_the_rest_is_said(stage: Stage) -> None:
    """Everything of an incident waits behind its channel."""
    stage.incident(declared_by=ALICE)
    stage.put(OutboxKind.OPEN_ROOM, "open")
    stage.put(OutboxKind.CARD, "card", message_key="card:1")
    stage.put(OutboxKind.TOPIC, "topic")
    stage.put(OutboxKind.ANNOUNCE, "announce", message_key="announce:1")
    _note(stage, "note", "The pool is full.")
    assert stage.send("inc:1") == []
    channel = stage.room.channels[stage.stored().room]
    assert channel.name == "inc-1-checkout-fails"
    assert channel.members == {BOB, ALICE}
    assert channel.topic.startswith("SEV2 · triage · no lead yet")
    assert isinstance(channel.messages[0].message, IncidentCard)
    assert channel.pins == {channel.messages[0].ts}
    assert stage.room.texts(channel.id) == ["The pool is full."]
    assert f"<#{channel.id}>" in stage.room.texts("C0INCIDENT")[0]


def test_a_second_try_at_the_channel_changes_nothing(stage: Stage) -> None:
    """The incident has one already."""
    _opened(stage)
    stage.put(OutboxKind.OPEN_ROOM, "open-again")
    stage.send("inc:1")
    assert stage.room.calls.count("open") == 1


def test_a_card_is_edited_in_place_and_pending_edits_of_one_card_are_one(stage: Stage) -> None:
    """Ten changes before the lane is free draw one card."""
    room = _opened(stage)
    for name in ("a", "b", "c"):
        stage.put(OutboxKind.CARD, name, message_key="card:1")
    stage.send("inc:1")
    stage.put(OutboxKind.CARD, "d", message_key="card:1")
    stage.send("inc:1")
    assert len(stage.room.channels[room].messages) == 1
    assert (stage.room.calls.count("post"), stage.room.calls.count("edit"), stage.room.calls.count("pin")) == (1, 1, 1)


def test_a_busy_chat_is_waited_for_as_long_as_it_asks(stage: Stage) -> None:
    """429 with Retry-After 7; nothing overtakes within the lane."""
    room = _opened(stage)
    stage.room.fail_next("post", "busy")
    _note(stage, "first", "first")
    _note(stage, "second", "second")
    stage.send("inc:1")
    assert stage.room.texts(room) == []
    assert stage.waiting(6.9) == []
    assert stage.waiting(7.1) == ["inc:1"]
    stage.clock.advance(7.1)
    stage.send("inc:1")
    assert stage.room.texts(room) == ["first", "second"]


@pytest.mark.parametrize("kind", ["lost", "never"], ids=["it had arrived", "it had not arrived"])
def test_an_unknown_outcome_is_looked_up_before_anything_is_said_again(stage: Stage, kind: str) -> None:
    """Once, either way."""
    room = _opened(stage)
    stage.room.fail_next("post", kind)
    _note(stage, "note")
    stage.send("inc:1")
    stage.clock.advance(120)
    stage.send("inc:1")
    assert stage.room.texts(room) == ["hello"]
    assert stage.room.calls.count("post") == (1 if kind == "lost" else 2)
    assert stage.room.calls.count("find") == 1


def test_a_card_that_arrived_without_an_answer_is_pinned_and_edited_from_then_on(stage: Stage) -> None:
    """Where it stands is remembered once it is found."""
    room = _opened(stage)
    stage.room.fail_next("post", "lost")
    stage.put(OutboxKind.CARD, "card", message_key="card:1")
    stage.send("inc:1")
    stage.clock.advance(120)
    stage.send("inc:1")
    stage.put(OutboxKind.CARD, "again", message_key="card:1")
    stage.send("inc:1")
    channel = stage.room.channels[room]
    assert len(channel.messages) == 1
    assert channel.pins == {channel.messages[0].ts}
    assert stage.room.calls.count("edit") == 1


def test_a_chat_that_is_down_is_tried_again_for_a_day_and_then_given_up(stage: Stage) -> None:
    """An outage of the chat for hours loses nothing."""
    room = _opened(stage)
    _note(stage, "note")
    for _ in range(MAX_ATTEMPTS + 5):
        stage.room.fail_next("post", "down")
        stage.send("inc:1")
        stage.clock.advance(61)
    assert stage.waiting(61) == ["inc:1"]
    stage.send("inc:1")
    assert stage.room.texts(room) == ["hello"]
    _note(stage, "old")
    stage.clock.advance(GIVE_UP_AFTER.total_seconds() + 1)
    stage.room.fail_next("post", "down")
    stage.send("inc:1")
    assert stage.waiting(1_000_000) == []


def test_a_refusal_is_final_and_the_lane_goes_on(stage: Stage) -> None:
    """The chat said no; what comes after is still said."""
    room = _opened(stage)
    stage.room.fail_next("post", "refused")
    _note(stage, "first", "first")
    _note(stage, "second", "second")
    stage.send("inc:1")
    assert stage.room.texts(room) == ["second"]
    assert stage.waiting(1_000_000) == []


def test_what_stays_unknown_is_given_up_after_many_attempts_and_no_longer_blocks_its_lane(stage: Stage) -> None:
    """A message whose drawing always breaks would hold up everything behind it."""
    room = _opened(stage)
    _note(stage, "cursed", "cursed")
    _note(stage, "next", "next")
    for _ in range(MAX_ATTEMPTS):
        stage.room.fail_next("post", "never")
        stage.send("inc:1")
        stage.clock.advance(61)
    assert stage.room.calls.count("post") == MAX_ATTEMPTS
    stage.send("inc:1")
    assert stage.room.texts(room) == ["next"]


def test_what_is_said_before_the_channel_exists_waits_for_it(stage: Stage) -> None:
    """A lane without its channel is not lost."""
    stage.incident()
    _note(stage, "note")
    stage.send("inc:1")
    assert stage.waiting(60) == ["inc:1"]


def test_what_belongs_to_no_incident_or_to_one_that_is_gone_is_dropped(stage: Stage) -> None:
    """Neither blocks a lane."""
    stage.put(OutboxKind.NOTE, "nobody", incident=None, payload={"text": "x"})
    stage.put(OutboxKind.NOTE, "gone", incident=99, payload={"text": "x"})
    stage.send("inc:1")
    assert stage.waiting(1_000_000) == []
    assert "post" not in stage.room.calls


def test_a_sender_that_lost_its_item_to_another_one_does_not_post(stage: Stage, tmp_path: Path) -> None:
    """It stood still for longer than its lease; the other one looks for the message first."""
    room = _opened(stage)
    _note(stage, "note")
    far = SqlStore(f"sqlite:///{tmp_path / 'sitrep.db'}", stage.clock, Process("another-machine", 1, "far"))
    with far.begin() as tx:
        item = tx.outbox.claim("inc:1", stage.clock.now())
    assert item is not None
    stage.clock.advance(11)
    with stage.store.begin() as tx:
        assert tx.outbox.claim("inc:1", stage.clock.now()) is not None
    assert replace(stage.send, store=far)._take(item) is False
    far.close()
    assert stage.room.texts(room) == []


def test_a_conflict_in_between_makes_the_item_unknown_instead_of_holding_the_lane(stage: Stage) -> None:
    """It is looked up at the next try."""

    class Contested(FakeRoom):
        """A room during whose first topic somebody else changes the incident."""

        def set_topic(self, room: str, topic: str) -> None:
            """Loses the race once."""
            if "set_topic" not in self.calls:
                self.calls.append("set_topic")
                raise Conflict("changed")
            super().set_topic(room, topic)

    stage.room = Contested()
    _opened(stage)
    stage.put(OutboxKind.TOPIC, "topic")
    stage.send("inc:1")
    assert stage.waiting(0.5) == []
    assert stage.waiting(1.5) == ["inc:1"]


def test_what_is_in_hand_is_kept_by_the_heartbeat_and_nothing_else(stage: Stage) -> None:
    """A claim nobody holds in memory is not renewed for ever."""
    _opened(stage)
    _note(stage, "note")
    sender = stage.send
    with stage.store.begin() as tx:
        assert tx.outbox.claim("inc:1", stage.clock.now()) is not None
    sender.in_hand.add("note")
    stage.clock.advance(9)
    sender.keep()
    assert stage.waiting(9) == []
    sender.in_hand.clear()
    sender.keep()
    assert stage.waiting(11) == ["inc:1"]


def test_answers_whispers_proposals_and_postmortems_are_said_in_their_own_shapes(stage: Stage) -> None:
    """Each kind reaches the chat as what it is."""
    room = _opened(stage)
    answer = Answer("why?", ("The pool is full. [R1]",), (Passage("R1", "runbook", "Pool", "words", 0.9),), "rules")
    with stage.store.begin() as tx:
        tx.proposals.add(a_proposal().move_to(ProposalStatus.APPROVED))
        tx.papers.add_postmortem(Postmortem(1, 0, "# P", "<p>P</p>", NOW, b"png"))
        stage.say.approval(tx, 1, "prop_1")
        stage.say.postmortem(tx, 1)
        stage.say.note(tx, 1, "cited", citations=("E1",), alarming=True)
        stage.say.answer(tx, room, "", answer)
        stage.say.whisper_answer(tx, room, ALICE, answer)
        stage.say.whisper(tx, room, ALICE, "for you")
    stage.send("inc:1")
    stage.send(f"room:{room}")
    messages = stage.room.channels[room].messages
    assert [type(item.message) for item in messages[:2]] == [ApprovalCard, PostmortemNotice]
    assert [item.message for item in messages if item.message == answer] == [answer, answer]
    assert [item.only_for for item in messages][-2:] == [ALICE, ALICE]
    assert len(stage.room.channels[room].pictures) == 1
    assert sending_of("inc:1", "x").payload == {"lane": "inc:1"}


def test_a_postmortem_without_a_plot_is_only_words(stage: Stage) -> None:
    """No metric could be read."""
    room = _opened(stage)
    stage.put(OutboxKind.POSTMORTEM, "paper")
    stage.send("inc:1")
    assert len(stage.room.channels[room].messages) == 1
    assert stage.room.channels[room].pictures == []


def test_no_announcement_channel_is_no_trouble(stage: Stage) -> None:
    """A workspace without #incidents."""
    _opened(stage)
    del stage.room.channels["C0INCIDENT"]
    stage.put(OutboxKind.ANNOUNCE, "announce", message_key="announce:1")
    stage.send("inc:1")
    assert stage.waiting(1_000_000) == []


def test_a_message_deleted_by_a_person_does_not_hold_the_lane(stage: Stage) -> None:
    """The edit is refused, the next thing is said."""
    room = _opened(stage)
    with stage.store.begin() as tx:
        tx.outbox.remember_message("card:1", MessageRef(room, "1.0"))
    stage.put(OutboxKind.CARD, "card", message_key="card:1")
    _note(stage, "note")
    stage.send("inc:1")
    assert stage.room.texts(room) == ["hello"]
