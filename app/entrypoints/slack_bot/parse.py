"""Turns what Slack sends into the flat payloads Sitrep keeps: known keys, strings only, missing ones empty."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.canonical import Json

Body = Mapping[str, Json]

_LONGEST = 40_000
_HUMAN_SUBTYPES = frozenset({"", "file_share", "thread_broadcast", "me_message"})


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery: where it came from, the key that makes it unique, and what it says."""

    source: str
    key: str
    payload: dict[str, Json]


def command(body: Body) -> Parcel:
    """A slash command."""
    payload: dict[str, Json] = {
        "user": pick(body, "user_id"),
        "room": pick(body, "channel_id"),
        "room_name": pick(body, "channel_name"),
        "text": unescaped(pick(body, "text")).strip(),
        "command": pick(body, "command"),
    }
    return Parcel("slack.command", f"cmd:{pick(body, 'trigger_id')}", payload)


def click(body: Body) -> Parcel:
    """A button or menu in a message."""
    actions = body.get("actions")
    action: Json = actions[0] if isinstance(actions, list) and actions else {}
    user, name = pick(body, "user", "id"), pick(action, "action_id")
    payload: dict[str, Json] = {
        "user": user,
        "room": pick(body, "channel", "id") or pick(body, "container", "channel_id"),
        "ts": pick(body, "message", "ts") or pick(body, "container", "message_ts"),
        "action_id": name,
        "value": pick(action, "value") or _chosen(action),
        "team": pick(body, "team", "id") or pick(body, "user", "team_id"),
        "app": pick(body, "api_app_id"),
    }
    return Parcel("slack.click", f"click:{pick(action, 'action_ts')}:{user}:{name}", payload)


def submission(body: Body) -> Parcel:
    """A submitted form. A field whose block and action share one name stands under that name, others as `block/action`."""
    payload: dict[str, Json] = {
        "user": pick(body, "user", "id"),
        "callback_id": pick(body, "view", "callback_id"),
        "values": form_values(body),
        "private_metadata": pick(body, "view", "private_metadata"),
    }
    return Parcel("slack.submit", _view_key(body), payload)


def menu_choice(body: Body) -> Parcel:
    """A verb picked from the menu, as if it had been typed where the menu was opened."""
    values = form_values(body)
    payload: dict[str, Json] = {
        "user": pick(body, "user", "id"),
        "room": pick(body, "view", "private_metadata"),
        "room_name": "",
        "text": pick(values, "verb"),
        "command": "/inc",
    }
    return Parcel("slack.command", _view_key(body), payload)


def mention(body: Body, bot_user: str) -> Parcel | None:
    """Somebody speaks to Sitrep, in a channel or directly; None for bots."""
    event = _event(body)
    if not _is_from_a_person(event):
        return None
    text = re.sub(rf"<@{re.escape(bot_user)}(\|[^>]*)?>", " ", pick(event, "text")) if bot_user else pick(event, "text")
    payload = _said(event, unescaped(" ".join(text.split(" "))).strip())
    return Parcel("slack.mention", pick(body, "event_id"), payload)


def message(body: Body, bot_user: str) -> Parcel | None:
    """What people write, change or delete; a direct message counts as speaking to Sitrep. None for bots and housekeeping."""
    event = _event(body)
    subtype = pick(event, "subtype")
    if subtype in {"message_changed", "message_deleted"}:
        return _later_change(body, event, subtype)
    if subtype not in _HUMAN_SUBTYPES or not _is_from_a_person(event):
        return None
    if pick(event, "channel_type") == "im":
        return mention(body, bot_user)
    payload = _said(event, unescaped(pick(event, "text"))) | {"change": "", "file_count": _file_count(event)}
    return Parcel("slack.message", pick(body, "event_id"), payload)


