"""What every service process of the shop has in common: its routes, metrics, settings, log and calls to others."""

import asyncio
import hmac
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from prometheus_client import generate_latest

from app.drills.shop.answers import answer_errors_in_json, read_object
from app.drills.shop.journal import Journal
from app.drills.shop.meters import Meters
from app.drills.shop.pool import Pool, PoolTimeoutError, QueueFullError
from app.drills.shop.spec import SpecError, Value, service_spec

QUEUE_TIMEOUT_S = 3.0
LOGGED_PER_SECOND = 5  # a broken service must not fill the disk with its log


@dataclass(frozen=True)
class Launch:
    """Everything a service process is started with; `peers` are the ports of the services it may call."""

    service: str
    replica: int
    port: int
    version: str
    data: Path
    token: str
    config: dict[str, Value] = field(default_factory=dict)
    flags: dict[str, bool] = field(default_factory=dict)
    peers: dict[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """An answer of a service; `code` is the HTTP status."""

    code: int
    body: dict[str, Any]


class CallError(Exception):
    """Another service did not answer: `code` is what to tell our own caller."""

    def __init__(self, message: str, code: int) -> None:
        """Keep the HTTP status."""
        super().__init__(message)
        self.code = code


Work = Callable[[dict[str, Any]], Awaitable[Reply]]


class Chassis:
    """One running service; the service's own module adds its work to it."""

    def __init__(self, launch: Launch) -> None:
        """Take over settings and flags of the launch, over the defaults of the service."""
        self.launch = launch
        self.spec = service_spec(launch.service)
        self.meters = Meters(launch.service, launch.version)
        name = f"{launch.service}-{launch.replica}"
        self.journal = Journal(launch.data / "logs" / f"{launch.service}.jsonl", service=launch.service, replica=name)
        self.config = self.spec.defaults()
        self.flags = dict.fromkeys(self.spec.flags, False) | launch.flags
        self.chaos = {key: setting.default for key, setting in self.spec.chaos.items()}
        self.peers = dict(launch.peers)
        self.app = web.Application(middlewares=[answer_errors_in_json], client_max_size=64_000)
        self._listeners: dict[str, Callable[[Value], None]] = {}
        self._turn = 0
        self._session: aiohttp.ClientSession | None = None
        self._logged = (0, 0)
        self._workers: Pool | None = None
        if "workers" in self.config:
            self._workers = Pool(int(self.config["workers"]), self._show_workers)
            self.when_set("workers", lambda value: self._require_workers().resize(int(value)))
        self._add_routes()
        self.app.cleanup_ctx.append(self._hold_session)
        for key, value in (self.config | launch.config).items():
            self.set(key, value)

    def when_set(self, key: str, listener: Callable[[Value], None]) -> None:
        """Call `listener` whenever the setting or chaos `key` changes."""
        self._listeners[key] = listener

    def set(self, key: str, value: object) -> Value:
        """Put a setting in force; `SpecError` when it is unknown or out of bounds."""
        parsed = self.spec.setting(key).parse(key, value)
        self.config[key] = parsed
        self.meters.config(key, parsed)
        if key in self._listeners:
            self._listeners[key](parsed)
        return parsed

    def add_work(self, route: str, work: Work) -> None:
        """Serve POST `route`: within the worker limit when the service has one, counted and timed."""
        self.app.router.add_post(route, self._door(route, work))

    async def call(self, service: str, route: str, body: dict[str, Any], timeout_s: float) -> Reply:
        """Ask another service, its replicas in turn; `CallError` when none answers within `timeout_s`."""
        session = self._session
        if session is None:
            raise CallError("the process is stopping", 503)
        try:
            async with asyncio.timeout(timeout_s):
                for attempt in (1, 2):
                    try:
                        return await self._ask(session, service, route, body)
                    except aiohttp.ClientError as error:  # a restarting replica: once more, the next one
                        if attempt == 2:
                            raise CallError(f"{service} is not reachable: {type(error).__name__}", 502) from error
        except TimeoutError as error:
            raise CallError(f"{service} timed out after {timeout_s:g} s", 504) from error
        raise AssertionError("unreachable")

    def log_failure(self, message: str, **fields: object) -> None:
        """Log an error, at most a few each second."""
        second, count = self._logged
        now = int(time.monotonic())
        count = count + 1 if now == second else 1
        self._logged = (now, count)
        if count <= LOGGED_PER_SECOND:
            self.journal.error(message, **fields)

    async def _ask(self, session: aiohttp.ClientSession, service: str, route: str, body: dict[str, Any]) -> Reply:
        ports = self.peers.get(service)
        if not ports:
            raise CallError(f"no replica of {service} is known", 502)
        self._turn += 1
        port = ports[self._turn % len(ports)]
        async with session.post(f"http://127.0.0.1:{port}{route}", json=body) as response:
            return Reply(response.status, await response.json())

    def _door(self, route: str, work: Work) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            body = await read_object(request)
            started = time.monotonic()
            reply = Reply(500, {"error": "the request was cut off"})
            try:
                reply = await self._work_in_turn(work, body)
            finally:
                self.meters.answered(route, reply.code, time.monotonic() - started)
            if reply.code >= 500:
                self.log_failure(str(reply.body.get("error", "failed")), route=route, code=reply.code)
            return web.json_response(reply.body, status=reply.code)

        return handle

    async def _work_in_turn(self, work: Work, body: dict[str, Any]) -> Reply:
        try:
            if self._workers is None:
                return await work(body)
            async with self._workers.place(QUEUE_TIMEOUT_S, int(self.config["queue_limit"])):
                return await work(body)
        except (PoolTimeoutError, QueueFullError):
            return Reply(503, {"error": "overloaded: every worker is busy and the queue is full"})
        except CallError as error:
            return Reply(error.code, {"error": str(error)})
        except ArithmeticError as error:  # a bug in this version: the order fails, the process lives on
            return Reply(500, {"error": f"{type(error).__name__}: {error}"})

    def _show_workers(self, pool: Pool) -> None:
        self.meters.queue_depth.set(pool.waiting)
        self.meters.workers_in_use.set(pool.in_use)

    def _require_workers(self) -> Pool:
        if self._workers is None:
            raise AssertionError(f"{self.spec.name} has no workers")
        return self._workers

    async def _hold_session(self, _app: web.Application) -> AsyncIterator[None]:
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
        self._session = aiohttp.ClientSession(connector=connector)
        yield
        session, self._session = self._session, None
        await session.close()

    def _add_routes(self) -> None:
        self.app.add_routes(
            [
                web.get("/metrics", self._metrics),
                web.get("/healthz", self._healthz),
                web.get("/config", self._get_config),
                web.put("/config", self._put_config),
                web.put("/state", self._put_state),
                web.put("/chaos", self._put_chaos),
            ]
        )

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self.meters.registry), content_type="text/plain", charset="utf-8")

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.json_response({"service": self.spec.name, "version": self.launch.version, "pid": os.getpid()})

    async def _get_config(self, _request: web.Request) -> web.Response:
        return web.json_response(self.config)

    async def _put_config(self, request: web.Request) -> web.Response:
        body = await self._trusted(request)
        key, value = body.get("key"), body.get("value")
        if not isinstance(key, str):
            raise SpecError("the body has no key", 'Send {"key": "pool_size", "value": 20}.', 400)
        parsed = self.set(key, value)
        self.journal.info("setting changed", key=key, value=parsed)
        return web.json_response({"key": key, "value": parsed})

    async def _put_state(self, request: web.Request) -> web.Response:
        """Take over what the supervisor wants: its heartbeat, so a missed change heals within seconds."""
        body = await self._trusted(request)
        self.peers = body["peers"]
        self.flags.update(body["flags"])
        for key, value in body["config"].items():
            if self.config[key] != value:
                self.set(key, value)
                self.journal.info("setting changed", key=key, value=value)
        return web.json_response({"ok": True})

    async def _put_chaos(self, request: web.Request) -> web.Response:
        body = await self._trusted(request)
        key = str(body.get("key"))
        if key not in self.chaos:
            raise SpecError(f"{self.spec.name} cannot break by {key!r}", f"Known: {', '.join(self.chaos) or 'none'}.", 404)
        self.chaos[key] = self.spec.chaos[key].parse(key, body.get("value"))
        if key in self._listeners:
            self._listeners[key](self.chaos[key])
        return web.json_response({"key": key, "value": self.chaos[key]})

    async def _trusted(self, request: web.Request) -> dict[str, Any]:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.launch.token}".encode()):
            raise SpecError("the bearer token is missing or wrong", "Only the supervisor changes a service.", 401)
        return await read_object(request)
