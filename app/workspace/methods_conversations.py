"""Web API methods about channels: conversations.*"""

from collections.abc import Sequence
from typing import TypeVar

from app.workspace.call import Call
from app.workspace.errors import ApiError
from app.workspace.limits import TOPIC_CHARACTERS, check_channel_name
from app.workspace.model import BOT_USER, Json

Item = TypeVar("Item")


def create(call: Call) -> Json:
    """conversations.create"""
    name = call.text("name", "")
    _check_new_name(call, name)
    kind = "private" if call.flag("is_private") else "channel"
    return {"channel": call.changes.create_channel(name, BOT_USER, kind=kind).to_json(BOT_USER)}


def list_all(call: Call) -> Json:
    """conversations.list"""
    kinds = {"public_channel": "channel", "private_channel": "private", "im": "im", "mpim": "mpim"}
    asked = {kinds.get(one.strip(), "") for one in call.text("types", "public_channel").split(",")}
    found = [
        one
        for one in call.state.visible_channels(BOT_USER)
        if one.kind in asked and not (call.flag("exclude_archived") and one.archived)
    ]
    page, cursor = _page(call, found, 100)
    return {"channels": [one.to_json(BOT_USER) for one in page], "response_metadata": {"next_cursor": cursor}}


def info(call: Call) -> Json:
    """conversations.info"""
    return {"channel": call.channel().to_json(BOT_USER)}


def history(call: Call) -> Json:
    """conversations.history"""
    channel = call.channel(member=True)
    metadata = call.flag("include_all_metadata")
    found = [one for one in reversed(call.state.top_level(channel)) if _in_range(call, one.ts)]
    page, cursor = _page(call, found, 100)
    body: Json = {
        "messages": [call.state.message_json(channel, one, metadata=metadata) for one in page],
        "has_more": bool(cursor),
        "pin_count": sum(1 for one in channel.messages if one.pinned_by),
        "channel_actions_ts": None,
        "channel_actions_count": 0,
    }
    return body | ({"response_metadata": {"next_cursor": cursor}} if cursor else {})


def replies(call: Call) -> Json:
    """conversations.replies"""
    channel = call.channel(member=True)
    metadata = call.flag("include_all_metadata")
    thread_ts = call.text("ts")
    found = [one for one in call.state.thread(channel, thread_ts) if one.ts == thread_ts or _in_range(call, one.ts)]
    page, cursor = _page(call, found, 1000)
    body: Json = {
        "messages": [call.state.message_json(channel, one, metadata=metadata) for one in page],
        "has_more": bool(cursor),
    }
    return body | ({"response_metadata": {"next_cursor": cursor}} if cursor else {})


def members(call: Call) -> Json:
    """conversations.members"""
    page, cursor = _page(call, call.channel().members, 100)
    return {"members": list(page), "response_metadata": {"next_cursor": cursor}}


def invite(call: Call) -> Json:
    """conversations.invite"""
    channel = call.channel(member=True, open_only=True)
    users = _ids(call, "users")
    for user in users:
        if user == BOT_USER:
            raise ApiError("cant_invite_self")
        call.state.user(user)
    new = [user for user in users if user not in channel.members]
    if not new:
        raise ApiError("already_in_channel")
    for user in new:
        call.changes.join(channel, user, inviter=BOT_USER)
    return {"channel": channel.to_json(BOT_USER)}


def join(call: Call) -> Json:
    """conversations.join"""
    channel = call.channel(open_only=True)
    if channel.kind != "channel":
        raise ApiError("method_not_supported_for_channel_type")
    if BOT_USER in channel.members:
        return {
            "channel": channel.to_json(BOT_USER),
            "warning": "already_in_channel",
            "response_metadata": {"warnings": ["already_in_channel"]},
        }
    call.changes.join(channel, BOT_USER)
    return {"channel": channel.to_json(BOT_USER)}


def kick(call: Call) -> Json:
    """conversations.kick"""
    channel = call.channel(member=True, open_only=True)
    user = call.text("user")
    if user == BOT_USER:
        raise ApiError("cant_kick_self")
    if user not in channel.members:
        raise ApiError("not_in_channel")
    call.changes.leave(channel, user)
    return {}


