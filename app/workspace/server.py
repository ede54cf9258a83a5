"""The local workspace as a server: one ASGI application, and two ways to run it inside the current loop."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import structlog
import uvicorn
from starlette.applications import Starlette

from app.workspace.config import WorkspaceConfig
from app.workspace.connections import tracked_protocol
from app.workspace.core import Core, build_core
from app.workspace.local_api import LocalApi
from app.workspace.page import Page
from app.workspace.web_api import WebApi

log = structlog.get_logger(__name__)


class Workspace:
    """A Slack-compatible workspace in memory. `clock` gives seconds since 1970."""

    def __init__(self, config: WorkspaceConfig, clock: Callable[[], float] = time.time) -> None:
        self.core: Core = build_core(config, clock)
        routes = [*LocalApi(self.core).routes(), *WebApi(self.core).routes(), *Page(self.core).routes()]
        self.asgi = Starlette(routes=routes)

    def close_streams(self) -> None:
        """End the pages' event streams, so that the server can stop."""
        self.core.feed.close()

    async def close(self) -> None:
        """Stop background work."""
        self.close_streams()
        await self.core.delivery.close()


@dataclass(frozen=True)
class Running:
    """A workspace that listens. `api_url` is the base URL for Slack clients."""

    workspace: Workspace
    url: str

    @property
    def api_url(self) -> str:
        """The Web API's base URL, with a slash at its end."""
        return f"{self.url}/api/"


async def serve(workspace: Workspace, host: str = "127.0.0.1", port: int = 3000) -> None:
    """Serve until cancelled."""
    async with running(workspace, host=host, port=port) as place:
        log.info("workspace.open", url=place.url)
        await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def running(workspace: Workspace, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Running]:
    """Serve while the block runs; port 0 takes a free one."""
    listening = socket.create_server((host, port))
    bound = listening.getsockname()[1]
    config = uvicorn.Config(
        workspace.asgi,
        http=tracked_protocol(workspace.core.connections),
        ws="websockets-sansio",
        lifespan="off",
        log_config=None,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    url = f"http://{host}:{bound}"
    workspace.core.people.base_url = url
    try:
        while not server.started and not task.done():
            await asyncio.sleep(0.005)
        yield Running(workspace, url)
    finally:
        await workspace.close()
        server.should_exit = True
        await task
        listening.close()


@contextlib.asynccontextmanager
async def running_workspace(
    config: WorkspaceConfig | None = None, clock: Callable[[], float] = time.time
) -> AsyncIterator[Running]:
    """A fresh workspace on a free loopback port, for tests."""
    async with running(Workspace(config or WorkspaceConfig(), clock)) as place:
        yield place


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs the loop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
