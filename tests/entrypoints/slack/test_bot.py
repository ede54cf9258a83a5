"""The listeners, driven by signed requests over HTTP as Slack sends them, against a real stub of the Web API."""

import asyncio
import hashlib
import hmac
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI

from app.adapters.slack.signature import Guard
from app.domain.canonical import Json
from app.entrypoints.slack_bot.bot import build_app
from app.entrypoints.slack_bot.http import slack_router
from app.entrypoints.slack_bot.modals import declare_form, menu_form
from tests.adapters.slack.stub import Answer, Stub, running_stub

SECRET = "shh"
KEYS = {
    "slack.command": {"user", "room", "room_name", "text", "command"},
    "slack.click": {"user", "room", "ts", "action_id", "value", "team", "app"},
    "slack.mention": {"user", "room", "ts", "thread", "text"},
    "slack.message": {"user", "room", "ts", "thread", "text", "change", "file_count"},
    "slack.reaction": {"user", "room", "ts", "reaction", "change"},
    "slack.pin": {"user", "room", "ts", "change"},
    "slack.submit": {"user", "callback_id", "values", "private_metadata"},
}


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Inbox:
    kept: list[tuple[str, str, Mapping[str, Json]]] = field(default_factory=list)
    is_full: bool = False
    gate: threading.Event | None = None

    def deliver(self, source: str, key: str, payload: Mapping[str, Json]) -> bool:
        if self.gate is not None:
            self.gate.wait(10)
        if self.is_full:
            raise OSError(28, "disk full: xoxb-secret in the text")
        assert threading.current_thread() is not threading.main_thread(), "saving must not stall the loop"
        assert set(payload) == KEYS[source]
        is_new = key not in [known for _, known, _ in self.kept]
        self.kept.append((source, key, payload))
        return is_new


@dataclass
class Slack:
    """Sends signed requests to the door, and stands for Slack's own API."""

    http: httpx.AsyncClient
    inbox: Inbox
    stub: Stub

    async def send(self, body: bytes, content_type: str) -> httpx.Response:
        stamp = str(int(time.time()))
        digest = hmac.new(SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": content_type, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}
        return await self.http.post("/slack/events", content=body, headers=headers)

    async def event(self, event_id: str = "Ev1", **event: Any) -> httpx.Response:
        body = {"type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": event_id, "event": event}
        return await self.send(json.dumps(body).encode(), "application/json")

    async def interact(self, **payload: Any) -> httpx.Response:
        base = {"team": {"id": "T1"}, "user": {"id": "U0ANN", "team_id": "T1"}, "api_app_id": "A1", "trigger_id": "tr.1"}
        body = urlencode({"payload": json.dumps(base | payload)})
        return await self.send(body.encode(), "application/x-www-form-urlencoded")

    async def command(self, text: str, **more: str) -> httpx.Response:
        base = {"command": "/inc", "text": text, "user_id": "U0ANN", "team_id": "T1", "channel_id": "C1"}
        body = base | {"channel_name": "general", "trigger_id": "tr.1", "response_url": f"{self.stub.url}respond"} | more
        return await self.send(urlencode(body).encode(), "application/x-www-form-urlencoded")

    async def click(self, **payload: Any) -> httpx.Response:
        action = {"type": "button", "action_id": "approve", "block_id": "b", "value": "prop_1", "action_ts": "9.5"}
        base = {
            "type": "block_actions",
            "actions": [action],
            "channel": {"id": "C1"},
            "message": {"ts": "1.5"},
            "response_url": f"{self.stub.url}respond",
        }
        return await self.interact(**(base | payload))


@pytest.fixture
def stub() -> Iterator[Stub]:
    with running_stub() as running:
        running.usual["auth.test"] = lambda _: {"ok": True, "team_id": "T1", "user_id": "U0BOT", "bot_id": "B1"}
        yield running


@pytest.fixture
async def slack(stub: Stub) -> AsyncIterator[Slack]:
    inbox = Inbox()
    web = FastAPI()
    app = build_app(bot_token="xoxb-test", signing_secret=SECRET, base_url=stub.url, deliver=inbox.deliver)
    web.include_router(slack_router(app, Guard(SECRET, WallClock())))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url="http://door") as http:
        yield Slack(http, inbox, stub)
    # Listeners run beside the answer; what they still do belongs to this test.
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.wait(others, timeout=5) if others else None


