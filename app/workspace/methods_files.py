"""Web API methods for files: an address to upload to, the completion that posts them, and what is known of one."""

import mimetypes
import secrets

from app.workspace.call import Call
from app.workspace.changes import Draft
from app.workspace.errors import ApiError
from app.workspace.model import BOT_USER, Json, StoredFile

LARGEST = 50 * 1024 * 1024


def get_upload_url(call: Call) -> Json:
    """files.getUploadURLExternal"""
    name, length = call.text("filename"), call.number("length", 0)
    if not 0 < length <= LARGEST:
        raise ApiError("invalid_arguments" if length <= 0 else "file_upload_size_restricted")
    file = StoredFile(
        id=call.state.next_id("F"),
        name=name.replace("/", "_"),
        title=name,
        user=BOT_USER,
        created=int(call.clock.now()),
        base_url=call.base_url,
        expected_length=length,
        upload_token=secrets.token_urlsafe(12),
        mimetype=mimetypes.guess_type(name)[0] or "application/octet-stream",
        alt_text=call.text("alt_txt", ""),
    )
    call.state.files[file.id] = file
    return {"upload_url": f"{call.base_url}/upload/v1/{file.id}-{file.upload_token}", "file_id": file.id}


def complete_upload(call: Call) -> Json:
    """files.completeUploadExternal"""
    files = [_uploaded(call, one) for one in call.objects("files", "invalid_arguments")]
    if not files:
        raise ApiError("invalid_arguments")
    channels = [one for one in (call.text("channel_id", "") or call.text("channels", "")).split(",") if one]
    for name in channels:
        channel = call.state.channel(name)
        if BOT_USER not in channel.members:
            raise ApiError("not_in_channel")
        for file in files:
            file.channels.append(channel.id)
        thread_ts = call.text("thread_ts", "") or None
        draft = Draft(text=call.text("initial_comment", ""), blocks=call.objects("blocks", "invalid_blocks"), files=files)
        draft.thread_ts = thread_ts
        call.changes.post(channel, BOT_USER, draft)
    for file in files:
        file.done = True
    return {"files": [file.to_json() for file in files]}


def info(call: Call) -> Json:
    """files.info"""
    file = call.state.files.get(call.text("file"))
    if file is None or not file.done:
        raise ApiError("file_not_found")
    return {"file": file.to_json(), "comments": [], "response_metadata": {"next_cursor": ""}}


def _uploaded(call: Call, asked: Json) -> StoredFile:
    file = call.state.files.get(str(asked.get("id", "")))
    if file is None:
        raise ApiError("file_not_found")
    if file.content is None:
        raise ApiError("file_update_failed")
    if file.done:
        raise ApiError("file_already_completed")
    file.title = str(asked.get("title") or file.name)
    return file


METHODS = {
    "files.getUploadURLExternal": get_upload_url,
    "files.completeUploadExternal": complete_upload,
    "files.info": info,
}
