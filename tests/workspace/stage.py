"""A running workspace with a real bolt app connected to it, and people to act in it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from app.workspace.config import WorkspaceConfig
from app.workspace.control import Control
from app.workspace.server import Running, running_workspace

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Stage:
    """Everything a test needs: the server, the app's client, and the people."""

    place: Running
    client: AsyncWebClient
    control: Control

    async def do(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one of the synchronous control calls beside the loop that serves it."""
        return await asyncio.to_thread(call, *args, **kwargs)

    async def until(self, look: Callable[[], T | None], what: str, seconds: float = 5.0) -> T:
        """The first thing found, looking inside this loop."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := look():
                return found
            await asyncio.sleep(0.01)
        raise TimeoutError(what)

    def texts(self, channel: str = "general") -> list[str]:
        """The texts in a channel, oldest first."""
        return [one.text for one in self.place.workspace.core.state.channel(channel).messages]


@contextlib.asynccontextmanager
async def staged(**options: Any) -> AsyncIterator[Stage]:
    """A fresh workspace without an app."""
    async with running_workspace(WorkspaceConfig(**options)) as place:
        with Control(place.url) as control:
            yield Stage(place, AsyncWebClient(token="xoxb-local", base_url=place.api_url, retry_handlers=[]), control)


@contextlib.asynccontextmanager
async def connected(stage: Stage, prepare: Callable[[AsyncApp], None], sockets: int = 1) -> AsyncIterator[AsyncApp]:
    """A real bolt app on Socket Mode."""
    app = AsyncApp(client=AsyncWebClient(token="xoxb-local", base_url=stage.place.api_url))
    prepare(app)
    handlers = [AsyncSocketModeHandler(app, "xapp-local", ping_interval=1) for _ in range(sockets)]
    try:
        for handler in handlers:
            await handler.connect_async()
        await stage.until(lambda: len(stage.place.workspace.core.delivery.sockets) == sockets, "the sockets to open")
        yield app
    finally:
        for handler in handlers:
            await handler.close_async()


def button(text: str, action_id: str, value: str = "v") -> dict[str, Any]:
    """A button element."""
    return {"type": "button", "action_id": action_id, "value": value, "text": {"type": "plain_text", "text": text}}


def section(text: str) -> dict[str, Any]:
    """A section block."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def modal(*blocks: dict[str, Any]) -> dict[str, Any]:
    """A modal with a submit button."""
    title = {"type": "plain_text", "text": "Declare"}
    return {"type": "modal", "callback_id": "declare", "title": title, "submit": title, "blocks": list(blocks)}


def text_input(block_id: str) -> dict[str, Any]:
    """An input block with one text field named `v`."""
    label = {"type": "plain_text", "text": "What is broken"}
    return {"type": "input", "block_id": block_id, "label": label, "element": {"type": "plain_text_input", "action_id": "v"}}
