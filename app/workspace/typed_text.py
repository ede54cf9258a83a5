"""Turns what a person types into the text Slack would store: names become references, addresses links, the rest is escaped."""

import re

from app.workspace.model import USERGROUP_ID
from app.workspace.state import State

TOKEN = re.compile(
    r"(?P<ready><(?:@[UW][A-Z0-9]+|#C[A-Z0-9]+|!(?:here|channel|everyone)|!subteam\^S[A-Z0-9]+|https?://[^\s<>|]+)(?:\|[^<>]*)?>)"
    r"|(?P<link>https?://[^\s<>|]+[^\s<>|.,;:!?)\]])"
    r"|(?<![\w@])@(?P<name>[a-z][a-z0-9_.-]*)"
    r"|(?<![\w&#])#(?P<channel>[a-z0-9][a-z0-9_-]*)",
    re.IGNORECASE,
)


def stored_text(state: State, typed: str, *, with_names: bool = False) -> str:
    """The stored form. `with_names` writes references as `<@U123|name>`, as slash commands carry them."""
    parts: list[str] = []
    at = 0
    for match in TOKEN.finditer(typed):
        parts.append(_escaped(typed[at : match.start()]))
        parts.append(_reference(state, match, with_names=with_names))
        at = match.end()
    parts.append(_escaped(typed[at:]))
    return "".join(parts)


def _reference(state: State, match: re.Match[str], *, with_names: bool) -> str:
    if match["ready"]:
        return match["ready"]
    if match["link"]:
        return "<" + match["link"].replace("&", "&amp;") + ">"
    if match["name"]:
        return _name(state, match["name"].lower(), with_names=with_names) or _escaped(match[0])
    channel = state.channel_named(match["channel"].lower())
    return f"<#{channel.id}|{channel.name}>" if channel else _escaped(match[0])


def _name(state: State, name: str, *, with_names: bool) -> str | None:
    if name in {"here", "channel", "everyone"}:
        return f"<!{name}>"
    if name == "oncall":
        return f"<!subteam^{USERGROUP_ID}|@oncall>"
    user = next((one for one in state.users.values() if one.handle == name), None)
    if user is None:
        return None
    return f"<@{user.id}|{user.handle}>" if with_names else f"<@{user.id}>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
