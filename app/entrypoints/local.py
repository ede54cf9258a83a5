"""The product on a laptop without tokens: the local workspace in place of Slack, and a real shop to break."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from app.domain.errors import BadInput
from app.drills.catalogue import shop_inventory
from app.drills.faults import DRILLS
from app.drills.shop.launcher import Shop
from app.drills.shop.spec import TOKEN_ENV
from app.entrypoints.service import running
from app.services.commands import HELP
from app.settings import Settings
from app.workspace.config import SlashCommand, SlashVerb, ThingToTry, WorkspaceConfig
from app.workspace.server import Workspace
from app.workspace.server import running as workspace_running


@dataclass(frozen=True, slots=True)
class Place:
    """Where a local Sitrep is reached, and the shop it watches (None where a configuration of your own is used)."""

    workspace_url: str
    console_url: str
    shop: Shop | None


@contextlib.asynccontextmanager
async def running_locally(settings: Settings, *, real_prometheus: bool = False) -> AsyncIterator[Place]:
    """Workspace, shop, Sitrep and the watcher of the shop's metrics, until the block ends."""
    shop = None if settings.config else Shop(settings.data_dir / "shop")
    async with contextlib.AsyncExitStack() as stack:
        if shop is not None:
            stack.callback(shop.stop)
            await asyncio.to_thread(shop.start)
            settings = _with_shop(settings, shop)
        workspace = Workspace(workspace_config(settings, _starter(shop)))
        place = await stack.enter_async_context(workspace_running(workspace, port=settings.workspace_port))
        local = replace(
            settings,
            slack_bot_token=workspace.core.config.bot_token,
            slack_app_token=workspace.core.config.app_token,
            slack_api_url=place.api_url,
        )
        if shop is not None and real_prometheus:
            watchers = await asyncio.to_thread(shop.start_prometheus, _webhook(settings), settings.webhook_token)
            local = replace(local, prometheus_url=watchers.prometheus_url, rate_window_s=10, step_s=2.0)
        await stack.enter_async_context(running(local))
        if shop is not None and not real_prometheus:
            await asyncio.to_thread(shop.start_watchman, _webhook(settings), settings.webhook_token)
        yield Place(place.url, settings.public_url, shop)


def workspace_config(settings: Settings, on_drill: Callable[[str], Awaitable[str]] | None) -> WorkspaceConfig:
    """The workspace with our commands, the drills, and what a newcomer may try."""
    verbs = tuple(SlashVerb(usage.split()[0], what) for usage, what in HELP)
    return WorkspaceConfig(
        team_name="Sitrep drill",
        slash_commands=(SlashCommand("/inc", "Incidents: declare, look, propose, approve, resolve", "[verb]", verbs),),
        things_to_try=(
            ThingToTry("Break checkout", "Starts a drill: its connection pool shrinks for real.", "drill", "checkout-pool"),
            ThingToTry("Ask a question", "Sitrep answers in the thread, with citations.", "compose", "@sitrep what is wrong?"),
            ThingToTry("Declare by hand", "Opens an incident and its channel.", "compose", "/inc declare Checkout is slow"),
            ThingToTry("Approve as Bob", "A second person says yes to a fix.", "persona", "bob"),
        ),
        drills=tuple((drill.name, drill.title) for drill in DRILLS.values()) if on_drill else (),
        on_drill=on_drill,
        console_url=settings.public_url,
    )


def _starter(shop: Shop | None) -> Callable[[str], Awaitable[str]] | None:
    if shop is None:
        return None

    async def start(name: str) -> str:
        drill = DRILLS.get(name)
        if drill is None:
            raise BadInput(f"There is no drill '{name}'.", f"There are: {', '.join(DRILLS)}.")
        await asyncio.to_thread(shop.heal)
        await asyncio.to_thread(shop.inject, name)
        return f"{drill.title}: broken for real. The alert comes from the shop's own metrics within about 20 seconds."

    return start


def _with_shop(settings: Settings, shop: Shop) -> Settings:
    """Settings whose configuration file describes the running shop."""
    path: Path = settings.data_dir / "shop.yaml"
    path.write_text(yaml.safe_dump(shop_inventory(shop), sort_keys=False), "utf-8")
    return replace(settings, config=path, environ={**settings.environ, TOKEN_ENV: shop.token})


def _webhook(settings: Settings) -> str:
    return f"{settings.public_url}/webhooks/alertmanager"