def rename(call: Call) -> Json:
    """conversations.rename"""
    channel = call.channel(member=True, open_only=True)
    name = call.text("name", "")
    _check_new_name(call, name)
    call.changes.rename(channel, name, BOT_USER)
    return {"channel": channel.to_json(BOT_USER)}


def set_topic(call: Call) -> Json:
    """conversations.setTopic"""
    return _describe(call, "topic")


def set_purpose(call: Call) -> Json:
    """conversations.setPurpose"""
    return _describe(call, "purpose")


def archive(call: Call) -> Json:
    """conversations.archive"""
    channel = call.channel(member=True)
    if channel.archived:
        raise ApiError("already_archived")
    if channel.name == "general":
        raise ApiError("cant_archive_general")
    call.changes.archive(channel, BOT_USER, archived=True)
    return {}


def unarchive(call: Call) -> Json:
    """conversations.unarchive"""
    channel = call.channel()
    if not channel.archived:
        raise ApiError("not_archived")
    call.changes.archive(channel, BOT_USER, archived=False)
    return {}


def open_direct(call: Call) -> Json:
    """conversations.open"""
    if call.args.get("channel"):
        return {"channel": {"id": call.channel().id}, "no_op": True, "already_open": True}
    users = _ids(call, "users")
    for user in users:
        call.state.user(user)
    everybody = [BOT_USER, *users]
    found = call.state.direct(everybody)
    channel = found or call.changes.create_channel("", BOT_USER, kind="im" if len(users) == 1 else "mpim", members=everybody)
    shown = channel.to_json(BOT_USER) if call.flag("return_im") else {"id": channel.id}
    return {"channel": shown} | ({"no_op": True, "already_open": True} if found else {})


def _describe(call: Call, what: str) -> Json:
    channel = call.channel(member=True, open_only=True)
    value = call.text(what, "")
    if len(value) > TOPIC_CHARACTERS:
        raise ApiError("too_long")
    if getattr(channel, what)["value"] != value:
        call.changes.describe(channel, what, value, BOT_USER)
    return {"channel": channel.to_json(BOT_USER)}


def _check_new_name(call: Call, name: str) -> None:
    check_channel_name(name)
    if call.state.channel_named(name) is not None:
        raise ApiError("name_taken")


def _ids(call: Call, name: str) -> list[str]:
    value = call.args.get(name)
    found = value if isinstance(value, list) else [one.strip() for one in str(value or "").strip("[]").split(",")]
    ids = [str(one).strip("\"' ") for one in found if one]
    if not ids:
        raise ApiError("no_user" if name == "users" else "invalid_arguments")
    return ids


def _in_range(call: Call, ts: str) -> bool:
    value, inclusive = float(ts), call.flag("inclusive")
    oldest, latest = float(call.args.get("oldest") or 0), float(call.args.get("latest") or "inf")
    return (oldest < value < latest) or (inclusive and value in {oldest, latest})


def _page(call: Call, found: Sequence[Item], default: int) -> tuple[Sequence[Item], str]:
    limit = min(max(call.number("limit", default), 1), 1000)
    cursor = call.text("cursor", "")
    if cursor and not cursor.removeprefix("at:").isdigit():
        raise ApiError("invalid_cursor")
    start = int(cursor.removeprefix("at:")) if cursor else 0
    end = start + limit
    return found[start:end], f"at:{end}" if end < len(found) else ""


METHODS = {
    "conversations.create": create,
    "conversations.list": list_all,
    "conversations.info": info,
    "conversations.history": history,
    "conversations.replies": replies,
    "conversations.members": members,
    "conversations.invite": invite,
    "conversations.join": join,
    "conversations.kick": kick,
    "conversations.rename": rename,
    "conversations.setTopic": set_topic,
    "conversations.setPurpose": set_purpose,
    "conversations.archive": archive,
    "conversations.unarchive": unarchive,
    "conversations.open": open_direct,
}