async def told(slack: Slack) -> str:
    for _ in range(200):
        if slack.stub.asked("respond"):
            return str(slack.stub.asked("respond")[0]["text"])
        await asyncio.sleep(0.02)
    raise AssertionError("the clicker was never told")


async def test_a_command_is_kept_and_answered_with_nothing(slack: Slack) -> None:
    answer = await slack.command("note 5 &lt; 6 &amp;&amp; payload")
    assert (answer.status_code, answer.text) == (200, "")
    assert slack.inbox.kept == [
        (
            "slack.command",
            "cmd:tr.1",
            {"user": "U0ANN", "room": "C1", "room_name": "general", "text": "note 5 < 6 && payload", "command": "/inc"},
        )
    ]


async def test_a_command_that_cannot_be_saved_says_so_to_the_person(
    slack: Slack, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    slack.inbox.is_full = True
    answer = await slack.command("note a private thing")
    assert answer.status_code == 200
    assert "could not save this, so nothing was done" in answer.text
    logged = capsys.readouterr().out + caplog.text
    assert "slack.command_failed" in logged
    assert "private thing" not in logged
    assert "xoxb-secret" not in logged


async def test_a_slow_save_is_answered_in_time_and_still_happens(slack: Slack) -> None:
    slack.inbox.gate = threading.Event()
    answer = await slack.command("status")
    assert "takes longer than usual" in answer.text
    slack.inbox.gate.set()
    for _ in range(100):
        await asyncio.sleep(0.02)
        if slack.inbox.kept:
            break
    assert slack.inbox.kept[0][2]["text"] == "status"


@pytest.mark.parametrize(("text", "form"), [("", menu_form("C1")), ("declare", declare_form("C1"))])
async def test_a_bare_command_opens_its_form_at_once(slack: Slack, text: str, form: dict[str, Json]) -> None:
    answer = await slack.command(text)
    assert (answer.status_code, answer.text) == (200, "")
    (asked,) = slack.stub.asked("views.open")
    assert asked["trigger_id"] == "tr.1"
    assert json.loads(asked["view"]) == form if isinstance(asked["view"], str) else asked["view"] == form
    assert slack.inbox.kept == []


async def test_a_form_that_slack_does_not_open_is_explained(slack: Slack) -> None:
    slack.stub.plan("views.open", Answer({"ok": False, "error": "expired_trigger_id"}))
    answer = await slack.command("declare")
    assert "/inc declare TITLE" in answer.text


async def test_another_command_is_told_which_one_there_is(slack: Slack) -> None:
    assert "/inc help" in (await slack.command("x", command="/other")).text


async def test_a_click_is_kept_with_its_workspace_and_app(slack: Slack) -> None:
    assert (await slack.click()).status_code == 200
    payload = {"user": "U0ANN", "room": "C1", "ts": "1.5", "action_id": "approve", "value": "prop_1", "team": "T1", "app": "A1"}
    assert slack.inbox.kept == [("slack.click", "click:9.5:U0ANN:approve", payload)]


async def test_a_click_that_cannot_be_saved_is_answered_to_the_clicker(slack: Slack) -> None:
    slack.inbox.is_full = True
    assert (await slack.click()).status_code == 200
    assert "nothing was done" in await told(slack)


@pytest.mark.parametrize(
    "foreign", [{"team": {"id": "T2"}}, {"user": {"id": "U0EVE", "team_id": "T2"}}, {"team": None, "user": {"id": "U0EVE"}}]
)
async def test_a_click_from_another_workspace_is_dropped_and_answered(slack: Slack, foreign: dict[str, Any]) -> None:
    assert (await slack.click(**foreign)).status_code == 200
    assert "another workspace" in await told(slack)
    assert slack.inbox.kept == []


async def test_a_command_from_another_workspace_is_dropped_and_answered(slack: Slack) -> None:
    assert "another workspace" in (await slack.command("status", team_id="T2")).text
    assert slack.inbox.kept == []


def view(callback_id: str, values: dict[str, Any]) -> dict[str, Any]:
    blocks = [{"type": "input", "block_id": name} for name in values]
    form = {"id": "V1", "hash": "h1", "callback_id": callback_id, "private_metadata": "C1", "blocks": blocks}
    return {"type": "view_submission", "view": form | {"type": "modal", "state": {"values": values}}}


async def test_a_submitted_form_is_kept_as_flat_values(slack: Slack) -> None:
    values = {
        "title": {"title": {"type": "plain_text_input", "value": "Checkout is down"}},
        "severity": {"severity": {"type": "static_select", "selected_option": {"value": "2"}}},
        "service": {"service": {"type": "plain_text_input", "value": None}},
        "other": {"people": {"type": "users_select", "selected_user": "U0BOB"}},
    }
    assert (await slack.interact(**view("declare", values))).status_code == 200
    flat = {"title": "Checkout is down", "severity": "2", "service": "", "other/people": "U0BOB"}
    payload = {"user": "U0ANN", "callback_id": "declare", "values": flat, "private_metadata": "C1"}
    assert slack.inbox.kept == [("slack.submit", "view:V1:h1", payload)]


async def test_a_form_that_cannot_be_saved_stays_open_with_the_reason(slack: Slack) -> None:
    slack.inbox.is_full = True
    answer = await slack.interact(**view("declare", {"title": {"title": {"value": "x"}}}))
    assert answer.json()["response_action"] == "errors"
    assert "nothing was done" in answer.json()["errors"]["title"]


async def test_the_menus_declare_shows_the_form_in_place(slack: Slack) -> None:
    answer = await slack.interact(**view("menu", {"verb": {"verb": {"selected_option": {"value": "declare"}}}}))
    assert answer.json() == {"response_action": "update", "view": declare_form("C1")}
    assert slack.inbox.kept == []


async def test_a_mention_is_kept_without_the_bots_name(slack: Slack) -> None:
    said = {"user": "U0ANN", "channel": "C1", "ts": "1.1", "text": "<@U0BOT>  is a &lt; b &amp; c?"}
    assert (await slack.event(type="app_mention", **said)).status_code == 200
    payload = {"user": "U0ANN", "room": "C1", "ts": "1.1", "thread": "", "text": "is a < b & c?"}
    assert slack.inbox.kept == [("slack.mention", "Ev1", payload)]


async def test_a_direct_message_is_kept_as_a_mention(slack: Slack) -> None:
    await slack.event(type="message", channel_type="im", user="U0ANN", channel="D1", ts="1.1", text="help", thread_ts="1.0")
    assert slack.inbox.kept[0][0] == "slack.mention"
    assert slack.inbox.kept[0][2]["thread"] == "1.0"


async def test_peoples_messages_edits_and_deletions_are_kept(slack: Slack) -> None:
    said = {"user": "U0ANN", "ts": "1.1", "text": "it is slow", "files": [{}, {}]}
    later = {"channel": "C1", "channel_type": "channel", "previous_message": said}
    await slack.event("Ev1", type="message", channel="C1", channel_type="channel", subtype="file_share", **said)
    await slack.event("Ev2", type="message", subtype="message_changed", message=said | {"text": "it is down"}, **later)
    await slack.event("Ev3", type="message", subtype="message_deleted", deleted_ts="1.1", **later)
    base = {"user": "U0ANN", "room": "C1", "ts": "1.1", "thread": "", "file_count": "2"}
    assert [payload for _, _, payload in slack.inbox.kept] == [
        base | {"text": "it is slow", "change": ""},
        base | {"text": "it is down", "change": "changed"},
        base | {"text": "", "change": "deleted"},
    ]


@pytest.mark.parametrize(
    "event",
    [
        {"bot_id": "B2", "user": "U0OTHERBOT"},
        {"subtype": "bot_message", "bot_id": "B2"},
        {"subtype": "channel_join", "user": "U0ANN"},
        {
            "subtype": "message_changed",
            "message": {"bot_id": "B1", "user": "U0BOT", "text": "b"},
            "previous_message": {"text": "a"},
        },
        {"subtype": "message_changed", "message": {"user": "U0ANN", "text": "a"}, "previous_message": {"text": "a"}},
        {"user": "U0BOT"},
    ],
    ids=["bot", "bot-message", "housekeeping", "bot-edit", "only-a-preview", "self"],
)
async def test_what_no_person_wrote_is_acknowledged_and_not_kept(slack: Slack, event: dict[str, Any]) -> None:
    answer = await slack.event(
        **({"type": "message", "channel": "C1", "channel_type": "channel", "ts": "1.1", "text": "x"} | event)
    )
    assert answer.status_code == 200
    assert slack.inbox.kept == []


@pytest.mark.parametrize("change", ["added", "removed"])
async def test_reactions_and_pins_are_kept_with_their_undoing(slack: Slack, change: str) -> None:
    item = {"type": "message", "channel": "C1", "ts": "1.1"}
    await slack.event("Ev1", type=f"reaction_{change}", user="U0ANN", reaction="pushpin", item=item)
    await slack.event(
        "Ev2", type=f"pin_{change}", user="U0ANN", channel_id="C1", item={"type": "message", "message": {"ts": "1.1"}}
    )
    base = {"user": "U0ANN", "room": "C1", "ts": "1.1", "change": change}
    assert [(source, payload) for source, _, payload in slack.inbox.kept] == [
        ("slack.reaction", base | {"reaction": "pushpin"}),
        ("slack.pin", base),
    ]


async def test_an_event_that_cannot_be_saved_is_not_acknowledged(slack: Slack) -> None:
    slack.inbox.is_full = True
    said = {"type": "message", "channel": "C1", "channel_type": "channel", "user": "U0ANN", "ts": "1.1", "text": "x"}
    assert (await slack.event(**said)).status_code >= 500
    slack.inbox.is_full = False
    assert (await slack.event(**said)).status_code == 200
    assert len(slack.inbox.kept) == 1


async def test_nothing_is_acknowledged_while_slack_does_not_say_who_we_are(slack: Slack) -> None:
    slack.stub.plan("auth.test", Answer("<html>", 503), Answer({"ok": False, "error": "fatal_error"}))
    said = {"type": "message", "channel": "C1", "channel_type": "channel", "user": "U0ANN", "ts": "1.1", "text": "x"}
    assert [(await slack.event(**said)).status_code >= 500 for _ in range(2)] == [True, True]
    assert (await slack.event(**said)).status_code == 200


@pytest.mark.parametrize("kind", ["team_join", "app_home_opened", "something_new"])
async def test_an_event_nobody_asked_for_is_acknowledged(slack: Slack, kind: str) -> None:
    assert (await slack.event(type=kind, user="U0ANN")).status_code == 200
    assert slack.inbox.kept == []


async def test_slack_can_verify_the_address(slack: Slack) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "abc", "token": "t"}).encode()
    answer = await slack.send(body, "application/json")
    assert answer.status_code == 200
    assert "abc" in answer.text


