"""The unchanged bolt app talks with the workspace over Socket Mode."""

import asyncio
from typing import Any

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncSay
from slack_sdk.web.async_client import AsyncWebClient

from app.workspace.control import Refused
from tests.workspace.stage import Stage, button, connected, modal, section, text_input


async def test_a_mention_is_answered_in_its_thread(stage: Stage) -> None:
    def prepare(app: AsyncApp) -> None:
        @app.event("app_mention")
        async def answer(event: dict[str, Any], say: AsyncSay) -> None:
            await say(text=f"hello <@{event['user']}>", thread_ts=event["ts"])

    async with connected(stage, prepare):
        asked = await stage.do(stage.control.post, "alice", "general", "@sitrep what is wrong?")
        found = await stage.until(lambda: stage.texts()[1:], "the answer")
        assert found == ["hello <@U0ALICE01>"]
        thread = await stage.client.conversations_replies(channel="C0GENERAL1", ts=asked["ts"])
        assert [one.get("thread_ts") for one in thread["messages"]] == [asked["ts"], asked["ts"]]
        assert thread["messages"][0]["reply_count"] == 1


async def test_what_a_command_acknowledges_is_shown_to_its_writer_only(stage: Stage) -> None:
    seen: list[dict[str, Any]] = []

    def prepare(app: AsyncApp) -> None:
        @app.command("/inc")
        async def listing(ack: AsyncAck, body: dict[str, Any]) -> None:
            seen.append(body)
            await ack("3 open incidents")

    async with connected(stage, prepare):
        answer = await stage.do(stage.control.slash, "alice", "general", "/inc", "lead @bob")
        assert answer["answered"]
        assert seen[0]["text"] == "lead <@U0BOB0001|bob>"
        mine = await stage.do(stage.control.messages, "general", "alice")
        theirs = await stage.do(stage.control.messages, "general", "bob")
        assert [one["text"] for one in mine] == ["3 open incidents"]
        assert theirs == []
        history = await stage.client.conversations_history(channel="C0GENERAL1")
        assert history["messages"] == []


