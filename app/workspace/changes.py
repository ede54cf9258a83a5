"""Everything that can change in the workspace; each change tells the app (as an event) and the open pages."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from app.workspace.errors import ApiError
from app.workspace.model import BOT_USER, TEAM_ID, Channel, Json, Message, StoredFile
from app.workspace.state import State


@dataclass
class Draft:
    """What goes into a message before it has a timestamp."""

    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    broadcast: bool = False
    metadata: Json | None = None
    subtype: str | None = None
    files: list[StoredFile] = field(default_factory=list)
    ephemeral_to: str | None = None
    warning: bool = False


class Changes:
    """The only writer of conversations. `to_app` receives inner event objects, `to_pages` small notices of what changed."""

    def __init__(self, state: State, to_app: Callable[[Json], None], to_pages: Callable[[Json], None]) -> None:
        self.state = state
        self.to_pages = to_pages
        self._to_app = to_app

    # Messages

    def post(self, channel: Channel, user: str, draft: Draft) -> Message:
        """Add a message. Events go out unless only one person sees it."""
        if channel.archived:
            raise ApiError("is_archived")
        thread_ts = self._thread_root(channel, draft.thread_ts)
        message = Message(
            ts=self.state.next_ts(),
            channel=channel.id,
            user=user,
            text=draft.text,
            blocks=with_block_ids(draft.blocks),
            attachments=draft.attachments,
            thread_ts=thread_ts,
            broadcast=draft.broadcast,
            metadata=draft.metadata,
            subtype=draft.subtype or ("file_share" if draft.files else None),
            files=draft.files,
            ephemeral_to=draft.ephemeral_to,
            warning=draft.warning,
        )
        channel.messages.append(message)
        if not draft.ephemeral_to:
            channel.last_read[user] = message.ts
            channel.statuses.pop(thread_ts or "", None) if user == BOT_USER else None
            self._message_event(channel, message)
        self.notice(channel, message)
        return message

    def edit(self, message: Message, draft: Draft, *, editor: str) -> None:
        """Replace text, blocks, attachments or metadata; what the draft leaves empty (`None` metadata) stays."""
        channel = self.state.channels[message.channel]
        before = self.state.message_json(channel, message)
        message.text = draft.text
        message.blocks = with_block_ids(draft.blocks)
        message.attachments = draft.attachments
        message.metadata = draft.metadata or message.metadata
        message.edited = {"user": editor, "ts": self.state.next_ts()}
        if message.ephemeral_to is None:
            after = self.state.message_json(channel, message)
            self._changed_event(channel, "message_changed", message=after, previous_message=before)
        self.notice(channel, message)

    def delete(self, message: Message) -> None:
        """Remove a message for everybody."""
        channel = self.state.channels[message.channel]
        before = self.state.message_json(channel, message)
        channel.messages.remove(message)
        if message.ephemeral_to is None:
            self._changed_event(channel, "message_deleted", deleted_ts=message.ts, previous_message=before)
        self.notice(channel, message)

    def react(self, message: Message, name: str, user: str) -> None:
        """Add one person's reaction; raises `already_reacted`."""
        users = message.reactions.setdefault(name, [])
        if user in users:
            raise ApiError("already_reacted")
        users.append(user)
        self._item_event("reaction_added", message, name, user)

    def unreact(self, message: Message, name: str, user: str) -> None:
        """Take one person's reaction back; raises `no_reaction`."""
        users = message.reactions.get(name, [])
        if user not in users:
            raise ApiError("no_reaction")
        users.remove(user)
        if not users:
            del message.reactions[name]
        self._item_event("reaction_removed", message, name, user)

    def pin(self, message: Message, user: str) -> None:
        """Pin a message to its channel; raises `already_pinned`."""
        if message.pinned_by:
            raise ApiError("already_pinned")
        message.pinned_by, message.pinned_at = user, int(self.state.clock.now())
        self._pin_event("pin_added", message, user)

    def unpin(self, message: Message, user: str) -> None:
        """Take a pin away; raises `no_pin`."""
        if not message.pinned_by:
            raise ApiError("no_pin")
        message.pinned_by = None
        self._pin_event("pin_removed", message, user)

    # Channels

    def create_channel(self, name: str, creator: str, *, kind: str = "channel", members: list[str] | None = None) -> Channel:
        """Open a channel or a direct conversation with its first members."""
        prefix = {"im": "D", "private": "G", "mpim": "G"}.get(kind, "C")
        everybody = list(dict.fromkeys([creator, *(members or [])]))
        channel = Channel(self.state.next_id(prefix), name, creator, int(self.state.clock.now()), kind, everybody)
        self.state.channels[channel.id] = channel
        if kind == "channel":
            self.event({"type": "channel_created", "channel": channel.to_json(BOT_USER)})
        self.notice(channel)
        return channel

    def join(self, channel: Channel, user: str, *, inviter: str | None = None) -> None:
        """Make a person a member and say so in the channel."""
        channel.members.append(user)
        event: Json = {"type": "member_joined_channel", "user": user, "channel": channel.id, "team": TEAM_ID}
        event["channel_type"] = "G" if channel.kind == "private" else "C"
        self.event(event | ({"inviter": inviter} if inviter else {}), channel)
        self.post(channel, user, Draft(text=f"<@{user}> has joined the channel", subtype="channel_join"))

    def leave(self, channel: Channel, user: str) -> None:
        """Take a person out of a channel."""
        event = {"type": "member_left_channel", "user": user, "channel": channel.id, "channel_type": "C", "team": TEAM_ID}
        self.event(event, channel)
        channel.members.remove(user)
        self.notice(channel)

    def rename(self, channel: Channel, name: str, user: str) -> None:
        """Give a channel another name."""
        channel.previous_names.insert(0, channel.name)
        text = f'<@{user}> has renamed the channel from "{channel.name}" to "{name}"'
        channel.name = name
        self.event({"type": "channel_rename", "channel": channel.to_json(BOT_USER)}, channel)
        self.post(channel, user, Draft(text=text, subtype="channel_name"))

    def describe(self, channel: Channel, what: str, value: str, user: str) -> None:
        """Set the `topic` or the `purpose`."""
        record = {"value": value, "creator": user, "last_set": int(self.state.clock.now())}
        setattr(channel, what, record)
        self.post(channel, user, Draft(text=f"<@{user}> set the channel {what}: {value}", subtype=f"channel_{what}"))

    def archive(self, channel: Channel, user: str, *, archived: bool) -> None:
        """Archive a channel or bring it back."""
        word = "archived" if archived else "un-archived"
        draft = Draft(text=f"<@{user}> {word} the channel", subtype="channel_archive" if archived else "channel_unarchive")
        channel.archived = False
        self.post(channel, user, draft)
        channel.archived = archived
        self.event({"type": "channel_archive" if archived else "channel_unarchive", "channel": channel.id, "user": user}, channel)
        self.notice(channel)

    # Telling

    def event(self, event: Json, channel: Channel | None = None) -> None:
        """Send an inner event to the app, if the app would see it."""
        if channel is None or BOT_USER in channel.members:
            self._to_app(event | {"event_ts": event.get("event_ts") or self.state.next_ts()})

    def notice(self, channel: Channel, message: Message | None = None) -> None:
        """Tell open pages that this channel changed."""
        about: Json = {"channel": channel.id, "kind": "message" if message else "channel"}
        if message:
            about |= {"ts": message.ts, "thread_ts": message.thread_ts, "user": message.user}
        self.to_pages(about)

    def _thread_root(self, channel: Channel, thread_ts: str | None) -> str | None:
        if not thread_ts:
            return None
        parent = next((one for one in channel.messages if one.ts == thread_ts), None)
        if parent is None:
            raise ApiError("thread_not_found")
        return parent.thread_ts or parent.ts

    def _message_event(self, channel: Channel, message: Message) -> None:
        body = self.state.message_json(channel, message)
        body |= {"channel": channel.id, "event_ts": message.ts}
        if message.user != BOT_USER and message.subtype is None:
            body["client_msg_id"] = secrets.token_hex(16)
            if f"<@{BOT_USER}>" in message.text and not channel.is_direct:
                self.event(dict(body) | {"type": "app_mention"}, channel)
        self.event(body | {"channel_type": channel.channel_type}, channel)

    def _changed_event(self, channel: Channel, subtype: str, **details: Json | str) -> None:
        event: Json = {"type": "message", "subtype": subtype, "hidden": True, "channel": channel.id, **details}
        self.event(event | {"channel_type": channel.channel_type, "ts": self.state.next_ts()}, channel)

    def _item_event(self, kind: str, message: Message, reaction: str, user: str) -> None:
        channel = self.state.channels[message.channel]
        item = {"type": "message", "channel": channel.id, "ts": message.ts}
        self.event({"type": kind, "user": user, "reaction": reaction, "item": item, "item_user": message.user}, channel)
        self.notice(channel, message)

    def _pin_event(self, kind: str, message: Message, user: str) -> None:
        channel = self.state.channels[message.channel]
        now = int(self.state.clock.now())
        item = {"type": "message", "created": now, "created_by": user, "channel": channel.id, "message": message.to_json()}
        count = sum(1 for one in channel.messages if one.pinned_by)
        event = {"type": kind, "user": user, "channel_id": channel.id, "item": item, "item_user": message.user}
        self.event(event | {"pin_count": count, "has_pins": count > 0}, channel)
        self.notice(channel, message)


def with_block_ids(blocks: list[Json]) -> list[Json]:
    """Copies of the blocks, each with a `block_id`, as Slack stores them."""
    return [block if block.get("block_id") else {**block, "block_id": secrets.token_urlsafe(4)} for block in blocks]
