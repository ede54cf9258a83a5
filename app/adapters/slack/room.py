"""The chat as the services see it, spoken in Slack's Web API: each message leaves at most once per call."""

import time
from collections.abc import Callable, Sequence

from slack_sdk import WebClient

from app.adapters.slack.blocks import Rendered
from app.adapters.slack.channels import Channels
from app.adapters.slack.failures import CALL_ERRORS, error_code, explain
from app.adapters.slack.pace import Pace
from app.adapters.slack.people import People
from app.adapters.slack.render import render
from app.adapters.slack.wire import Wire, inner, objects, text
from app.adapters.slack.wording import visible
from app.domain.canonical import Json, plain
from app.domain.errors import OutcomeUnknown, Refused, RoomBusy
from app.domain.messages import Message, Picture
from app.domain.outbox import MessageRef
from app.domain.person import Person
from app.ports.clock import Clock

EVENT_TYPE = "sitrep_op"
_PAGES, _PAGE, _THREADS = 3, 200, 15
_NOT_HERE = frozenset(
    {"channel_not_found", "not_in_channel", "user_not_in_channel", "method_not_supported_for_channel_type", "is_archived"}
)


class SlackRoom:
    """Implements the room port. Calls are synchronous and block for at most a few seconds each.

    `link_hosts` are the hosts to which text from outside may link; `sleep` and `monotonic` are seams for tests.
    """

    def __init__(
        self,
        client: WebClient,
        clock: Clock,
        *,
        link_hosts: frozenset[str] = frozenset(),
        longest_wait_s: float = 5.0,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        # A resend by the client would be a second message, whoever built it.
        client.retry_handlers = []
        self._wire = Wire(client)
        self._clock = clock
        self._link_hosts = link_hosts
        self._pace = Pace(monotonic, sleep, longest_wait_s=longest_wait_s)
        self._people = People(self._wire, monotonic)
        self._channels = Channels(self._wire, monotonic, self._people.own_user)

    def open(self, name: str, topic: str, invite: Sequence[str], op_id: str, *, is_private: bool = False) -> str:
        """Creates the channel, or finds the one this operation made before; a name taken by others gets a suffix."""
        return self._channels.open(name, topic, invite, op_id, is_private=is_private)

    def post(self, room: str, message: Message, op_id: str, thread: str = "") -> MessageRef:
        """Posts one message marked with its operation id."""
        body = {**_body(self._render(message)), "channel": room, "metadata": _mark(op_id)}
        if thread:
            body["thread_ts"] = thread
        answer = self._say("chat.postMessage", room, body, repeatable=False)
        stamp = text(answer.get("ts"))
        if not stamp:
            raise OutcomeUnknown("Slack accepted the message without saying where it is.", "Sitrep looks for it.")
        return MessageRef(text(answer.get("channel")) or room, stamp)

    def edit(self, ref: MessageRef, message: Message) -> None:
        """Redraws a message; its mark stays."""
        rendered = self._render(message)
        body: dict[str, Json] = {"channel": ref.room, "ts": ref.ts, "text": rendered.text, "blocks": plain(rendered.blocks)}
        self._say("chat.update", ref.room, body, repeatable=True)

    def whisper(self, room: str, user: str, message: Message) -> None:
        """Shows a message to one person in the channel, or in their own conversation with Sitrep where Slack allows no other."""
        body = _body(self._render(message))
        try:
            self._say("chat.postEphemeral", room, {**body, "channel": room, "user": user}, repeatable=False)
        except Refused as refusal:
            # Commands also come from places where Sitrep is no member; whoever asked still gets the answer, alone.
            if not isinstance(refusal.__cause__, Exception) or error_code(refusal.__cause__) not in _NOT_HERE:
                raise
            self._say("chat.postMessage", user, {**body, "channel": user}, repeatable=False)

    def find(self, room: str, op_id: str) -> MessageRef | None:
        """Looks through the newest 600 messages and the newest threads for the mark; None means it did not arrive."""
        parents: list[dict[str, Json]] = []
        cursor = ""
        for _ in range(_PAGES):
            page = self._history("conversations.history", {"channel": room, "limit": _PAGE, "cursor": cursor})
            messages = objects(page.get("messages"))
            found = _marked(room, messages, op_id)
            if found:
                return found
            parents += [item for item in messages if item.get("reply_count")]
            cursor = text(inner(page, "response_metadata", "next_cursor"))
            if not cursor:
                break
        return self._find_in_threads(room, parents, op_id)

    def pin(self, ref: MessageRef) -> None:
        """Pins a message; already pinned is fine."""
        try:
            self._wire.attempt("pins.add", {"channel": ref.room, "timestamp": ref.ts})
        except CALL_ERRORS as problem:
            if error_code(problem) != "already_pinned":
                raise explain("pins.add", problem, repeatable=True) from problem

    def set_topic(self, room: str, topic: str) -> None:
        """Sets the channel's topic, cut to 250 characters."""
        self._channels.set_topic(room, topic)

    def upload(self, room: str, picture: Picture, thread: str = "") -> None:
        """Shows a picture with its sentence as alternative text."""
        try:
            self._wire.client.files_upload_v2(
                filename="plot.png",
                content=picture.png,
                title=visible(picture.title)[:200],
                alt_txt=visible(picture.alt)[:1000],
                channel=room,
                thread_ts=thread or None,
            )
        except CALL_ERRORS as problem:
            raise explain("files.completeUploadExternal", problem, repeatable=False) from problem

    def person(self, user: str) -> Person:
        """Who this is according to Slack, at most one minute old; raises NotFound."""
        return self._people.person(user)

    def channel_named(self, name: str) -> str | None:
        """The id of a channel; the list is cached."""
        return self._channels.named(name)

    def _render(self, message: Message) -> Rendered:
        return render(message, self._clock.now(), self._link_hosts)

    def _say(self, method: str, room: str, body: dict[str, Json], *, repeatable: bool) -> dict[str, Json]:
        key = f"{method}:{room}"
        self._pace.take(key)
        try:
            return self._joining(method, room, body)
        except CALL_ERRORS as problem:
            error = explain(method, problem, repeatable=repeatable)
            if isinstance(error, RoomBusy):
                self._pace.close(key, error.retry_after)
            raise error from problem

    def _joining(self, method: str, room: str, body: dict[str, Json]) -> dict[str, Json]:
        try:
            return self._wire.attempt(method, body)
        except CALL_ERRORS as problem:
            # Slack has refused, so nothing was said yet and saying it again is the first time.
            if error_code(problem) != "not_in_channel":
                raise
        self._channels.join(room)
        return self._wire.attempt(method, body)

    def _history(self, method: str, arguments: dict[str, str | int | bool]) -> dict[str, Json]:
        return self._wire.read(method, {**arguments, "include_all_metadata": True})

    def _find_in_threads(self, room: str, parents: Sequence[dict[str, Json]], op_id: str) -> MessageRef | None:
        newest = sorted(parents, key=lambda item: text(item.get("latest_reply")), reverse=True)[:_THREADS]
        for parent in newest:
            page = self._history("conversations.replies", {"channel": room, "ts": text(parent.get("ts")), "limit": _PAGE})
            found = _marked(room, objects(page.get("messages")), op_id)
            if found:
                return found
        return None


def _body(rendered: Rendered) -> dict[str, Json]:
    return {"text": rendered.text, "blocks": plain(rendered.blocks), "unfurl_links": False, "unfurl_media": False}


def _mark(op_id: str) -> dict[str, Json]:
    return {"event_type": EVENT_TYPE, "event_payload": {"op": op_id}}


def _marked(room: str, messages: Sequence[dict[str, Json]], op_id: str) -> MessageRef | None:
    for message in messages:
        metadata = message.get("metadata")
        if inner(metadata, "event_type") == EVENT_TYPE and inner(metadata, "event_payload", "op") == op_id:
            return MessageRef(room, text(message.get("ts")))
    return None
