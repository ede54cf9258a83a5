"""The shop's platform: deploys, scales, restarts and configures services, and lists every change with its author."""

import asyncio
import hmac
import re
from pathlib import Path
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, generate_latest

from app.drills.shop.answers import Handler, answer_errors_in_json, read_object, refusal
from app.drills.shop.desired import DesiredState
from app.drills.shop.fleet import Fleet
from app.drills.shop.journal import last_lines
from app.drills.shop.lifetime import serve_until_told_to_end
from app.drills.shop.load import Load
from app.drills.shop.merge import FleetCollector, merge_metrics
from app.drills.shop.spec import (
    LOAD_MULTIPLIER,
    MAX_REPLICAS,
    SERVICES,
    Setting,
    SpecError,
    own_service,
    service_spec,
)
from app.drills.shop.spool import Spool

ACTOR = re.compile(r"^[\w .:@/-]{1,80}$", re.ASCII)
OPEN_PATHS = re.compile(r"^/(healthz|targets|metrics(/[\w-]+)?)$")  # read-only, for scrapers
REPLICAS = Setting(int, 1, 1, MAX_REPLICAS, "replicas of a service")
LIMIT = Setting(int, 100, 1, 1000, "entries to return")


async def run_supervisor(data: Path, port: int, token: str, *, rate: float, watch_stdin: bool) -> None:
    """Start the shop, serve the admin API on `port` until told to end, then end the shop."""
    registry = CollectorRegistry()
    shoppers = Counter("shop_load_requests", "Answers the shoppers got.", ["code"], registry=registry)
    desired = DesiredState(data)
    fleet = Fleet(desired, data, token)
    load = Load(rate, lambda: fleet.ports("front"), shoppers)
    registry.register(FleetCollector(fleet, load))
    try:
        await fleet.start()
        admin = Admin(desired, fleet, load, data, token, registry, port)
        async with asyncio.TaskGroup() as group:  # if either task fails, the supervisor ends and its output says why
            tasks = [group.create_task(fleet.watch()), group.create_task(load.run())]
            await serve_until_told_to_end(admin.app, port, watch_stdin=watch_stdin, grace_s=1.0)
            for task in tasks:
                task.cancel()
    finally:
        await fleet.stop()