async def test_a_button_press_carries_its_message_and_lets_the_app_change_it(stage: Stage) -> None:
    pressed: list[dict[str, Any]] = []

    def prepare(app: AsyncApp) -> None:
        @app.action("approve")
        async def approve(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
            await ack()
            pressed.append(body)
            await client.chat_update(channel=body["channel"]["id"], ts=body["message"]["ts"], text="approved", blocks=[])

    async with connected(stage, prepare):
        blocks = [section("Restart?"), {"type": "actions", "elements": [button("Restart", "approve", "p-1")]}]
        posted = await stage.client.chat_postMessage(channel="general", text="Restart?", blocks=blocks)
        result = await stage.do(stage.control.click, "bob", "general", posted["ts"], "approve")
        assert result["answered"]
        await stage.until(lambda: "approved" in stage.texts(), "the update")
        body = pressed[0]
        assert body["actions"][0]["value"] == "p-1"
        assert body["user"]["id"] == "U0BOB0001"
        assert body["container"] == {
            "type": "message",
            "message_ts": posted["ts"],
            "channel_id": "C0GENERAL1",
            "is_ephemeral": False,
        }


async def test_a_value_the_message_does_not_offer_needs_to_be_called_forged(stage: Stage) -> None:
    values: list[str] = []

    def prepare(app: AsyncApp) -> None:
        @app.action("approve")
        async def approve(ack: AsyncAck, action: dict[str, Any]) -> None:
            values.append(action["value"])
            await ack()

    async with connected(stage, prepare):
        blocks = [{"type": "actions", "elements": [button("Restart", "approve", "p-1")]}]
        posted = await stage.client.chat_postMessage(channel="general", text="x", blocks=blocks)
        with pytest.raises(Refused, match="p-1"):
            await stage.do(stage.control.click, "bob", "general", posted["ts"], "approve", "p-2")
        await stage.do(stage.control.click, "bob", "general", posted["ts"], "approve", "p-2", forged=True)
        assert values == ["p-2"]


async def test_a_modal_is_opened_refused_with_errors_and_then_accepted(stage: Stage) -> None:
    accepted: list[str] = []

    def prepare(app: AsyncApp) -> None:
        @app.command("/inc")
        async def open_modal(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
            await ack()
            await client.views_open(trigger_id=body["trigger_id"], view=modal(text_input("title")))

        @app.view("declare")
        async def submitted(ack: AsyncAck, view: dict[str, Any]) -> None:
            title = view["state"]["values"]["title"]["v"]["value"]
            if len(title) < 5:
                await ack(response_action="errors", errors={"title": "Say a little more."})
                return
            accepted.append(title)
            await ack()

    async with connected(stage, prepare):
        await stage.do(stage.control.slash, "alice", "general", "/inc", "declare")
        stacks = stage.place.workspace.core.state.view_stacks
        await stage.until(lambda: stacks.get("U0ALICE01"), "the modal")
        empty = await stage.do(stage.control.submit_view, "alice", {})
        assert empty is not None
        assert empty["errors"] == {"title": "Please complete this required field."}
        short = await stage.do(stage.control.submit_view, "alice", {"title": "x"})
        assert short is not None
        assert short["errors"] == {"title": "Say a little more."}
        assert await stage.do(stage.control.submit_view, "alice", {"title": {"v": "Checkout fails"}}) is None
        assert accepted == ["Checkout fails"]


async def test_reactions_edits_deletions_and_direct_messages_reach_the_app(stage: Stage) -> None:
    kinds: list[str] = []

    def prepare(app: AsyncApp) -> None:
        @app.event("message")
        async def message(event: dict[str, Any]) -> None:
            kinds.append(f"{event['channel_type']}:{event.get('subtype', 'message')}")

        for name in ("reaction_added", "reaction_removed", "pin_added", "app_home_opened"):

            @app.event(name)
            async def other(event: dict[str, Any]) -> None:
                kinds.append(event["type"])

    async with connected(stage, prepare):
        control = stage.control
        expected: list[str] = []

        async def expect(*names: str) -> None:
            expected.extend(names)
            await stage.until(lambda: len(kinds) >= len(expected), f"{names}, got {kinds}")
            assert sorted(kinds) == sorted(expected)

        posted = await stage.do(control.post, "alice", "general", "hello")
        await expect("channel:message")
        await stage.do(control.react, "bob", "general", posted["ts"], "eyes")
        await expect("reaction_added")
        await stage.do(control.react, "bob", "general", posted["ts"], "eyes")
        await expect("reaction_removed")
        await stage.do(control.pin, "bob", "general", posted["ts"])
        await expect("pin_added")
        await stage.do(control.edit, "alice", "general", posted["ts"], "hello all")
        await expect("channel:message_changed")
        await stage.do(control.delete, "alice", "general", posted["ts"])
        await expect("channel:message_deleted")
        await stage.do(control.direct, "alice", "sitrep")
        await expect("app_home_opened")
        await stage.do(control.post, "alice", "@sitrep", "just us")
        await expect("im:message")


async def test_the_app_comes_back_after_its_sockets_are_refreshed_or_closed(stage: Stage) -> None:
    heard: list[str] = []

    def prepare(app: AsyncApp) -> None:
        @app.event("message")
        async def message(event: dict[str, Any]) -> None:
            heard.append(event["text"])

    async with connected(stage, prepare, sockets=2):
        for how in ("refresh_requested", "close", "abort"):
            before = {one.id for one in stage.place.workspace.core.delivery.sockets}
            assert await stage.do(stage.control.drop_sockets, how) == 2

            def renewed(old: set[str] = before) -> bool:
                now = {one.id for one in stage.place.workspace.core.delivery.sockets}
                return len(now) == 2 and not now & old

            await stage.until(renewed, f"new sockets after {how}", 10)
            await stage.do(stage.control.post, "alice", "general", how)
            await stage.until(lambda how=how: how in heard, "the message")  # type: ignore[misc]


async def test_an_unanswered_command_is_said_to_its_writer(strict: Stage) -> None:
    def prepare(app: AsyncApp) -> None:
        @app.command("/inc")
        async def silent(ack: AsyncAck) -> None:
            """Never acknowledges."""

    async with connected(strict, prepare):
        typed = asyncio.create_task(strict.do(strict.control.slash, "alice", "general", "/inc", "x"))
        await strict.until(lambda: strict.place.workspace.core.journal.records(kind="delivery"), "the delivery")
        await strict.do(strict.control.advance, 4)
        answer = await typed
        assert (answer["answered"], answer["reason"]) == (False, "timeout")
        assert "did not respond in time" in strict.texts()[-1]


async def test_an_unanswered_event_comes_again_at_once_after_one_and_after_five_minutes(strict: Stage) -> None:
    def prepare(app: AsyncApp) -> None:
        @app.middleware
        async def refuse(body: dict[str, Any]) -> None:
            """Neither answers nor goes on, so nothing is acknowledged."""

    def attempts() -> list[int]:
        return [one["attempt"] for one in strict.place.workspace.core.journal.records(kind="delivery")]

    async with connected(strict, prepare):
        await strict.do(strict.control.post, "alice", "general", "hello")
        for expected, wait in (
            ([0], 3.1),
            ([0, 1], 3.1),
            ([0, 1], 60.1),
            ([0, 1, 2], 3.1),
            ([0, 1, 2], 300.1),
            ([0, 1, 2, 3], 3.1),
        ):
            await strict.until(lambda expected=expected: attempts() == expected, f"{expected}, got {attempts()}")  # type: ignore[misc]
            await asyncio.sleep(0.05)
            await strict.do(strict.control.advance, wait)
        await strict.until(lambda: strict.place.workspace.core.warnings, "a warning")
        records = strict.place.workspace.core.journal.records(kind="delivery")
        assert {one["payload"]["event_id"] for one in records} == {records[0]["payload"]["event_id"]}


async def test_what_was_said_before_the_app_connected_reaches_it_in_a_demo(stage: Stage) -> None:
    heard: list[str] = []

    def prepare(app: AsyncApp) -> None:
        @app.event("message")
        async def message(event: dict[str, Any]) -> None:
            heard.append(event["text"])

    await stage.do(stage.control.post, "alice", "general", "anyone there?")
    async with connected(stage, prepare):
        await stage.until(lambda: heard == ["anyone there?"], "the early message")
