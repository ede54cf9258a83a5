"""The unchanged bot and room against the local workspace, over its real Socket Mode and Web API."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from app.adapters.slack.manifest import EVENT_SCOPES
from app.adapters.slack.room import SlackRoom
from app.adapters.slack.signature import Guard
from app.adapters.slack.wire import room_client
from app.domain.canonical import Json
from app.domain.errors import NotFound, OutcomeUnknown, RoomBusy
from app.domain.messages import Note, Picture
from app.domain.outbox import MessageRef
from app.entrypoints.slack_bot.bot import build_app
from app.entrypoints.slack_bot.http import slack_router
from app.entrypoints.slack_bot.socket import SocketDoor
from tests.adapters.slack.examples import CARD, EXAMPLES, approval

workspace = pytest.importorskip("app.workspace.server", reason="the local workspace is not there yet")
config = pytest.importorskip("app.workspace.config", reason="the local workspace is not there yet")

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001000548af640000000049454e44ae426082"
)


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Inbox:
    """What was delivered, by key; can be told to fail."""

    kept: dict[str, tuple[str, Mapping[str, Json]]] = field(default_factory=dict)
    failures: int = 0

    def deliver(self, source: str, key: str, payload: Mapping[str, Json]) -> bool:
        if self.failures:
            self.failures -= 1
            raise OSError(28, "disk full")
        is_new = key not in self.kept
        self.kept[key] = (source, payload)
        return is_new

    def of(self, source: str) -> list[Mapping[str, Json]]:
        return [payload for kind, payload in self.kept.values() if kind == source]


@dataclass
class Place:
    url: str
    api_url: str
    inbox: Inbox
    room: SlackRoom
    door: SocketDoor
    http: httpx.AsyncClient

    async def do(self, action: str, **body: object) -> dict[str, Any]:
        answer = await self.http.post(f"{self.url}/_local/{action}", json=body)
        return dict(answer.json())

    async def messages(self, channel: str, user: str = "") -> list[dict[str, Any]]:
        query = {"channel": channel} | ({"user": user} if user else {})
        answer = await self.http.get(f"{self.url}/_local/messages", params=query)
        return list(answer.json()["messages"])


async def until(holds: Callable[[], object], seconds: float = 8.0) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not holds():
        assert asyncio.get_running_loop().time() < deadline, "it never came to pass"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def a_place(sockets: int = 1) -> AsyncIterator[Place]:
    inbox = Inbox()
    settings = config.WorkspaceConfig(events=frozenset(EVENT_SCOPES))
    async with workspace.running_workspace(settings) as running, httpx.AsyncClient(trust_env=False) as http:
        room = SlackRoom(room_client("xoxb-local", running.api_url), WallClock(), longest_wait_s=2.0)
        app = build_app(bot_token="xoxb-local", base_url=running.api_url, deliver=inbox.deliver)
        door = SocketDoor(app, "xapp-local", base_url=running.api_url, sockets=sockets)
        await door.start()
        try:
            yield Place(running.url, running.api_url, inbox, room, door, http)
        finally:
            await door.stop()


async def opened(place: Place, name: str = "inc-12-checkout", op: str = "op-open") -> str:
    return await asyncio.to_thread(place.room.open, name, "SEV2 Investigating", ["U0ALICE01", "U0BOB0001"], op)


async def posted(place: Place, channel: str, name: str = "note", op: str = "op-1") -> MessageRef:
    return await asyncio.to_thread(place.room.post, channel, EXAMPLES[name], op)


async def test_every_message_is_accepted_in_a_channel_that_sitrep_opened() -> None:
    async with a_place() as place:
        channel = await opened(place)
        for number, name in enumerate(EXAMPLES):
            room = channel if number % 3 else "C0GENERAL1"
            ref = await asyncio.to_thread(place.room.post, room, EXAMPLES[name], f"op-{name}")
            assert await asyncio.to_thread(place.room.find, room, f"op-{name}") == ref


async def test_the_card_is_edited_in_place_pinned_and_found_again_by_its_operation() -> None:
    async with a_place() as place:
        channel = await opened(place)
        ref = await asyncio.to_thread(place.room.post, channel, EXAMPLES["card_without_findings"], "op-card")
        await asyncio.to_thread(place.room.edit, ref, CARD)
        await asyncio.to_thread(place.room.pin, ref)
        await asyncio.to_thread(place.room.pin, ref)
        shown = [message for message in await place.messages(channel) if message["ts"] == ref.ts]
        assert "pool_size went from 20 to 2" in str(shown[0]["blocks"])
        assert await asyncio.to_thread(place.room.find, channel, "op-card") == ref


async def test_opening_the_same_room_twice_gives_one_channel_and_another_operation_gets_a_suffix() -> None:
    async with a_place() as place:
        first = await opened(place)
        assert await opened(place) == first
        other = await opened(place, op="op-other")
        assert other != first
        assert await asyncio.to_thread(place.room.channel_named, "inc-12-checkout-2") == other
        assert await asyncio.to_thread(place.room.channel_named, "#no-such-channel") is None


async def test_a_whisper_is_seen_by_one_person_only() -> None:
    async with a_place() as place:
        channel = await opened(place)
        await asyncio.to_thread(place.room.whisper, channel, "U0ALICE01", Note("You lead now."))
        assert "You lead now." in str(await place.messages(channel, "alice"))
        assert "You lead now." not in str(await place.messages(channel, "bob"))


async def test_a_picture_is_uploaded_with_its_sentence() -> None:
    async with a_place() as place:
        channel = await opened(place)
        await asyncio.to_thread(place.room.upload, channel, Picture(PNG, "error rate", "error rate rose to 31 %"))
        assert "error rate rose to 31 %" in str(await place.messages(channel))


async def test_people_are_what_slack_says_they_are() -> None:
    async with a_place() as place:
        alice = await asyncio.to_thread(place.room.person, "U0ALICE01")
        guest = await asyncio.to_thread(place.room.person, "U0GITA001")
        bot = await asyncio.to_thread(place.room.person, "U0SITREP1")
        assert alice.is_member
        assert guest.is_guest
        assert bot.is_bot
        with pytest.raises(NotFound):
            await asyncio.to_thread(place.room.person, "U0NOBODY1")


async def test_a_post_whose_answer_is_lost_is_unknown_and_can_be_found() -> None:
    async with a_place() as place:
        channel = await opened(place)
        await place.do("fault", method="chat.postMessage", kind="reset_after_commit")
        with pytest.raises(OutcomeUnknown):
            await posted(place, channel, op="op-lost")
        assert await asyncio.to_thread(place.room.find, channel, "op-lost") is not None
        assert len([one for one in await place.messages(channel) if "leads INC-12" in str(one)]) == 1


async def test_a_busy_slack_says_how_long_to_wait() -> None:
    async with a_place() as place:
        channel = await opened(place)
        await place.do("fault", method="chat.postMessage", kind="429", retry_after=7)
        with pytest.raises(RoomBusy) as caught:
            await posted(place, channel)
        assert caught.value.retry_after == 7


async def test_commands_clicks_messages_and_mentions_are_kept_before_they_are_answered() -> None:
    async with a_place() as place:
        channel = await opened(place)
        card = await asyncio.to_thread(place.room.post, channel, approval(), "op-approval")
        answer = await place.do("slash", user="alice", channel=channel, command="/inc", text='note "a payload" & more <b>')
        assert answer["answered"] is True
        clicked = await place.do("click", user="bob", channel=channel, ts=card.ts, action_id="approve")
        assert clicked["answered"] is True
        await place.do("post", user="alice", channel=channel, text="hello")
        await place.do("post", user="alice", channel=channel, text="<@U0SITREP1> has this happened before?")
        said = await place.do("post", user="carol", channel="C0GENERAL1", text="checkout looks slow")
        await place.do("react", user="carol", channel="C0GENERAL1", ts=said["ts"], name="pushpin")
        await until(lambda: len(place.inbox.of("slack.message")) >= 3 and place.inbox.of("slack.mention"))
        await until(lambda: place.inbox.of("slack.reaction"))
        (command,) = place.inbox.of("slack.command")
        assert command["text"] == 'note "a payload" & more <b>'
        assert (command["user"], command["room"]) == ("U0ALICE01", channel)
        (click,) = place.inbox.of("slack.click")
        assert (click["user"], click["action_id"], click["value"], click["ts"]) == ("U0BOB0001", "approve", "prop_01jb", card.ts)
        (mention,) = place.inbox.of("slack.mention")
        assert mention["text"] == "has this happened before?"
        (reaction,) = place.inbox.of("slack.reaction")
        assert (reaction["reaction"], reaction["change"]) == ("pushpin", "added")


async def test_a_direct_message_is_a_question() -> None:
    async with a_place() as place:
        direct = await place.do("dm", user="alice", other="U0SITREP1")
        await place.do("post", user="alice", channel=direct["channel"], text="what is open?")
        await until(lambda: place.inbox.of("slack.mention"))
        assert place.inbox.of("slack.mention")[0]["text"] == "what is open?"
        assert not place.inbox.of("slack.message")


async def test_declaring_without_a_title_opens_a_form_that_is_kept() -> None:
    async with a_place() as place:
        await place.do("slash", user="alice", channel="C0GENERAL1", command="/inc", text="declare")
        values = {"title": "Checkout is down", "severity": "2", "service": "checkout"}
        form = await place.do("submit", user="alice", values=values)
        assert form["ok"] is True, form
        (kept,) = place.inbox.of("slack.submit")
        assert kept["callback_id"] == "declare"
        assert kept["values"] == values
        assert kept["private_metadata"] == "C0GENERAL1"


async def test_the_menu_stands_for_a_typed_command() -> None:
    async with a_place() as place:
        await place.do("slash", user="alice", channel="C0GENERAL1", command="/inc", text="")
        form = await place.do("submit", user="alice", values={"verb": "list"})
        assert form["ok"] is True, form
        assert [one["text"] for one in place.inbox.of("slack.command")] == ["list"]
        assert place.inbox.of("slack.command")[0]["room"] == "C0GENERAL1"


async def test_an_event_that_could_not_be_saved_comes_again_and_is_not_lost() -> None:
    async with a_place() as place:
        place.inbox.failures = 1
        await place.do("post", user="carol", channel="C0GENERAL1", text="is anybody there?")
        await until(lambda: place.inbox.of("slack.message"), 15)
        assert place.inbox.of("slack.message")[0]["text"] == "is anybody there?"


async def test_a_click_that_could_not_be_saved_is_answered_in_words() -> None:
    async with a_place() as place:
        channel = await opened(place)
        card = await asyncio.to_thread(place.room.post, channel, approval(), "op-approval")
        place.inbox.failures = 1
        assert (await place.do("click", user="bob", channel=channel, ts=card.ts, action_id="approve"))["answered"] is True
        found: list[str] = []
        for _ in range(100):
            found = [str(one) for one in await place.messages(channel, "bob") if "could not save this" in str(one)]
            if found:
                break
            await asyncio.sleep(0.05)
        assert found
        assert not place.inbox.of("slack.click")


@pytest.mark.parametrize("how", ["close", "abort", "refresh_requested"])
async def test_a_lost_socket_is_replaced(how: str) -> None:
    async with a_place() as place:
        await until(lambda: place.door.connected)
        await place.do("sockets", how=how)
        await asyncio.sleep(1.2)
        await until(lambda: place.door.connected, 10)
        state = (await place.http.get(f"{place.url}/_local/state")).json()
        assert state["sockets"] == 1
        await place.do("post", user="carol", channel="C0GENERAL1", text="still there?")
        await until(lambda: place.inbox.of("slack.message"), 15)


async def test_a_slack_that_refuses_sockets_is_asked_again_and_the_reason_is_shown() -> None:
    async with a_place() as place:
        await place.do("fault", method="apps.connections.open", kind="503", times=1)
        await place.do("sockets", how="close")
        await until(lambda: place.door.last_error, 5)
        assert "apps.connections.open" in place.door.last_error
        await until(lambda: place.door.connected and not place.door.last_error, 10)


async def test_two_sockets_deliver_each_thing_once() -> None:
    async with a_place(sockets=2) as place:
        await until(lambda: place.door.status.connected == 2)
        for number in range(4):
            await place.do("post", user="carol", channel="C0GENERAL1", text=f"line {number}")
        await until(lambda: len(place.inbox.of("slack.message")) == 4)


async def test_the_same_bot_works_over_signed_http() -> None:
    inbox = Inbox()
    web = FastAPI()
    server = uvicorn.Server(uvicorn.Config(web, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    settings = config.WorkspaceConfig(http_events_url=f"http://127.0.0.1:{port}/slack/events")
    async with workspace.running_workspace(settings) as running, httpx.AsyncClient(trust_env=False) as http:
        app = build_app(bot_token="xoxb-local", base_url=running.api_url, deliver=inbox.deliver)
        web.include_router(slack_router(app, Guard(settings.signing_secret, WallClock())))
        body = {"user": "alice", "channel": "C0GENERAL1", "command": "/inc", "text": "note the payload grew"}
        assert (await http.post(f"{running.url}/_local/slash", json=body)).json()["answered"] is True
        await http.post(f"{running.url}/_local/post", json={"user": "alice", "channel": "C0GENERAL1", "text": "hi"})
        await until(lambda: inbox.of("slack.message"))
        assert inbox.of("slack.command")[0]["text"] == "note the payload grew"
    server.should_exit = True
    await serving