class Admin:
    """The HTTP API of the platform."""

    def __init__(
        self,
        desired: DesiredState,
        fleet: Fleet,
        load: Load,
        data: Path,
        token: str,
        registry: CollectorRegistry,
        port: int,
    ) -> None:
        """Bind the routes to the fleet."""
        self._desired, self._fleet, self._load = desired, fleet, load
        self._data, self._token, self._registry, self._port = data, token, registry, port
        self._spool = Spool(data / "spool" / "checkout")
        self._broken: set[str] = set()
        self.app = web.Application(middlewares=[answer_errors_in_json, self._require_token], client_max_size=16_000)
        self.app.add_routes(
            [
                web.get("/healthz", self.healthz),
                web.get("/metrics", self.metrics),
                web.get("/metrics/{name}", self.service_metrics),
                web.get("/targets", self.targets),
                web.get("/services", self.services),
                web.get("/services/{name}", self.service),
                web.get("/changes", self.changes),
                web.get("/logs/{name}", self.logs),
                web.post("/services/{name}/restart", self.restart),
                web.post("/services/{name}/scale", self.scale),
                web.post("/services/{name}/deploy", self.deploy),
                web.post("/services/{name}/rollback", self.roll_back),
                web.get("/services/{name}/config", self.get_all_config),
                web.get("/services/{name}/config/{key}", self.get_config),
                web.put("/services/{name}/config/{key}", self.put_config),
                web.get("/services/{name}/flags/{flag}", self.get_flag),
                web.put("/services/{name}/flags/{flag}", self.put_flag),
                web.post("/chaos/{name}", self.chaos),
                web.post("/heal", self.heal),
            ]
        )

    async def healthz(self, _request: web.Request) -> web.Response:
        """Whether every wanted replica runs."""
        missing = [name for name in SERVICES if len(self._fleet.ports(name)) != self._desired.services[name].replicas]
        return web.json_response({"ok": not missing, "missing": missing}, status=503 if missing else 200)

    async def metrics(self, _request: web.Request) -> web.Response:
        """The supervisor's own metrics: replicas and what the shoppers got."""
        return web.Response(body=generate_latest(self._registry), content_type="text/plain", charset="utf-8")

    async def service_metrics(self, request: web.Request) -> web.Response:
        """The metrics of all replicas of a service under one address, told apart by the label `replica`."""
        spec = service_spec(request.match_info["name"])
        text = merge_metrics(await self._fleet.scrape(spec.name))
        replicas = f'shop_replicas{{service="{spec.name}"}} {len(self._fleet.ports(spec.name))}\n'
        return web.Response(text=text + replicas, content_type="text/plain", charset="utf-8")

    async def targets(self, _request: web.Request) -> web.Response:
        """Where to scrape, as Prometheus' HTTP service discovery reads it."""
        found = [
            {"targets": [f"127.0.0.1:{replica.port}"], "labels": {"replica": f"{name}-{replica.number}"}}
            for name, replicas in self._fleet.running.items()
            for replica in replicas
            if replica.alive
        ]
        return web.json_response([*found, {"targets": [f"127.0.0.1:{self._port}"], "labels": {"replica": "supervisor"}}])

    async def services(self, _request: web.Request) -> web.Response:
        """Every service with its wanted state and its running processes."""
        return web.json_response([self._describe(name) for name in SERVICES])

    async def service(self, request: web.Request) -> web.Response:
        """One service."""
        return web.json_response(self._describe(service_spec(request.match_info["name"]).name))

    async def changes(self, request: web.Request) -> web.Response:
        """What was changed, when, and by whom; oldest first."""
        return web.json_response(self._desired.changes(_limit(request)))

    async def logs(self, request: web.Request) -> web.Response:
        """The newest log lines of a service, oldest first."""
        spec = service_spec(request.match_info["name"])
        return web.json_response(last_lines(self._data / "logs" / f"{spec.name}.jsonl", _limit(request)))

    async def restart(self, request: web.Request) -> web.Response:
        """Replace the processes of a service."""
        name = own_service(request.match_info["name"]).name
        before = [replica.process.pid for replica in self._fleet.running[name]]
        await self._fleet.restart(name)
        after = [replica.process.pid for replica in self._fleet.running[name]]
        change = self._desired.note(name, "restart", f"restarted: pids {before} -> {after}", _actor(request))
        return web.json_response({"change": change, "service": self._describe(name)})

    async def scale(self, request: web.Request) -> web.Response:
        """Set the number of replicas."""
        name = own_service(request.match_info["name"]).name
        replicas = int(REPLICAS.parse("replicas", (await read_object(request)).get("replicas")))
        return await self._settle(name, self._desired.set_replicas(name, replicas, _actor(request)))

    async def deploy(self, request: web.Request) -> web.Response:
        """Run another version."""
        name = own_service(request.match_info["name"]).name
        version = _version(await read_object(request))
        if version is None:
            raise SpecError("the body has no version", f'Send {{"version": "{SERVICES[name].versions[-1]}"}}.')
        return await self._settle(name, self._desired.deploy(name, version, _actor(request)))

    async def roll_back(self, request: web.Request) -> web.Response:
        """Run the version before, or a named one."""
        name = own_service(request.match_info["name"]).name
        body = await read_object(request) if request.can_read_body else {}
        return await self._settle(name, self._desired.roll_back(name, _version(body), _actor(request)))

    async def get_all_config(self, request: web.Request) -> web.Response:
        """Every setting of a service with its bounds."""
        spec = service_spec(request.match_info["name"])
        return web.json_response({key: self._setting(spec.name, key) for key in spec.settings})

    async def get_config(self, request: web.Request) -> web.Response:
        """One setting with its bounds."""
        return web.json_response(self._setting(request.match_info["name"], request.match_info["key"]))

    async def put_config(self, request: web.Request) -> web.Response:
        """Change one setting, now and for later starts."""
        name, key = own_service(request.match_info["name"]).name, request.match_info["key"]
        SERVICES[name].setting(key)
        body = await read_object(request)
        change = self._desired.set_config(name, key, body.get("value"), _actor(request))
        await self._fleet.spread_state()
        return web.json_response({"change": change, **self._setting(name, key)})

    async def get_flag(self, request: web.Request) -> web.Response:
        """Whether a feature flag is on."""
        name, flag = _flag(request)
        return web.json_response({"service": name, "flag": flag, "enabled": self._desired.services[name].flags[flag]})

    async def put_flag(self, request: web.Request) -> web.Response:
        """Switch a feature flag."""
        name, flag = _flag(request)
        enabled = (await read_object(request)).get("enabled")
        if not isinstance(enabled, bool):
            raise SpecError("enabled must be true or false", 'Send {"enabled": true}.')
        change = self._desired.set_flag(name, flag, enabled, _actor(request))
        await self._fleet.spread_state()
        return web.json_response({"change": change, "service": name, "flag": flag, "enabled": enabled})

    async def chaos(self, request: web.Request) -> web.Response:
        """Break the running processes of a service, or send more shoppers (`load`); never listed as a change."""
        body = await read_object(request)
        name, key = request.match_info["name"], str(body.get("key"))
        if name == "load":
            self._load.multiplier = float(LOAD_MULTIPLIER.parse("multiplier", body.get("value")))
            return web.json_response({"service": name, "key": "multiplier", "value": self._load.multiplier})
        spec = service_spec(name)
        if key not in spec.chaos:
            raise SpecError(f"{name} cannot be broken by {key!r}", f"Known: {', '.join(spec.chaos) or 'none'}.", 404)
        self._broken.add(name)
        return web.json_response(await self._fleet.put_chaos(name, key, spec.chaos[key].parse(key, body.get("value"))))

    async def heal(self, _request: web.Request) -> web.Response:
        """Put everything back as after a fresh start, list of changes included, so that the next drill starts clean."""
        self._load.multiplier = 1.0
        self._desired.reset()
        self._spool.empty()
        await asyncio.gather(*(self._fleet.settle(name) for name in SERVICES))
        await asyncio.gather(*(self._fleet.restart(name) for name in self._broken))
        self._broken.clear()
        self._desired.forget_changes()
        return web.json_response({"ok": True})

    async def _settle(self, name: str, change: dict[str, object]) -> web.Response:
        await self._fleet.settle(name)
        return web.json_response({"change": change, "service": self._describe(name)})

    def _setting(self, service: str, key: str) -> dict[str, Any]:
        setting = service_spec(service).setting(key)
        value = self._desired.services[service].config[key]
        bounds = {"minimum": setting.minimum, "maximum": setting.maximum, "default": setting.default}
        return {"service": service, "key": key, "value": value, **bounds, "meaning": setting.meaning}

    def _describe(self, name: str) -> dict[str, Any]:
        spec, wanted, running = SERVICES[name], self._desired.services[name], self._fleet.running[name]
        alive = [replica for replica in running if replica.alive]
        return {
            "name": name,
            "description": spec.description,
            "state": "running" if len(alive) == wanted.replicas else "degraded",
            "replicas": len(alive),
            "wanted_replicas": wanted.replicas,
            "version": wanted.version,
            "versions": spec.versions,
            "pids": [replica.process.pid for replica in alive],
            "ports": [replica.port for replica in alive],
            "config": wanted.config,
            "flags": wanted.flags,
            "external": spec.external,
            "depends_on": spec.depends_on,
            "spool_dir": str(self._spool.directory) if name == "checkout" else None,
        }

    @web.middleware
    async def _require_token(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode()
        if OPEN_PATHS.match(request.path) or hmac.compare_digest(given, f"Bearer {self._token}".encode()):
            return await handler(request)
        return refusal(401, "the bearer token is missing or wrong", "Send Authorization: Bearer and the shop's token.")


def _actor(request: web.Request) -> str:
    actor = request.headers.get("X-Actor", "unknown")
    if not ACTOR.match(actor):
        raise SpecError("X-Actor is not a name", "Use 1 to 80 letters, digits, spaces and . : @ / - _.", 400)
    return actor


def _flag(request: web.Request) -> tuple[str, str]:
    spec, flag = own_service(request.match_info["name"]), request.match_info["flag"]
    if flag not in spec.flags:
        raise SpecError(f"{spec.name} has no flag {flag!r}", f"Known: {', '.join(spec.flags) or 'none'}.", 404)
    return spec.name, flag


def _limit(request: web.Request) -> int:
    text = request.query.get("limit", "100")
    return int(LIMIT.parse("limit", int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text))


def _version(body: dict[str, Any]) -> str | None:
    version = body.get("version")
    if version is not None and not isinstance(version, str):
        raise SpecError("version must be text", 'Send {"version": "v41"}.')
    return version
