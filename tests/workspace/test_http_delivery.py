"""The same app over HTTP: signed requests, retries with headers."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncSay
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from tests.workspace.stage import Stage, staged

SECRET = "s3cret"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextlib.asynccontextmanager
async def listening(handle: Handler) -> AsyncIterator[Stage]:
    """A workspace that POSTs to this handler."""
    server = web.Application()
    server.router.add_post("/slack/events", handle)
    runner = web.AppRunner(server)
    await runner.setup()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        await web.SockSite(runner, listener).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/slack/events"
        try:
            async with staged(http_events_url=url, signing_secret=SECRET, mode="strict") as stage:
                yield stage
        finally:
            await runner.cleanup()


async def test_a_mention_and_a_command_make_the_round_trip_over_http() -> None:
    apps: list[AsyncApp] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        return await to_aiohttp_response(await apps[0].async_dispatch(await to_bolt_request(request)))

    async with listening(handle) as stage:
        app = AsyncApp(signing_secret=SECRET, client=AsyncWebClient(token="xoxb-local", base_url=stage.place.api_url))
        apps.append(app)

        @app.event("app_mention")
        async def answer(say: AsyncSay) -> None:
            await say("over http")

        @app.command("/inc")
        async def command(ack: AsyncAck) -> None:
            await ack(text="done", response_type="in_channel")

        await stage.do(stage.control.post, "alice", "general", "@sitrep hello")
        await stage.until(lambda: "over http" in stage.texts(), "the answer")
        await stage.do(stage.control.slash, "bob", "alerts", "/inc", "list")
        assert stage.texts("alerts") == ["done"]


async def test_deliveries_are_signed_so_that_the_sdk_verifies_them() -> None:
    verified: list[bool] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        body = await request.text()
        headers = {name.lower(): value for name, value in request.headers.items()}
        good, bad = SignatureVerifier(SECRET), SignatureVerifier("another")
        verified.extend([good.is_valid_request(body, headers), bad.is_valid_request(body, headers)])
        return web.Response()

    async with listening(handle) as stage:
        await stage.do(stage.control.slash, "alice", "general", "/inc", "x")
        assert verified == [True, False]


async def test_a_failed_delivery_comes_again_with_its_number_and_reason_unless_told_not_to() -> None:
    headers: list[tuple[str | None, str | None]] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        headers.append((request.headers.get("X-Slack-Retry-Num"), request.headers.get("X-Slack-Retry-Reason")))
        stop: dict[str, Any] = {"X-Slack-No-Retry": "1"} if len(headers) == 2 else {}
        return web.Response(status=500, headers=stop)

    async with listening(handle) as stage:
        await stage.do(stage.control.post, "alice", "general", "hello")
        await stage.until(lambda: len(headers) == 2, "the retry")
        await asyncio.sleep(0.05)
        await stage.do(stage.control.advance, 400)
        await asyncio.sleep(0.1)
        assert headers == [(None, None), ("1", "http_error")]