async def test_the_same_signed_request_has_one_effect(slack: Slack) -> None:
    stamp = str(int(time.time()))
    body = urlencode({"command": "/inc", "text": "status", "user_id": "U0ANN", "team_id": "T1", "trigger_id": "tr.9"}).encode()
    digest = hmac.new(SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    for _ in range(2):
        assert (await slack.http.post("/slack/events", content=body, headers=headers)).status_code == 200
    assert len(slack.inbox.kept) == 1


async def test_a_forged_request_is_refused_without_logging_it(slack: Slack, capsys: pytest.CaptureFixture[str]) -> None:
    answer = await slack.http.post(
        "/slack/events", content=b'{"type":"secret-thing"}', headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 401
    assert set(answer.json()) == {"error", "hint"}
    assert "secret-thing" not in capsys.readouterr().out


async def test_a_huge_body_is_cut_off(slack: Slack) -> None:
    answer = await slack.http.post("/slack/events", content=b"x" * 1_200_000)
    assert answer.status_code == 413


async def test_text_that_no_database_takes_is_cleaned(slack: Slack) -> None:
    await slack.event(type="message", channel="C1", channel_type="channel", user="U0ANN", ts="1.1", text="a\ud800b\x00c")
    assert slack.inbox.kept[0][2]["text"] == "a?bc"
