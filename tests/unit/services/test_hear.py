"""Whoever speaks to Sitrep in the chat gets an answer, and what people say in a channel is kept."""

import pytest

from app.domain.canonical import Json
from app.domain.messages import Answer, Note, Passage
from app.domain.severity import Severity
from app.domain.timeline import EntryKind
from tests.fakes.room import ALICE, GUEST
from tests.unit.services.stage import Stage

ROOM = "C0INCIDENT"


def _heard(stage: Stage, source: str, **payload: Json) -> list[str]:
    """Tells Sitrep something and lets it speak; the names of the tasks that follow."""
    tasks = stage.hear(source, {"user": ALICE, "room": ROOM, **payload})
    for task in tasks:
        if task.name == "send":
            stage.send(str(task.payload["lane"]))
    return [task.name for task in tasks]


def _whispers(stage: Stage, room: str = ROOM) -> list[str]:
    return [
        item.message.text
        for item in stage.room.channels[room].messages
        if item.only_for == ALICE and isinstance(item.message, Note)
    ]


def test_a_command_is_obeyed_and_answered_to_the_person_only(stage: Stage) -> None:
    """Declaring opens the incident and its channel."""
    names = _heard(stage, "slack.command", text="declare Checkout is slow --sev 2 --service checkout")
    assert stage.stored().severity is Severity.SEV2
    assert "investigate" in names
    assert _whispers(stage) == ["INC-1 is open; its channel follows."]


def test_an_empty_command_is_a_call_for_help(stage: Stage) -> None:
    """It lists the verbs."""
    _heard(stage, "slack.command", text="")
    assert "`/inc declare" in _whispers(stage)[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("declre x", "There is no verb 'declre'. Did you mean `declare`?"),
        ("declare", "An incident needs a title."),
        ("status nonsense", "No incident is open."),
        ("sev 9", "No incident is open."),
    ],
)
def test_a_command_that_cannot_be_obeyed_is_answered_with_what_to_do(stage: Stage, text: str, words: str) -> None:
    """Never with silence."""
    _heard(stage, "slack.command", text=text)
    assert words in _whispers(stage)[0]


def test_somebody_slack_does_not_know_changes_nothing(stage: Stage) -> None:
    """An outsider in a shared channel."""
    stage.hear("slack.command", {"user": "U0STRANGER", "room": ROOM, "text": "declare x"})
    with stage.store.begin() as tx:
        assert list(tx.incidents.recent()) == []


def test_while_slack_cannot_say_who_asks_nothing_is_changed_and_the_person_hears_why(stage: Stage) -> None:
    """Nobody acts under a guessed name."""
    stage.room.fail_next("person", "down")
    _heard(stage, "slack.command", text="declare x")
    assert "Slack cannot be reached." in _whispers(stage)[0]
    with stage.store.begin() as tx:
        assert list(tx.incidents.recent()) == []


def test_a_button_is_the_verb_it_stands_for(stage: Stage) -> None:
    """Take the lead; an unknown button does nothing."""
    stage.incident()
    _heard(stage, "slack.click", action_id="take_lead", value="1")
    assert stage.stored().lead == ALICE
    assert stage.hear("slack.click", {"user": ALICE, "room": ROOM, "action_id": "later_version", "value": "1"}) == []


def test_a_button_about_a_proposal_carries_its_id_only(stage: Stage) -> None:
    """An id nobody knows is answered."""
    _heard(stage, "slack.click", action_id="approve", value="prop_none")
    assert len(_whispers(stage)) == 1
    assert "prop_none" in _whispers(stage)[0]


def test_the_form_declares_an_incident(stage: Stage) -> None:
    """With the values chosen."""
    values: Json = {"title": "Checkout fails", "severity": "1", "service": "checkout"}
    tasks = stage.hear("slack.submit", {"user": ALICE, "callback_id": "declare", "values": values})
    assert stage.stored().severity is Severity.SEV1
    assert stage.stored().service == "checkout"
    assert [task.name for task in tasks] == ["send", "send", "send", "investigate"]


