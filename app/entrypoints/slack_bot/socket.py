"""Slack over Socket Mode: keeps one or two sockets open, and says plainly when there is none."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from app.entrypoints.slack_bot.bot import SLACK_API_URL, quiet_logger

log = structlog.get_logger(__name__)

_CONNECT_WITHIN_S = 15.0
_LOOK_EVERY_S = 0.5
_ERRORS = (SlackClientError, aiohttp.ClientError, OSError, TimeoutError, ValueError)


@dataclass(frozen=True, slots=True)
class SocketStatus:
    """For /readyz: how many sockets are open, of how many, and why one was last not."""

    connected: int
    wanted: int
    last_error: str

    @property
    def is_connected(self) -> bool:
        """True while Slack can reach Sitrep."""
        return self.connected > 0


class SocketDoor:
    """Runs the app over Socket Mode until stopped. A socket that ends is replaced at once; a Slack that refuses is asked again
    after 1, 2, 4, ... at most 30 seconds, or when it says. `start` returns once the first attempt was made.
    """

    def __init__(
        self,
        app: AsyncApp,
        app_token: str,
        *,
        base_url: str = SLACK_API_URL,
        sockets: int = 1,
        ping_every_s: float = 10.0,
        longest_backoff_s: float = 30.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._lines = [_Line(app, app_token, base_url, ping_every_s, longest_backoff_s, sleep) for _ in range(sockets)]
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def status(self) -> SocketStatus:
        """How it stands now."""
        error = next((line.last_error for line in self._lines if line.last_error), "")
        return SocketStatus(sum(line.is_open for line in self._lines), len(self._lines), error)

    @property
    def connected(self) -> bool:
        """True while at least one socket is open."""
        return self.status.is_connected

    @property
    def last_error(self) -> str:
        """Why a socket is not open; empty when all are."""
        return self.status.last_error

    async def start(self) -> None:
        """Opens the sockets in the background and returns after the first attempt."""
        for line in self._lines:
            await line.prepare()
        self._tasks = [asyncio.create_task(line.run()) for line in self._lines]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(line.tried.wait() for line in self._lines)), _CONNECT_WITHIN_S)

    async def stop(self) -> None:
        """Closes everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for line in self._lines:
            await line.close()


class _Line:
    """One socket and its watchdog."""

    def __init__(
        self,
        app: AsyncApp,
        app_token: str,
        base_url: str,
        ping_every_s: float,
        longest_backoff_s: float,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._app = app
        self._app_token = app_token
        self._base_url = base_url
        self._ping_every_s = ping_every_s
        self._longest_backoff_s = longest_backoff_s
        self._sleep = sleep
        self._handler: AsyncSocketModeHandler | None = None
        self.last_error = ""
        self.tried = asyncio.Event()

    @property
    def is_open(self) -> bool:
        client = self._handler.client if self._handler else None
        session = client.current_session if client else None
        return client is not None and session is not None and not session.closed and not client.stale

    async def prepare(self) -> None:
        logger = quiet_logger("sitrep.slack.socket")
        # Its errors quote the socket's address, which lets anyone in; `last_error` says what they say.
        logger.setLevel(logging.CRITICAL)
        web = AsyncWebClient(base_url=self._base_url, timeout=10, retry_handlers=[], logger=logger)
        self._handler = AsyncSocketModeHandler(
            self._app, self._app_token, logger=logger, web_client=web, ping_interval=self._ping_every_s
        )
        # The watchdog below reconnects: the client's own way hides the error, keeps a used address and has no back-off.
        self._handler.client.default_auto_reconnect_enabled = False
        self._handler.client.auto_reconnect_enabled = False

    async def run(self) -> None:
        failures = 0
        while True:
            if await self._is_alive():
                failures, self.last_error = 0, ""
                await self._sleep(_LOOK_EVERY_S)
                continue
            wait = await self._reconnect(min(self._longest_backoff_s, 2.0**failures))
            self.tried.set()
            failures = failures + 1 if wait else 0
            if wait:
                log.warning("slack.socket_down", error=self.last_error, retry_in=wait)
                await self._sleep(wait)

    async def close(self) -> None:
        if self._handler is not None:
            with contextlib.suppress(*_ERRORS):
                await self._handler.client.close()  # the SDK leaves it untyped
            # The client cancels its tasks without waiting for them.
            await asyncio.sleep(0)

    async def _is_alive(self) -> bool:
        return self.is_open and self._handler is not None and await self._handler.client.is_connected()

    async def _reconnect(self, back_off: float) -> float:
        """0 if the socket is open again, otherwise the seconds to wait."""
        if self._handler is None:
            return back_off
        client = self._handler.client
        started = time.monotonic()
        try:
            # The client renews by itself when Slack announces the end of a socket; two renewals would leave one open unseen.
            async with client.connect_operation_lock:
                if not await self._is_alive():
                    client.wss_uri = await self._address(client.web_client)
                    connecting: Awaitable[None] = client.connect()  # the SDK leaves it untyped
                    await asyncio.wait_for(connecting, _CONNECT_WITHIN_S)
        except Exception as problem:  # noqa: BLE001 - the door: the watchdog outlives whatever a connection can do
            self.last_error = _reason(problem)
            return max(back_off, _retry_after(problem))
        self.last_error = ""
        log.info("slack.socket_open", seconds=round(time.monotonic() - started, 2))
        return 0.0

    async def _address(self, web: AsyncWebClient) -> str:
        answer = await web.apps_connections_open(app_token=self._app_token)
        return str(answer["url"])


def _reason(problem: Exception) -> str:
    if isinstance(problem, SlackApiError):
        code = problem.response.get("error")
        return f"apps.connections.open: {str(code)[:60]} (HTTP {getattr(problem.response, 'status_code', '?')})"
    return f"Slack cannot be reached: {type(problem).__name__}"


def _retry_after(problem: Exception) -> float:
    headers = getattr(problem.response, "headers", None) if isinstance(problem, SlackApiError) else None
    text = str((headers or {}).get("Retry-After", ""))
    return min(300.0, float(text)) if text.isdecimal() else 0.0
