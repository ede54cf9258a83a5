"""What one local workspace is made of: its team name, tokens, commands, drills and the hints shown to a newcomer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

Mode = Literal["friendly", "strict"]


@dataclass(frozen=True)
class SlashVerb:
    """One word that may follow a slash command, with one line on what it does."""

    name: str
    description: str


@dataclass(frozen=True)
class SlashCommand:
    """A command people can type, as completion shows it."""

    command: str
    description: str
    usage_hint: str = ""
    verbs: tuple[SlashVerb, ...] = ()


@dataclass(frozen=True)
class Shortcut:
    """An entry of a menu: `global` in the composer, `message` in the menu of a message."""

    kind: Literal["global", "message"]
    callback_id: str
    name: str


@dataclass(frozen=True)
class ThingToTry:
    """One hint for a newcomer. `kind` is drill (value: its name), compose (text for the composer), persona (a handle),
    channel (a channel name) or link (an address)."""

    title: str
    text: str
    kind: Literal["drill", "compose", "persona", "channel", "link"]
    value: str


@dataclass(frozen=True)
class WorkspaceConfig:
    """Everything a workspace is told from outside.

    `friendly` keeps no quotas and runs on the wall clock; `strict` adds rate limits, short-lived triggers and the whole
    redelivery schedule, on a clock that tests can advance. With `http_events_url` everything for the app is POSTed there,
    signed with `signing_secret`, instead of going over a socket.
    """

    team_name: str = "Local workspace"
    bot_token: str = "xoxb-local"  # noqa: S105 - opens a loopback server only
    app_token: str = "xapp-local"  # noqa: S105 - opens a loopback server only
    signing_secret: str = "local-signing-secret"  # noqa: S105 - opens a loopback server only
    mode: Mode = "friendly"
    http_events_url: str | None = None
    slash_commands: tuple[SlashCommand, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()
    things_to_try: tuple[ThingToTry, ...] = ()
    drills: tuple[tuple[str, str], ...] = ()
    on_drill: Callable[[str], Awaitable[str]] | None = None
    console_url: str | None = None
    # Subscribed events as the manifest names them (`app_mention`, `message.channels`, ...); None sends all.
    events: frozenset[str] | None = None

    @property
    def strict(self) -> bool:
        """Whether quotas, expiries and the long redelivery schedule apply."""
        return self.mode == "strict"
