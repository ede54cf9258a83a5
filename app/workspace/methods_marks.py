"""Web API methods that mark things: reactions.*, pins.*, bookmarks.*"""

import re

from app.workspace.call import Call
from app.workspace.errors import ApiError
from app.workspace.model import APP_ID, BOT_USER, Json, Message


def reactions_add(call: Call) -> Json:
    """reactions.add"""
    call.changes.react(_message(call), _emoji(call), BOT_USER)
    return {}


def reactions_remove(call: Call) -> Json:
    """reactions.remove"""
    call.changes.unreact(_message(call), _emoji(call), BOT_USER)
    return {}


def reactions_get(call: Call) -> Json:
    """reactions.get"""
    message = _message(call)
    channel = call.state.channels[message.channel]
    return {"type": "message", "channel": channel.id, "message": call.state.message_json(channel, message)}


def pins_add(call: Call) -> Json:
    """pins.add"""
    call.changes.pin(_message(call), BOT_USER)
    return {}


def pins_remove(call: Call) -> Json:
    """pins.remove"""
    call.changes.unpin(_message(call), BOT_USER)
    return {}


def pins_list(call: Call) -> Json:
    """pins.list"""
    channel = call.channel(member=True)
    pinned = sorted((one for one in channel.messages if one.pinned_by), key=lambda one: one.pinned_at, reverse=True)
    return {
        "items": [
            {
                "type": "message",
                "channel": channel.id,
                "created": one.pinned_at,
                "created_by": one.pinned_by,
                "message": call.state.message_json(channel, one),
            }
            for one in pinned
        ]
    }


def bookmarks_add(call: Call) -> Json:
    """bookmarks.add"""
    channel = call.state.channel(call.text("channel_id"))
    if BOT_USER not in channel.members:
        raise ApiError("not_in_channel")
    link = call.text("link")
    if call.text("type") != "link" or not re.match(r"https?://", link):
        raise ApiError("invalid_link")
    now = int(call.clock.now())
    bookmark: Json = {
        "id": call.state.next_id("Bk"),
        "channel_id": channel.id,
        "title": call.text("title"),
        "link": link,
        "emoji": call.text("emoji", ""),
        "icon_url": None,
        "type": "link",
        "entity_id": None,
        "date_created": now,
        "date_updated": 0,
        "rank": "U",
        "last_updated_by_user_id": BOT_USER,
        "last_updated_by_team_id": None,
        "shortcut_id": None,
        "app_id": APP_ID,
    }
    channel.bookmarks.append(bookmark)
    call.changes.notice(channel)
    return {"bookmark": bookmark}


def bookmarks_list(call: Call) -> Json:
    """bookmarks.list"""
    return {"bookmarks": list(call.state.channel(call.text("channel_id")).bookmarks)}


def _message(call: Call) -> Message:
    channel = call.channel(member=True)
    message = call.state.message(channel, call.text("timestamp"))
    if channel.archived:
        raise ApiError("is_archived")
    return message


def _emoji(call: Call) -> str:
    name = call.text("name").strip(":")
    if not re.fullmatch(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?", name):
        raise ApiError("invalid_name")
    return name


METHODS = {
    "reactions.add": reactions_add,
    "reactions.remove": reactions_remove,
    "reactions.get": reactions_get,
    "pins.add": pins_add,
    "pins.remove": pins_remove,
    "pins.list": pins_list,
    "bookmarks.add": bookmarks_add,
    "bookmarks.list": bookmarks_list,
}