def reaction(body: Body) -> Parcel | None:
    """A reaction put on or taken off a message."""
    event = _event(body)
    if pick(event, "item", "type") != "message":
        return None
    payload: dict[str, Json] = {
        "user": pick(event, "user"),
        "room": pick(event, "item", "channel"),
        "ts": pick(event, "item", "ts"),
        "reaction": pick(event, "reaction"),
        "change": _put_or_taken(event),
    }
    return Parcel("slack.reaction", pick(body, "event_id"), payload)


def pin(body: Body) -> Parcel | None:
    """A message pinned or unpinned."""
    event = _event(body)
    stamp = pick(event, "item", "message", "ts") or pick(event, "item", "ts")
    if not stamp:
        return None
    payload: dict[str, Json] = {
        "user": pick(event, "user"),
        "room": pick(event, "channel_id") or pick(event, "item", "channel"),
        "ts": stamp,
        "change": _put_or_taken(event),
    }
    return Parcel("slack.pin", pick(body, "event_id"), payload)


def form_values(body: Body) -> dict[str, Json]:
    """The fields of a submitted form by name, as text."""
    state = _inner(body, "view", "state", "values")
    found: dict[str, Json] = {}
    for block, elements in state.items() if isinstance(state, dict) else ():
        for name, element in elements.items() if isinstance(elements, dict) else ():
            found[name if name == block else f"{block}/{name}"] = pick(element, "value") or _chosen(element)
    return found


def teams(body: Body) -> set[str]:
    """Every workspace the request names for itself and for the person."""
    named = {pick(body, "team_id"), pick(body, "team", "id"), pick(body, "user", "team_id")}
    return named - {""}


def pick(value: "Json | Body", *path: str) -> str:
    """The string at the end of a path of keys, without what no database can store; empty if there is none."""
    found = _inner(value, *path)
    return found[:_LONGEST].encode("utf-8", "replace").decode().replace("\x00", "") if isinstance(found, str) else ""


def unescaped(text: str) -> str:
    """Slack's three escapes undone."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _inner(value: "Json | Body", *path: str) -> Json:
    found: Json | Body = value
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else found


def _event(body: Body) -> Json:
    return body.get("event")


def _is_from_a_person(event: Json) -> bool:
    return bool(pick(event, "user")) and not pick(event, "bot_id") and pick(event, "subtype") != "bot_message"


def _said(event: Json, text: str) -> dict[str, Json]:
    stamp, thread = pick(event, "ts"), pick(event, "thread_ts")
    return {
        "user": pick(event, "user"),
        "room": pick(event, "channel"),
        "ts": stamp,
        "thread": "" if thread == stamp else thread,
        "text": text,
    }


def _later_change(body: Body, event: Json, subtype: str) -> Parcel | None:
    is_deleted = subtype == "message_deleted"
    old, new = _inner(event, "previous_message"), _inner(event, "message")
    subject = old if is_deleted else new
    if not _is_from_a_person(subject) or (not is_deleted and pick(old, "text") == pick(new, "text")):
        return None
    if not is_deleted and pick(new, "subtype") == "tombstone":
        return None
    payload = _said(subject, "" if is_deleted else unescaped(pick(new, "text")))
    payload |= {
        "room": pick(event, "channel"),
        "ts": pick(event, "deleted_ts") or pick(subject, "ts"),
        "change": "deleted" if is_deleted else "changed",
        "file_count": _file_count(subject),
    }
    return Parcel("slack.message", pick(body, "event_id"), payload)


def _file_count(event: Json) -> str:
    files = _inner(event, "files")
    return str(len(files)) if isinstance(files, list) else "0"


def _put_or_taken(event: Json) -> str:
    return "removed" if pick(event, "type").endswith("_removed") else "added"


def _chosen(element: Json) -> str:
    many = _inner(element, "selected_options")
    if isinstance(many, list):
        return ",".join(pick(option, "value") for option in many)
    names = ("selected_user", "selected_channel", "selected_conversation", "selected_date", "selected_time")
    return pick(element, "selected_option", "value") or next((pick(element, name) for name in names if pick(element, name)), "")


def _view_key(body: Body) -> str:
    return f"view:{pick(body, 'view', 'id')}:{pick(body, 'view', 'hash')}"
