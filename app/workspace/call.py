"""One call of a Web API method: its arguments, read and checked, and the workspace it acts on."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from app.workspace.changes import Changes
from app.workspace.clocks import WorkspaceClock
from app.workspace.config import WorkspaceConfig
from app.workspace.errors import ApiError
from app.workspace.journal import Journal
from app.workspace.model import BOT_USER, Channel, Json
from app.workspace.state import State
from app.workspace.tickets import Tickets

OBJECTS = {"blocks", "attachments", "view", "metadata", "files", "profile", "unfurls", "prompts"}


@dataclass
class Call:
    """What a method handler works with. `base_url` is the address the caller used, without a slash at its end."""

    method: str
    args: Json
    base_url: str
    config: WorkspaceConfig
    clock: WorkspaceClock
    state: State
    changes: Changes
    tickets: Tickets
    journal: Journal

    def text(self, name: str, default: str | None = None) -> str:
        """A string argument; without a default a missing one is `invalid_arguments`."""
        value = self.args.get(name)
        if value is None or value == "":
            if default is not None:
                return default
            message = f"[ERROR] missing required field: {name}"
            raise ApiError("invalid_arguments", response_metadata={"messages": [message]})
        return str(value)

    def flag(self, name: str) -> bool:
        """A true or false argument, in any of the spellings clients use."""
        return str(self.args.get(name, "")).lower() in {"1", "true"}

    def number(self, name: str, default: int) -> int:
        """A whole number argument."""
        try:
            return int(self.args.get(name) or default)
        except (TypeError, ValueError):
            raise ApiError("invalid_arguments") from None

    def objects(self, name: str, error: str) -> list[Json]:
        """A list of objects; anything else is refused with `error`."""
        value = self.args.get(name) or []
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise ApiError(error)
        return value

    def object(self, name: str) -> Json | None:
        """An object, or None when it is not there."""
        value = self.args.get(name) or None
        if value is not None and not isinstance(value, dict):
            raise ApiError("invalid_arguments")
        return value

    def channel(self, *, member: bool = False, open_only: bool = False) -> Channel:
        """The channel named by the arguments, with the bot in it (`member`) and not archived (`open_only`) if asked."""
        found = self.state.channel(self.text("channel"))
        if open_only and found.archived:
            raise ApiError("is_archived")
        if member and BOT_USER not in found.members:
            raise ApiError("not_in_channel")
        return found


def read_arguments(content_type: str, body: bytes, query: str) -> Json:
    """Arguments from the query and a form or JSON body; JSON strings inside forms are opened."""
    args: Json = dict(parse_qsl(query, keep_blank_values=True))
    if content_type.startswith("application/json"):
        try:
            parsed = json.loads(body or b"{}")
        except ValueError:
            raise ApiError("invalid_json") from None
        if not isinstance(parsed, dict):
            raise ApiError("json_not_object")
        args |= parsed
    elif content_type.startswith("application/x-www-form-urlencoded") or not content_type:
        args |= dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    elif body:
        raise ApiError("invalid_form_data")
    return {name: _opened(name, value) for name, value in args.items()}


def _opened(name: str, value: Any) -> Any:
    if name not in OBJECTS or not isinstance(value, str) or not value:
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ApiError("invalid_blocks_format" if name == "blocks" else "invalid_arguments") from None