@pytest.mark.parametrize(
    ("user", "values", "words"),
    [
        (ALICE, {"title": "  "}, "An incident needs a title."),
        (GUEST, {"title": "x"}, "Guests, bots and people from other workspaces can look, not change."),
        (ALICE, {"title": "x", "severity": "9"}, "9"),
    ],
)
def test_a_form_that_is_refused_is_answered_in_the_persons_own_conversation(
    stage: Stage, user: str, values: dict[str, Json], words: str
) -> None:
    """A form has no channel, and silence would look like success."""
    [task] = stage.hear("slack.submit", {"user": user, "callback_id": "declare", "values": values})
    with stage.store.begin() as tx:
        item = tx.outbox.claim(str(task.payload["lane"]), stage.clock.now())
        assert list(tx.incidents.recent()) == []
    assert item is not None
    assert item.room == user
    assert words in str(item.payload["text"])


def test_a_form_of_something_else_is_left_alone(stage: Stage) -> None:
    """Another version's form, or one without values."""
    assert stage.hear("slack.submit", {"user": ALICE, "callback_id": "other", "values": {}}) == []
    assert stage.hear("slack.submit", {"user": ALICE, "callback_id": "declare", "values": "none"}) == []


def test_a_question_is_answered_in_its_thread(stage: Stage) -> None:
    """With the passages that fit."""
    stage.knowledge.passages = [Passage("pool", "runbook", "Connection pool", "raise the pool", 0.9)]
    _heard(stage, "slack.mention", text="what about the pool ?", ts="1.5")
    [posted] = stage.room.channels[ROOM].messages
    assert posted.thread == "1.5"
    assert isinstance(posted.message, Answer)
    assert posted.message.sentences == ("raise the pool [pool]",)


def test_a_mention_that_names_a_verb_is_obeyed_unless_it_is_a_question(stage: Stage) -> None:
    """`@sitrep note ...` writes a note; `@sitrep status?` asks."""
    stage.incident(room=ROOM)
    _heard(stage, "slack.mention", text="note the pool is full", thread="1.5")
    assert "the pool is full" in stage.entries()[-1].text
    _heard(stage, "slack.mention", text="status of what?", thread="1.5", ts="1.6")
    assert isinstance(stage.room.channels[ROOM].messages[-1].message, Answer)


def test_a_bare_mention_asks_what_is_happening(stage: Stage) -> None:
    """And is told honestly that nothing is known."""
    _heard(stage, "slack.mention", text="", ts="1.5")
    message = stage.room.channels[ROOM].messages[-1].message
    assert isinstance(message, Answer)
    assert message.question == "What is happening?"
    assert not message.is_confident


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("", f"<@{ALICE}> says: the pool is full"),
        ("changed", f"<@{ALICE}> edits: the pool is full"),
        ("deleted", f"<@{ALICE}> deletes a message"),
    ],
)
def test_what_people_say_in_the_incidents_channel_is_kept(stage: Stage, change: str, words: str) -> None:
    """Edits and deletions too."""
    stage.incident(room=ROOM)
    assert _heard(stage, "slack.message", text="the pool is full", ts="1.5", change=change) == []
    [entry] = stage.entries()
    assert (entry.kind, entry.text, entry.actor) == (EntryKind.MESSAGE, words, ALICE)


def test_what_people_say_elsewhere_is_nobodys_business(stage: Stage) -> None:
    """Only incident channels have a timeline."""
    stage.incident(room="C0OTHER001")
    _heard(stage, "slack.message", text="lunch?", ts="1.5")
    assert stage.entries() == []


def test_a_source_nobody_knows_is_left_alone(stage: Stage) -> None:
    """A later version's delivery."""
    assert stage.hear("slack.reaction", {"user": ALICE}) == []
    assert stage.hear("slack.mention", {"user": ALICE, "text": 7})[0].name == "send"
