"""The things a workspace holds: people, channels, messages, files and views, and how each looks on Slack's wire."""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

TEAM_ID = "T0LOCAL01"
APP_ID = "A0SITREP1"
BOT_ID = "B0SITREP1"
BOT_USER = "U0SITREP1"
USERGROUP_ID = "S0ONCALL1"
TEAM_DOMAIN = "local"


@dataclass(frozen=True)
class User:
    """A person or the bot. `handle` is the short name used by the page, the terminal and the control API."""

    id: str
    handle: str
    real_name: str
    title: str
    is_bot: bool = False
    is_restricted: bool = False

    @property
    def initials(self) -> str:
        """One or two letters for the avatar."""
        return "".join(part[0] for part in self.real_name.split()[:2]).upper()

    def to_json(self) -> Json:
        """The object `users.info` returns."""
        profile: Json = {
            "title": self.title,
            "real_name": self.real_name,
            "real_name_normalized": self.real_name,
            "display_name": self.handle,
            "display_name_normalized": self.handle,
            "team": TEAM_ID,
        }
        if self.is_bot:
            profile |= {"bot_id": BOT_ID, "api_app_id": APP_ID, "always_active": True}
        else:
            profile |= {"email": f"{self.handle}@example.com", "first_name": self.real_name.split()[0]}
        return {
            "id": self.id,
            "team_id": TEAM_ID,
            "name": self.handle,
            "real_name": self.real_name,
            "deleted": False,
            "tz": "Etc/UTC",
            "tz_label": "Coordinated Universal Time",
            "tz_offset": 0,
            "profile": profile,
            "is_admin": False,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": self.is_restricted,
            "is_ultra_restricted": False,
            "is_bot": self.is_bot,
            "is_app_user": False,
            "updated": 0,
        }


@dataclass
class Channel:
    """A channel, direct message or group message. Members are in joining order."""

    id: str
    name: str
    creator: str
    created: int
    kind: str = "channel"  # channel, private, im, mpim
    members: list[str] = field(default_factory=list)
    topic: Json = field(default_factory=lambda: {"value": "", "creator": "", "last_set": 0})
    purpose: Json = field(default_factory=lambda: {"value": "", "creator": "", "last_set": 0})
    archived: bool = False
    previous_names: list[str] = field(default_factory=list)
    messages: list["Message"] = field(default_factory=list)
    bookmarks: list[Json] = field(default_factory=list)
    last_read: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, Json] = field(default_factory=dict)

    @property
    def channel_type(self) -> str:
        """The `channel_type` of message events."""
        return {"private": "group"}.get(self.kind, self.kind)

    @property
    def is_direct(self) -> bool:
        """Whether this is a conversation between people instead of a named room."""
        return self.kind in {"im", "mpim"}

    def to_json(self, for_user: str) -> Json:
        """The object `conversations.info` returns, as `for_user` sees it."""
        if self.kind == "im":
            other = next((member for member in self.members if member != for_user), for_user)
            return {
                "id": self.id,
                "created": self.created,
                "is_archived": self.archived,
                "is_im": True,
                "is_org_shared": False,
                "user": other,
                "context_team_id": TEAM_ID,
                "priority": 0,
            }
        return {
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": self.kind != "mpim",
            "is_group": False,
            "is_im": False,
            "is_mpim": self.kind == "mpim",
            "is_private": self.kind != "channel",
            "is_archived": self.archived,
            "is_general": self.name == "general",
            "is_shared": False,
            "is_ext_shared": False,
            "is_org_shared": False,
            "is_pending_ext_shared": False,
            "is_member": for_user in self.members,
            "created": self.created,
            "creator": self.creator,
            "unlinked": 0,
            "updated": self.created * 1000,
            "context_team_id": TEAM_ID,
            "shared_team_ids": [TEAM_ID],
            "topic": dict(self.topic),
            "purpose": dict(self.purpose),
            "previous_names": list(self.previous_names),
            "num_members": len(self.members),
        }


