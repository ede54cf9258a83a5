"""The Slack app's manifest, made from the list of what Sitrep listens to and calls, so that neither can drift from it."""

from collections.abc import Mapping
from typing import Literal

import yaml

from app.domain.canonical import Json
from app.domain.errors import BadInput

Transport = Literal["socket", "http"]

COMMAND = "/inc"
# Web API methods Sitrep calls with the bot token, and the scopes each needs; an empty tuple needs none.
METHOD_SCOPES: Mapping[str, tuple[str, ...]] = {
    "auth.test": (),
    "chat.postMessage": ("chat:write",),
    "chat.postEphemeral": ("chat:write",),
    "chat.update": ("chat:write",),
    "conversations.create": ("channels:manage",),
    "conversations.history": ("channels:history", "groups:history", "im:history", "metadata.message:read"),
    "conversations.invite": ("channels:manage",),
    "conversations.join": ("channels:join",),
    "conversations.list": ("channels:read", "groups:read"),
    "conversations.replies": ("channels:history", "groups:history", "im:history", "metadata.message:read"),
    "conversations.setPurpose": ("channels:manage",),
    "conversations.setTopic": ("channels:manage", "groups:write"),
    "files.completeUploadExternal": ("files:write",),
    "files.getUploadURLExternal": ("files:write",),
    "pins.add": ("pins:write",),
    "users.info": ("users:read",),
    "views.open": (),
}
# Events as Slack names them in subscriptions, and the scopes each needs.
EVENT_SCOPES: Mapping[str, tuple[str, ...]] = {
    "app_mention": ("app_mentions:read",),
    "message.channels": ("channels:history",),
    "message.groups": ("groups:history",),
    "message.im": ("im:history",),
    "pin_added": ("pins:read",),
    "pin_removed": ("pins:read",),
    "reaction_added": ("reactions:read",),
    "reaction_removed": ("reactions:read",),
}
# What agents in Slack need beside methods and events: the command itself, and the place where people talk to the app.
_FEATURE_SCOPES = ("assistant:write", "commands", "im:write")


def scopes() -> list[str]:
    """Every bot scope Sitrep needs, and no other."""
    needed = {scope for group in (*METHOD_SCOPES.values(), *EVENT_SCOPES.values()) for scope in group}
    return sorted(needed | set(_FEATURE_SCOPES))


def manifest(transport: Transport = "socket", url: str | None = None) -> dict[str, Json]:
    """The manifest to create the app from. `url` is the public https address of this server, needed for `http` only."""
    if transport == "http" and not (url or "").startswith("https://"):
        raise BadInput("Slack needs a public https address for the HTTP transport.", "Pass it, or use Socket Mode.")
    endpoint = f"{url.rstrip('/')}/slack/events" if transport == "http" and url else ""
    address: dict[str, Json] = {"request_url": endpoint} if endpoint else {}
    events: list[Json] = [*sorted(EVENT_SCOPES)]
    command: dict[str, Json] = {
        "command": COMMAND,
        "description": "Declare, drive and resolve incidents",
        "usage_hint": "declare TITLE | status | lead @person | propose | help",
        "should_escape": True,
    }
    return {
        "_metadata": {"major_version": 2, "minor_version": 0},
        "display_information": {
            "name": "Sitrep",
            "description": "An incident copilot: cited findings, guarded actions, verified fixes, drafted postmortems.",
            "background_color": "#2457C5",
        },
        "features": {
            "agent_view": {
                "agent_description": "Ask about the open incident, past ones and the runbooks. Every answer cites its sources.",
                "suggested_prompts": [
                    {"title": "What is happening?", "message": "What is happening?"},
                    {"title": "Has this happened before?", "message": "similar"},
                    {"title": "What can I ask for?", "message": "help"},
                ],
            },
            "app_home": {"home_tab_enabled": False, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
            "bot_user": {"display_name": "sitrep", "always_online": True},
            "slash_commands": [{**command, "url": endpoint} if endpoint else command],
        },
        "oauth_config": {"scopes": {"bot": list(scopes())}},
        "settings": {
            "event_subscriptions": {**address, "bot_events": events},
            "interactivity": {"is_enabled": True, **address},
            "org_deploy_enabled": False,
            "socket_mode_enabled": transport == "socket",
            "token_rotation_enabled": False,
        },
    }


def manifest_yaml(transport: Transport = "socket", url: str | None = None) -> str:
    """The manifest as people paste it into Slack's app page."""
    return yaml.safe_dump(manifest(transport, url), sort_keys=False, allow_unicode=True, width=130)
