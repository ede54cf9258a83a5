"""Methods answer in Slack's shapes and refuse with Slack's words."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.workspace.stage import Stage, button, modal, section, text_input


async def refused(call: Any) -> dict[str, Any]:
    """The answer of a call that is refused."""
    with pytest.raises(SlackApiError) as caught:
        await call
    data: dict[str, Any] = caught.value.response.data
    assert data["ok"] is False
    return data


async def test_the_bot_learns_who_it_is_and_who_else_is_there(stage: Stage) -> None:
    who = await stage.client.auth_test()
    assert (who["user_id"], who["bot_id"], who["team_id"]) == ("U0SITREP1", "B0SITREP1", "T0LOCAL01")
    people = (await stage.client.users_list())["members"]
    assert {one["name"] for one in people} == {"alice", "bob", "carol", "gita", "sitrep"}
    assert (await stage.client.users_info(user="U0GITA001"))["user"]["is_restricted"] is True
    assert (await stage.client.users_lookupByEmail(email="bob@example.com"))["user"]["id"] == "U0BOB0001"
    group = (await stage.client.usergroups_list())["usergroups"][0]
    assert (await stage.client.usergroups_users_list(usergroup=group["id"]))["users"] == ["U0ALICE01", "U0BOB0001"]


async def test_tokens_are_checked(strict: Stage) -> None:
    def stranger(token: str) -> AsyncWebClient:
        return AsyncWebClient(token=token, base_url=strict.place.api_url)

    assert (await refused(stranger("xoxb-wrong").auth_test()))["error"] == "invalid_auth"
    assert (await refused(stranger("xapp-local").auth_test()))["error"] == "not_allowed_token_type"
    assert (await refused(stranger("").auth_test()))["error"] == "not_authed"
    assert (await refused(strict.client.api_call("no.suchMethod")))["error"] == "unknown_method"


async def test_metadata_and_thread_counts_come_back_from_history(stage: Stage) -> None:
    metadata = {"event_type": "outbox", "event_payload": {"id": "op-1"}}
    parent = await stage.client.chat_postMessage(channel="general", text="card", metadata=metadata)
    await stage.client.chat_postMessage(channel="general", text="reply", thread_ts=parent["ts"])
    plain = await stage.client.conversations_history(channel="C0GENERAL1")
    assert "metadata" not in plain["messages"][0]
    full = await stage.client.conversations_history(channel="C0GENERAL1", include_all_metadata=True, limit=1)
    assert len(full["messages"]) == 1
    assert full["messages"][0]["metadata"] == metadata
    assert full["messages"][0]["reply_count"] == 1
    link = await stage.client.chat_getPermalink(channel="C0GENERAL1", message_ts=parent["ts"])
    assert link["permalink"].endswith(f"/archives/C0GENERAL1/p{parent['ts'].replace('.', '')}")


async def test_a_channel_lives_from_creation_to_archive(stage: Stage) -> None:
    client = stage.client
    made = (await client.conversations_create(name="inc-1-checkout"))["channel"]["id"]
    await client.conversations_invite(channel=made, users=["U0ALICE01", "U0BOB0001"])
    assert (await client.conversations_members(channel=made))["members"] == ["U0SITREP1", "U0ALICE01", "U0BOB0001"]
    assert (await refused(client.conversations_invite(channel=made, users="U0BOB0001")))["error"] == "already_in_channel"
    await client.conversations_setTopic(channel=made, topic="SEV2, investigating")
    assert (await client.conversations_info(channel=made))["channel"]["topic"]["value"] == "SEV2, investigating"
    assert (await client.conversations_rename(channel=made, name="inc-1-payments"))["channel"]["name"] == "inc-1-payments"
    await client.conversations_kick(channel=made, user="U0BOB0001")
    await client.conversations_archive(channel=made)
    assert (await refused(client.chat_postMessage(channel=made, text="late")))["error"] == "is_archived"
    await client.conversations_unarchive(channel=made)
    assert (await client.chat_postMessage(channel=made, text="back"))["ok"]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("Inc 1", "invalid_name_specials"),
        ("inc/1", "invalid_name_specials"),
        ("x" * 81, "invalid_name_maxlength"),
        ("---", "invalid_name_punctuation"),
        ("general", "name_taken"),
    ],
)
async def test_channel_names_follow_the_rules(stage: Stage, name: str, error: str) -> None:
    assert (await refused(stage.client.conversations_create(name=name)))["error"] == error


def row(*elements: dict[str, Any]) -> list[dict[str, Any]]:
    """Blocks with one row of elements."""
    return [{"type": "actions", "elements": list(elements)}]


@pytest.mark.parametrize(
    ("blocks", "pointer"),
    [
        ([section("x" * 3001)], "/blocks/0/text/text"),
        ([section("")], "/blocks/0/text/text"),
        ([section("x")] * 51, "/blocks"),
        ([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "/blocks/0/text"),
        ([{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}], "/blocks/0/text/text"),
        (row(button("x" * 76, "a")), "/blocks/0/elements/0/text/text"),
        (row(button("x", "a" * 256)), "/blocks/0/elements/0/action_id"),
        (row(button("x", "a", "v" * 2001)), "/blocks/0/elements/0/value"),
        (row(button("x", "a"), button("y", "a")), "/blocks/0/elements"),
        ([{**section("x"), "colour": "red"}], "/blocks/0"),
        ([{"type": "sparkles"}], "/blocks/0/type"),
        ([{"type": "alert", "text": {"type": "plain_text", "text": "x"}}], "/blocks/0/type"),
    ],
)
async def test_blocks_beyond_the_limits_are_refused_with_their_place(
    stage: Stage, blocks: list[dict[str, Any]], pointer: str
) -> None:
    data = await refused(stage.client.chat_postMessage(channel="general", text="x", blocks=blocks))
    assert data["error"] == "invalid_blocks"
    assert any(f"[json-pointer:{pointer}]" in one for one in data["response_metadata"]["messages"])
    assert stage.texts() == []


async def test_a_message_too_long_as_a_whole_is_refused(stage: Stage) -> None:
    data = await refused(stage.client.chat_postMessage(channel="general", text="x", blocks=[section("x" * 2800)] * 4))
    assert data["error"] == "msg_blocks_too_long"
    assert (await stage.client.chat_postMessage(channel="general", text="x", blocks=[section("x" * 2800)] * 3))["ok"]


async def test_only_own_messages_in_joined_channels_can_be_changed(stage: Stage) -> None:
    client = stage.client
    theirs = await stage.do(stage.control.post, "alice", "general", "mine")
    assert (await refused(client.chat_update(channel="C0GENERAL1", ts=theirs["ts"], text="x")))["error"] == "cant_update_message"
    assert (await refused(client.chat_update(channel="C0GENERAL1", ts="1.000001", text="x")))["error"] == "message_not_found"
    assert (await refused(client.chat_postMessage(channel="C0NOWHERE", text="x")))["error"] == "channel_not_found"
    await stage.client.reactions_add(channel="C0GENERAL1", timestamp=theirs["ts"], name="eyes")
    again = client.reactions_add(channel="C0GENERAL1", timestamp=theirs["ts"], name="eyes")
    assert (await refused(again))["error"] == "already_reacted"
    core = stage.place.workspace.core
    core.state.channel("alerts").members.remove("U0SITREP1")
    assert (await refused(client.chat_postMessage(channel="alerts", text="x")))["error"] == "not_in_channel"
    nothing = client.api_call("chat.postMessage", json={"channel": "general", "text": ""})
    assert (await refused(nothing))["error"] == "no_text"


async def test_a_file_is_uploaded_posted_and_served(stage: Stage) -> None:
    content = b"\x89PNG\r\n\x1a\n" + b"0" * 64
    done = await stage.client.files_upload_v2(channel="C0GENERAL1", content=content, filename="rate.png", title="Error rate")
    info = (await stage.client.files_info(file=done["files"][0]["id"]))["file"]
    assert (info["title"], info["mimetype"], info["size"]) == ("Error rate", "image/png", len(content))
    async with aiohttp.ClientSession() as session:
        async with session.get(info["url_private"], headers={"Authorization": "Bearer xoxb-local"}) as answer:
            assert await answer.read() == content
        async with session.get(info["url_private"]) as answer:
            assert answer.status == 403


async def test_a_response_address_replaces_what_was_clicked_and_wears_out(stage: Stage) -> None:
    posted = await stage.client.chat_postMessage(channel="general", text="old", blocks=row(button("Go", "go")))
    await stage.do(stage.control.click, "alice", "general", posted["ts"], "go")
    delivery = stage.place.workspace.core.journal.records(kind="delivery")[-1]
    url = delivery["payload"]["response_url"]
    async with aiohttp.ClientSession() as session:
        async with session.post(url, json={"text": "new", "replace_original": True}) as answer:
            assert await answer.text() == "ok"
        assert stage.texts()[0] == "new"
        for _ in range(4):
            async with session.post(url, json={"text": "psst"}) as answer:
                assert answer.status == 200
        async with session.post(url, json={"text": "one too many"}) as answer:
            assert (answer.status, (await answer.json())["error"]) == (404, "used_url")


async def test_a_trigger_opens_one_modal_and_only_soon(strict: Stage) -> None:
    tickets = strict.place.workspace.core.tickets
    trigger = tickets.issue_trigger("U0ALICE01")
    view = modal(text_input("title"))
    assert (await strict.client.views_open(trigger_id=trigger, view=view))["view"]["type"] == "modal"
    assert (await refused(strict.client.views_open(trigger_id=trigger, view=view)))["error"] == "exchanged_trigger_id"
    late = tickets.issue_trigger("U0ALICE01")
    await strict.do(strict.control.advance, 3.5)
    assert (await refused(strict.client.views_open(trigger_id=late, view=view)))["error"] == "expired_trigger_id"


async def test_a_modal_beyond_the_limits_names_the_place(stage: Stage) -> None:
    trigger = stage.place.workspace.core.tickets.issue_trigger("U0ALICE01")
    view = modal({"type": "markdown", "text": "x"}) | {"title": {"type": "plain_text", "text": "t" * 25}}
    data = await refused(stage.client.views_open(trigger_id=trigger, view=view))
    assert data["error"] == "invalid_arguments"
    said = " ".join(data["response_metadata"]["messages"])
    assert "/view/title/text" in said
    assert "/view/blocks/0/type" in said