@dataclass
class Message:
    """One message. `ephemeral_to` names its only reader; `values` is the state of its inputs by block and action."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    broadcast: bool = False
    edited: Json | None = None
    metadata: Json | None = None
    subtype: str | None = None
    files: list["StoredFile"] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    pinned_by: str | None = None
    pinned_at: int = 0
    ephemeral_to: str | None = None
    values: Json = field(default_factory=dict)
    warning: bool = False

    @property
    def is_reply(self) -> bool:
        """Whether it stands in somebody else's thread."""
        return self.thread_ts is not None and self.thread_ts != self.ts

    def to_json(self, *, metadata: bool = True) -> Json:
        """The message as history and events carry it, without what is known only beside its thread."""
        body: Json = {"type": "message", "user": self.user, "text": self.text, "ts": self.ts, "team": TEAM_ID}
        if self.user == BOT_USER:
            body |= {"bot_id": BOT_ID, "app_id": APP_ID, "bot_profile": bot_profile()}
        optional: Json = {
            "subtype": self.subtype,
            "blocks": self.blocks,
            "attachments": self.attachments,
            "thread_ts": self.thread_ts,
            "edited": self.edited,
            "metadata": self.metadata if metadata else None,
            "files": [file.to_json() for file in self.files],
            "reactions": [{"name": name, "users": list(users), "count": len(users)} for name, users in self.reactions.items()],
        }
        if self.pinned_by:
            info = {"channel": self.channel, "pinned_by": self.pinned_by, "pinned_ts": self.pinned_at}
            optional |= {"pinned_to": [self.channel], "pinned_info": info}
        return body | {key: value for key, value in optional.items() if value}


def bot_profile() -> Json:
    """The `bot_profile` object beside the bot's messages."""
    icons = {f"image_{size}": "" for size in (36, 48, 72)}
    return {"id": BOT_ID, "app_id": APP_ID, "name": "Sitrep", "icons": icons, "deleted": False, "updated": 0, "team_id": TEAM_ID}


@dataclass
class StoredFile:
    """An uploaded file; `done` once its upload is completed. `base_url` is the address it is served under."""

    id: str
    name: str
    title: str
    user: str
    created: int
    base_url: str
    expected_length: int
    upload_token: str = ""
    mimetype: str = "application/octet-stream"
    content: bytes | None = None
    alt_text: str = ""
    done: bool = False
    channels: list[str] = field(default_factory=list)

    @property
    def is_image(self) -> bool:
        """Whether the page may draw it."""
        return self.mimetype in {"image/png", "image/jpeg", "image/gif", "image/webp"}

    def to_json(self) -> Json:
        """The object `files.info` returns."""
        url = f"{self.base_url}/files-pri/{TEAM_ID}-{self.id}/{self.name}"
        return {
            "id": self.id,
            "created": self.created,
            "timestamp": self.created,
            "name": self.name,
            "title": self.title,
            "mimetype": self.mimetype,
            "filetype": self.name.rpartition(".")[2].lower() or "binary",
            "pretty_type": self.name.rpartition(".")[2].upper() or "Binary",
            "user": self.user,
            "user_team": TEAM_ID,
            "mode": "hosted",
            "size": len(self.content or b""),
            "is_external": False,
            "is_public": True,
            "alt_txt": self.alt_text,
            "url_private": url,
            "url_private_download": url + "?download=1",
            "permalink": url,
            "channels": list(self.channels),
            "file_access": "visible",
        }


@dataclass
class View:
    """A modal or a home tab, with what was typed into it and the errors the app returned."""

    id: str
    user: str
    body: Json
    hash: str
    root_view_id: str
    previous_view_id: str | None = None
    values: Json = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    notice: str = ""

    def to_json(self) -> Json:
        """The object in `views.open` responses and in submissions."""
        body = self.body
        return {
            "id": self.id,
            "team_id": TEAM_ID,
            "type": body.get("type", "modal"),
            "title": body.get("title"),
            "submit": body.get("submit"),
            "close": body.get("close"),
            "blocks": body.get("blocks", []),
            "private_metadata": body.get("private_metadata", ""),
            "callback_id": body.get("callback_id", ""),
            "external_id": body.get("external_id", ""),
            "state": {"values": self.values},
            "hash": self.hash,
            "clear_on_close": bool(body.get("clear_on_close")),
            "notify_on_close": bool(body.get("notify_on_close")),
            "root_view_id": self.root_view_id,
            "previous_view_id": self.previous_view_id,
            "app_id": APP_ID,
            "app_installed_team_id": TEAM_ID,
            "bot_id": BOT_ID,
        }
