"""Everything the workspace remembers, and how to find it."""

import secrets
from collections.abc import Iterable

from app.workspace.clocks import WorkspaceClock
from app.workspace.errors import ApiError
from app.workspace.model import BOT_USER, TEAM_ID, USERGROUP_ID, Channel, Json, Message, StoredFile, User, View

SEED_USERS = (
    User("U0ALICE01", "alice", "Alice Ahmadi", "On-call engineer"),
    User("U0BOB0001", "bob", "Bob Brandt", "SRE and approver"),
    User("U0CAROL01", "carol", "Carol Chen", "Support lead"),
    User("U0GITA001", "gita", "Gita Guest", "Guest", is_restricted=True),
    User(BOT_USER, "sitrep", "Sitrep", "Incident copilot", is_bot=True),
)
SEED_CHANNELS = (
    ("C0GENERAL1", "general", "Company-wide announcements and talk"),
    ("C0ALERTS01", "alerts", "What monitoring says"),
    ("C0INCIDENT", "incidents", "Every incident is announced here"),
)


class State:
    """The workspace's memory. Lookups raise `ApiError` with the string Slack would answer."""

    def __init__(self, clock: WorkspaceClock) -> None:
        self.clock = clock
        self.users = {user.id: user for user in SEED_USERS}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, StoredFile] = {}
        self.views: dict[str, View] = {}
        self.view_stacks: dict[str, list[str]] = {}
        self.homes: dict[str, str] = {}
        self.usergroup_users = ["U0ALICE01", "U0BOB0001"]
        self._last_ts = 0
        self._counter = 0
        for channel_id, name, purpose in SEED_CHANNELS:
            people = [user.id for user in SEED_USERS if not user.is_restricted]
            channel = Channel(channel_id, name, "U0ALICE01", int(clock.now()), members=people)
            channel.purpose = {"value": purpose, "creator": "U0ALICE01", "last_set": int(clock.now())}
            self.channels[channel_id] = channel
        self.channels["C0GENERAL1"].members.append("U0GITA001")

    # Ids and times

    def next_id(self, prefix: str) -> str:
        """A new Slack-like id, for example `C0000000A`."""
        self._counter += 1
        digits, number = "", self._counter
        while number:
            number, rest = divmod(number, 36)
            digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[rest] + digits
        return f"{prefix}0{digits:0>8}"

    def next_ts(self) -> str:
        """A message timestamp that no other message has, later than all before it."""
        self._last_ts = max(self._last_ts + 1, int(self.clock.now() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def next_hash(self) -> str:
        """A new version mark for a view."""
        return f"{int(self.clock.now())}.{secrets.token_hex(4)}"

    # Lookups

    def user(self, user_id: str) -> User:
        """The person with this id."""
        try:
            return self.users[user_id]
        except KeyError:
            raise ApiError("user_not_found") from None

    def person(self, name: str) -> User:
        """The person with this id or handle."""
        wanted = name.lstrip("@").lower()
        for user in self.users.values():
            if name == user.id or wanted == user.handle:
                return user
        raise ApiError("user_not_found")

    def channel(self, name: str, *, for_user: str = BOT_USER) -> Channel:
        """The channel with this id or name; private ones only for their members."""
        found = self.channels.get(name) or self.channel_named(name.lstrip("#"))
        if found is None or (found.kind != "channel" and for_user not in found.members):
            raise ApiError("channel_not_found")
        return found

    def channel_named(self, name: str) -> Channel | None:
        """The channel with this name, if there is one."""
        return next((one for one in self.channels.values() if one.name == name and not one.is_direct), None)

    def visible_channels(self, user_id: str) -> list[Channel]:
        """The channels this person can see: public ones (members only for guests) and those they are in."""
        guest = self.users[user_id].is_restricted
        return [one for one in self.channels.values() if user_id in one.members or (one.kind == "channel" and not guest)]

    def direct(self, members: Iterable[str]) -> Channel | None:
        """The conversation between exactly these people, if there is one."""
        wanted = set(members)
        return next((one for one in self.channels.values() if one.is_direct and set(one.members) == wanted), None)

    def message(self, channel: Channel, ts: str, *, ephemeral: bool = False) -> Message:
        """The message with this timestamp; those shown to one person only when asked for."""
        for message in reversed(channel.messages):
            if message.ts == ts and (ephemeral or message.ephemeral_to is None):
                return message
        raise ApiError("message_not_found")

    def top_level(self, channel: Channel) -> list[Message]:
        """What history shows, oldest first."""
        return [one for one in channel.messages if one.ephemeral_to is None and (not one.is_reply or one.broadcast)]

    def thread(self, channel: Channel, thread_ts: str) -> list[Message]:
        """The parent and its replies, oldest first; raises `thread_not_found`."""
        found = [one for one in channel.messages if one.ephemeral_to is None and thread_ts in {one.ts, one.thread_ts}]
        if not found:
            raise ApiError("thread_not_found")
        return found

    def visible_to(self, channel: Channel, user_id: str) -> list[Message]:
        """Every message this person may see, oldest first, ephemeral ones included."""
        return [one for one in channel.messages if one.ephemeral_to in {None, user_id}]

    def view(self, view_id: str) -> View:
        """The view with this id; raises `not_found`."""
        try:
            return self.views[view_id]
        except KeyError:
            raise ApiError("not_found") from None

    def message_json(self, channel: Channel, message: Message, *, metadata: bool = True) -> Json:
        """The message as Slack returns it, with reply counts on a thread's parent."""
        body = message.to_json(metadata=metadata)
        if message.is_reply:
            parent = next((one for one in channel.messages if one.ts == message.thread_ts), None)
            return body | {"parent_user_id": parent.user if parent else message.user}
        replies = [one for one in channel.messages if one.thread_ts == message.ts and one.is_reply and one.ephemeral_to is None]
        if not replies:
            return body
        authors = list(dict.fromkeys(one.user for one in replies))
        return body | {
            "thread_ts": message.ts,
            "reply_count": len(replies),
            "reply_users_count": len(authors),
            "reply_users": authors,
            "latest_reply": replies[-1].ts,
            "is_locked": False,
            "subscribed": False,
        }

    def usergroup_json(self, *, include_users: bool) -> Json:
        """The on-call group as `usergroups.list` returns it."""
        group: Json = {
            "id": USERGROUP_ID,
            "team_id": TEAM_ID,
            "is_usergroup": True,
            "name": "On call",
            "handle": "oncall",
            "description": "Whoever carries the pager now",
            "is_external": False,
            "date_create": 0,
            "date_update": 0,
            "date_delete": 0,
            "user_count": len(self.usergroup_users),
        }
        return group | ({"users": list(self.usergroup_users)} if include_users else {})
