"""What the page shows to one person: the channel list, the conversation, the thread, the open modal, the status line."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.workspace.core import Core
from app.workspace.elements import state_values
from app.workspace.errors import ApiError
from app.workspace.model import BOT_USER, Channel, Json, Message, User

GROUP_SECONDS = 5 * 60
SHOWN = 200


@dataclass(frozen=True)
class Row:
    """One message as drawn: whether it continues the one above, starts a day, and how many replies it has."""

    message: Message
    author: User
    grouped: bool
    day: str
    time: str
    iso: str
    replies: int
    repliers: tuple[User, ...]
    last_reply: str
    values: Json


@dataclass(frozen=True)
class Listed:
    """One line of the channel list."""

    channel: Channel
    label: str
    other: User | None
    unread: int
    mentions: int
    member: bool


class PageView:
    """The workspace through the eyes of `reader`."""

    def __init__(self, core: Core, reader: User) -> None:
        self._core = core
        self.reader = reader

    def channels(self) -> list[Listed]:
        """Named channels first, in alphabetical order; those to join after those joined."""
        found = [self._listed(one) for one in self._core.state.visible_channels(self.reader.id)]
        found = [one for one in found if not one.channel.archived or one.unread]
        return sorted(found, key=lambda one: (not one.member, one.channel.is_direct, one.label))

    def choose(self, name: str) -> Channel:
        """The channel to show: the one asked for if this person may see it, else the first of theirs."""
        state = self._core.state
        try:
            found = state.channel(name, for_user=self.reader.id) if name else None
        except ApiError:
            found = None
        visible = state.visible_channels(self.reader.id)
        return found if found in visible and found is not None else visible[0]

    def conversation(self, channel: Channel) -> list[Row]:
        """The latest messages outside threads, oldest first."""
        shown = [
            one
            for one in self._core.state.visible_to(channel, self.reader.id)
            if not one.is_reply or one.broadcast or (one.ephemeral_to and not one.thread_ts)
        ]
        return self._rows(channel, shown[-SHOWN:])

    def thread(self, channel: Channel, thread_ts: str) -> list[Row]:
        """A parent and its replies, oldest first."""
        found = [one for one in self._core.state.visible_to(channel, self.reader.id) if thread_ts in {one.ts, one.thread_ts}]
        return self._rows(channel, found)

    def pinned(self, channel: Channel) -> list[Row]:
        """Pinned messages, latest pin first."""
        found = sorted((one for one in channel.messages if one.pinned_by), key=lambda one: -one.pinned_at)
        return [self._row(channel, one, None) for one in found]

    def status(self, channel: Channel, thread_ts: str) -> str:
        """What the app says it is doing here, empty when nothing."""
        status = channel.statuses.get(thread_ts)
        return str(status["text"]) if status and status["until"] > self._core.clock.now() else ""

    def title(self, channel: Channel) -> str:
        """The channel's name, or whom a direct conversation is with."""
        if channel.is_direct:
            others = [self._core.state.users[one].real_name for one in channel.members if one != self.reader.id]
            return ", ".join(others) or f"{self.reader.real_name} (you)"
        return channel.name

    def _listed(self, channel: Channel) -> Listed:
        read = float(channel.last_read.get(self.reader.id, 0))
        member = self.reader.id in channel.members
        new = [
            one
            for one in channel.messages
            if member and float(one.ts) > read and one.ephemeral_to in {None, self.reader.id} and one.user != self.reader.id
        ]
        mentions = sum(1 for one in new if self._is_for_me(channel, one))
        other = None
        if channel.kind == "im":
            other = self._core.state.users[next((one for one in channel.members if one != self.reader.id), self.reader.id)]
        return Listed(channel, self.title(channel), other, len(new), mentions, member)

    def _is_for_me(self, channel: Channel, message: Message) -> bool:
        if channel.is_direct or message.ephemeral_to:
            return True
        words = [f"<@{self.reader.id}>", f"<@{self.reader.id}|", "<!here>", "<!channel>"]
        if self.reader.id in self._core.state.usergroup_users:
            words.append("<!subteam^")
        body = message.text + (str(message.blocks) if message.blocks else "")
        return not message.subtype and any(word in body for word in words)

    def _rows(self, channel: Channel, messages: list[Message]) -> list[Row]:
        rows: list[Row] = []
        above: Message | None = None
        for message in messages:
            rows.append(self._row(channel, message, above))
            above = message
        return rows

    def _row(self, channel: Channel, message: Message, above: Message | None) -> Row:
        when = moment(message.ts)
        new_day = above is None or moment(above.ts).date() != when.date()
        grouped = above is not None and not new_day and _continues(above, message)
        replies = [
            one
            for one in channel.messages
            if one.thread_ts == message.ts and one.is_reply and one.ephemeral_to in {None, self.reader.id}
        ]
        users = self._core.state.users
        blocks = message.blocks + [block for one in message.attachments for block in one.get("blocks", [])]
        return Row(
            message=message,
            author=users.get(message.user, users[BOT_USER]),
            grouped=grouped,
            day=day_name(when, self._core.clock.now()) if new_day else "",
            time=when.strftime("%H:%M"),
            iso=when.isoformat(),
            replies=len(replies),
            repliers=tuple(users[one] for one in list(dict.fromkeys(reply.user for reply in replies))[:4]),
            last_reply=moment(replies[-1].ts).strftime("%H:%M") if replies else "",
            values=state_values(blocks, message.values),
        )


def moment(ts: str) -> datetime:
    """The time of a message."""
    return datetime.fromtimestamp(float(ts), UTC)


def day_name(when: datetime, now: float) -> str:
    """Today, Yesterday or the date."""
    days = (datetime.fromtimestamp(now, UTC).date() - when.date()).days
    return {0: "Today", 1: "Yesterday"}.get(days, when.strftime("%A, %-d %B %Y"))


def plain_summary(message: Message) -> str:
    """A line that says what a message is about, for pins and notices."""
    for block in message.blocks:
        if isinstance(block.get("text"), dict):
            return _flat(block["text"]["text"])
    return _flat(message.text)


def _flat(text: str) -> str:
    text = re.sub(r"<[^|<>]+\|([^<>]+)>", r"\1", text)
    text = re.sub(r"[*_~`]", "", text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return " ".join(text.split())[:90]


def _continues(above: Message, message: Message) -> bool:
    quiet: list[Any] = [above.subtype, message.subtype, above.ephemeral_to, message.ephemeral_to]
    near = float(message.ts) - float(above.ts) < GROUP_SECONDS
    return above.user == message.user and near and not any(one not in {None, "file_share"} for one in quiet)
