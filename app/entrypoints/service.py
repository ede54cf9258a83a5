"""Starts everything in one process and one loop: the doors, the worker, the heartbeat, and the local workspace if told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from urllib.parse import urlsplit

import structlog
import uvicorn
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from app.adapters.clock.system import SystemClock
from app.adapters.slack.room import SlackRoom
from app.adapters.slack.signature import Guard
from app.adapters.slack.wire import room_client
from app.bootstrap import Sitrep, bootstrap
from app.console.view import Views
from app.entrypoints.http import console, decide, health, lost, webhooks
from app.entrypoints.http.pages import lost_page
from app.entrypoints.scheduler import heartbeat
from app.entrypoints.slack_bot.bot import build_app
from app.entrypoints.slack_bot.http import slack_router
from app.entrypoints.slack_bot.socket import SocketDoor
from app.settings import Settings

log = structlog.get_logger()
SLACK_API = "https://slack.com/api/"


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Sitrep]:
    """A whole Sitrep that answers while the block runs; everything is stopped in order afterwards."""
    base_url = settings.slack_api_url or SLACK_API
    room = SlackRoom(room_client(settings.slack_bot_token, base_url), SystemClock(), link_hosts=_link_hosts(settings))
    sitrep = await asyncio.to_thread(bootstrap, settings, room)
    bolt = build_app(
        bot_token=settings.slack_bot_token,
        deliver=sitrep.receive,
        signing_secret=settings.slack_signing_secret,
        base_url=base_url,
    )
    door = SocketDoor(bolt, settings.slack_app_token, base_url=base_url) if settings.slack_transport == "socket" else None
    api = web_app(sitrep, _slack_check(door))
    if door is None:
        api.include_router(slack_router(bolt, Guard(settings.slack_signing_secret, SystemClock())))
    beat = heartbeat({sitrep.dispatcher.tick: 1.0, sitrep.audit.look: 60.0})
    await asyncio.to_thread(sitrep.start)
    try:
        async with _listening(api, settings.http_host, settings.http_port):
            if door is not None:
                await door.start()
            beat.start()
            log.info("sitrep.ready", console=settings.public_url)
            yield sitrep
    finally:
        if beat.running:
            beat.shutdown(wait=False)
        if door is not None:
            await door.stop()
        await asyncio.to_thread(sitrep.stop)


def web_app(sitrep: Sitrep, slack: Callable[[], str]) -> FastAPI:
    """Webhooks, health and console in one application."""
    api = FastAPI(title="Sitrep", docs_url=None, redoc_url=None, openapi_url=None)
    registry = CollectorRegistry()
    checks = {**sitrep.checks, "slack": slack}
    api.include_router(health.router(checks, frozenset({"database"}), registry))
    api.include_router(webhooks.router(sitrep.receive, sitrep.sources, sitrep.settings.webhook_token, sitrep.clock.now, registry))
    api.include_router(
        console.router(
            sitrep.store,
            sitrep.inventory,
            sitrep.clock,
            sitrep.documents,
            hosts=(sitrep.settings.http_host,),
            name_of=sitrep.names,
        )
    )
    views = Views(sitrep.store, sitrep.inventory, sitrep.clock, sitrep.documents, sitrep.names)
    own_host = frozenset({sitrep.settings.http_host})
    api.include_router(decide.router(views, sitrep.inventory, sitrep.by_link, sitrep.dispatcher.submit, own_host))
    lost.add_to(api, lost_page(sitrep.clock), frozenset(sitrep.sources))
    return api


def _link_hosts(settings: Settings) -> frozenset[str]:
    """The hosts that text from outside may link to: our console and the configured Prometheus."""
    hosts = {settings.http_host, urlsplit(settings.prometheus_url).hostname or ""}
    return frozenset(hosts - {""})


def _slack_check(door: SocketDoor | None) -> Callable[[], str]:
    def check() -> str:
        if door is None or door.connected:
            return ""
        return f"no socket is open: {door.last_error or 'connecting'}"

    return check


@contextlib.asynccontextmanager
async def _listening(api: FastAPI, host: str, port: int) -> AsyncIterator[None]:
    config = uvicorn.Config(
        api, host=host, port=port, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=2
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve())
    try:
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn offers no event for this
            await asyncio.sleep(0.01)
        if task.done():
            await task
        yield
    finally:
        server.should_exit = True
        await task


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs the loop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
