"""Web API methods that write messages: chat.*, and the status lines an assistant shows."""

from app.workspace.call import Call
from app.workspace.changes import Draft
from app.workspace.errors import ApiError
from app.workspace.limits import TEXT_CHARACTERS, UPDATE_TEXT_CHARACTERS, check_message
from app.workspace.model import BOT_USER, Channel, Json

STATUS_SECONDS = 120.0


def post_message(call: Call) -> Json:
    """chat.postMessage"""
    channel = _target(call)
    draft = _draft(call)
    if channel.archived:
        raise ApiError("is_archived")
    if BOT_USER not in channel.members:
        raise ApiError("not_in_channel")
    message = call.changes.post(channel, BOT_USER, draft)
    body = call.state.message_json(channel, message) | {"subtype": None}
    return {"channel": channel.id, "ts": message.ts, "message": {key: value for key, value in body.items() if value is not None}}


def post_ephemeral(call: Call) -> Json:
    """chat.postEphemeral"""
    channel = call.channel(member=True, open_only=True)
    user = call.text("user")
    if user not in channel.members:
        raise ApiError("user_not_in_channel")
    draft = _draft(call)
    draft.ephemeral_to = user
    message = call.changes.post(channel, BOT_USER, draft)
    return {"message_ts": message.ts}


def update(call: Call) -> Json:
    """chat.update"""
    channel = call.channel()
    message = call.state.message(channel, call.text("ts"))
    if message.user != BOT_USER:
        raise ApiError("cant_update_message")
    if channel.archived:
        raise ApiError("is_archived")
    if len(str(call.args.get("text") or "")) > UPDATE_TEXT_CHARACTERS:
        raise ApiError("msg_too_long")
    draft = _draft(call, allow_empty="blocks" in call.args)
    if call.args.get("blocks") is None and "text" not in call.args:
        draft.blocks = message.blocks
    call.changes.edit(message, draft, editor=BOT_USER)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": call.state.message_json(channel, message)}


def delete(call: Call) -> Json:
    """chat.delete"""
    channel = call.channel()
    message = call.state.message(channel, call.text("ts"))
    if message.user != BOT_USER:
        raise ApiError("cant_delete_message")
    call.changes.delete(message)
    return {"channel": channel.id, "ts": message.ts}


def get_permalink(call: Call) -> Json:
    """chat.getPermalink"""
    channel = call.channel()
    message = call.state.message(channel, call.text("message_ts"))
    link = f"{call.base_url}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def set_thread_status(call: Call) -> Json:
    """assistant.threads.setStatus"""
    channel = call.state.channel(call.text("channel_id"))
    _set_status(call, channel, call.text("thread_ts"), call.text("status", ""))
    return {}


def set_session_status(call: Call) -> Json:
    """agents.sessions.setStatus"""
    channel = call.state.channel(call.text("channel_id", "") or call.text("channel"))
    status = call.text("status")
    if status not in {"active", "processing", "suspended", "closed"}:
        raise ApiError("invalid_arguments", response_metadata={"messages": ["[ERROR] unknown status"]})
    shown = call.text("title", "is working") if status == "processing" else ""
    _set_status(call, channel, call.text("thread_ts", ""), shown)
    return {}


def _set_status(call: Call, channel: Channel, thread_ts: str, status: str) -> None:
    if len(status) > 200:
        raise ApiError("invalid_arguments", response_metadata={"messages": ["[ERROR] must be less than 201 characters"]})
    if status:
        channel.statuses[thread_ts] = {"text": status, "until": call.clock.now() + STATUS_SECONDS}
    else:
        channel.statuses.pop(thread_ts, None)
    call.changes.notice(channel)


def _target(call: Call) -> Channel:
    name = call.text("channel")
    if name not in call.state.users:
        return call.state.channel(name)
    pair = [BOT_USER, name]
    return call.state.direct(pair) or call.changes.create_channel("", BOT_USER, kind="im", members=pair)


def _draft(call: Call, *, allow_empty: bool = False) -> Draft:
    text = call.text("text", "")
    if not text:
        text = call.text("markdown_text", "")
    blocks = call.objects("blocks", "invalid_blocks_format")
    attachments = call.objects("attachments", "invalid_attachments")
    if not (allow_empty and not blocks):
        check_message(text, blocks, attachments)
    metadata = call.object("metadata")
    if metadata is not None and not {"event_type", "event_payload"} <= set(metadata):
        raise ApiError("invalid_metadata_format")
    thread_ts = call.text("thread_ts", "") or None
    return Draft(
        text[:TEXT_CHARACTERS], blocks, attachments, thread_ts, call.flag("reply_broadcast") and bool(thread_ts), metadata
    )


METHODS = {
    "chat.postMessage": post_message,
    "chat.postEphemeral": post_ephemeral,
    "chat.update": update,
    "chat.delete": delete,
    "chat.getPermalink": get_permalink,
    "assistant.threads.setStatus": set_thread_status,
    "agents.sessions.setStatus": set_session_status,
}
