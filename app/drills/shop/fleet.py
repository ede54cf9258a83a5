"""Keeps the wanted processes of the shop running: starts, replaces, restarts and ends them."""

import asyncio
import itertools
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from app.drills.shop.desired import DesiredState, Wanted
from app.drills.shop.lifetime import ReservedPort
from app.drills.shop.spec import MAX_REPLICAS, SERVICES, TOKEN_ENV, ServiceSpec, SpecError

START_TIMEOUT_S = 15.0
GRACE_S = 4.0
CHECK_EVERY_S = 0.5
CHECKS_PER_HEARTBEAT = 4
NO_CREATED_SERIES = {"PROMETHEUS_DISABLE_CREATED_SERIES": "True"}
CALL_TIMEOUT = aiohttp.ClientTimeout(total=3.0)


class StartError(SpecError):
    """A process ended or stayed silent instead of starting."""


@dataclass
class Replica:
    """One running process of a service."""

    number: int
    port: int
    version: str
    process: asyncio.subprocess.Process
    started: float

    @property
    def alive(self) -> bool:
        """Whether the process has not ended."""
        return self.process.returncode is None


class Fleet:
    """All processes of the shop; ports of replicas never change, so their metrics keep their address."""

    def __init__(self, desired: DesiredState, data: Path, token: str) -> None:
        """Reserve a port for every replica there may be."""
        self._desired = desired
        self._data = data
        self._token = token
        self._ports = {
            name: [ReservedPort() for _ in range(1 if spec.external else MAX_REPLICAS)] for name, spec in SERVICES.items()
        }
        self.running: dict[str, list[Replica]] = {name: [] for name in SERVICES}
        self._locks = {name: asyncio.Lock() for name in SERVICES}
        # A new connection each time: a kept one could lead to the old process of a restarted service.
        self._session = aiohttp.ClientSession(
            timeout=CALL_TIMEOUT,
            headers={"Authorization": f"Bearer {token}"},
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
        )
        self._stopping = False

    async def start(self) -> None:
        """Start everything at once; returns when all are healthy."""
        await asyncio.gather(*(self.settle(name) for name in SERVICES))

    async def stop(self) -> None:
        """End every process."""
        self._stopping = True
        await asyncio.gather(*(self._end(replica) for replicas in self.running.values() for replica in replicas))
        await self._session.close()
        for ports in self._ports.values():
            for port in ports:
                port.release()

    def ports(self, service: str) -> list[int]:
        """Ports of the replicas that serve now."""
        return [replica.port for replica in self.running[service] if replica.alive]

    async def settle(self, service: str) -> None:
        """Make the number and the version of the processes what is wanted, then tell the callers."""
        async with self._locks[service]:
            wanted = self._desired.services[service]
            replicas = self.running[service]
            missing = [n for n in range(1, wanted.replicas + 1) if n not in {replica.number for replica in replicas}]
            replicas.extend(await asyncio.gather(*(self._launch(service, number) for number in missing)))
            for replica in [r for r in replicas if r.number <= wanted.replicas and r.version != wanted.version]:
                await self._replace(service, replica)
            surplus = [replica for replica in replicas if replica.number > wanted.replicas]
            self.running[service] = [replica for replica in replicas if replica.number <= wanted.replicas]
            await self.spread_state()
            await asyncio.gather(*(self._end(replica) for replica in surplus))

    async def restart(self, service: str) -> None:
        """Replace every process of the service by a new one, one after the other."""
        async with self._locks[service]:
            for replica in list(self.running[service]):
                await self._replace(service, replica)

    async def spread_state(self) -> None:
        """Tell every process its settings and the addresses of the others."""
        calls = [
            self._put(replica, "/state", self._state_of(name))
            for name, replicas in self.running.items()
            for replica in replicas
            if replica.alive
        ]
        await asyncio.gather(*calls)

    async def put_chaos(self, service: str, key: str, value: object) -> dict[str, Any]:
        """Break, or mend, the running processes of a service; a restarted process knows nothing of it."""
        replicas = [replica for replica in self.running[service] if replica.alive]
        answers = await asyncio.gather(*(self._put(replica, "/chaos", {"key": key, "value": value}) for replica in replicas))
        for status, answer in answers:
            if status != 200:
                raise SpecError(str(answer.get("error")), str(answer.get("hint")), status)
        return {"service": service, "key": key, "value": value, "replicas": len(replicas)}

    async def watch(self) -> None:
        """For ever: bring ended processes back and repeat the wanted state to all."""
        for beat in itertools.count(1):
            await asyncio.sleep(CHECK_EVERY_S)
            await asyncio.gather(*(self._bring_back(name) for name in SERVICES))
            if beat % CHECKS_PER_HEARTBEAT == 0:
                await self.spread_state()

    async def scrape(self, service: str) -> list[tuple[str, str]]:
        """Name and metrics text of each replica that answers."""
        replicas = [replica for replica in self.running[service] if replica.alive]
        texts = await asyncio.gather(*(self._read_metrics(replica) for replica in replicas))
        return [(f"{service}-{replica.number}", text) for replica, text in zip(replicas, texts, strict=True) if text]

    async def _bring_back(self, service: str) -> None:
        if self._locks[service].locked():
            return
        async with self._locks[service]:
            for replica in [replica for replica in self.running[service] if not replica.alive]:
                if self._stopping:
                    return
                try:
                    new = await self._launch(service, replica.number)
                except StartError as error:  # tried again at the next check
                    print(error, flush=True)
                    return
                replicas = self.running[service]
                replicas[replicas.index(replica)] = new
                code = replica.process.returncode
                text = f"{service}-{replica.number} ended with code {code}; started again"
                self._desired.note(service, "restart", text, "supervisor")

    async def _replace(self, service: str, old: Replica) -> None:
        new = await self._launch(service, old.number)
        replicas = self.running[service]
        replicas[replicas.index(old)] = new
        await self._end(old)

    async def _launch(self, service: str, number: int) -> Replica:
        wanted = self._desired.services[service]
        port = self._ports[service][number - 1].number
        state = self._state_of(service)
        argv = [sys.executable, "-m", "app.drills.shop", service, "--port", str(port), "--data", str(self._data), "--watch-stdin"]
        argv += ["--replica", str(number), "--version", wanted.version]
        argv += [part for key in ("config", "flags", "peers") for part in (f"--{key}", json.dumps(state[key]))]
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=asyncio.subprocess.PIPE, env={**os.environ, **NO_CREATED_SERIES, TOKEN_ENV: self._token}
        )
        replica = Replica(number, port, wanted.version, process, time.time())
        await self._wait_healthy(service, replica)
        return replica

    async def _wait_healthy(self, service: str, replica: Replica) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and replica.alive:
            if await self._answering_pid(replica) == replica.process.pid:  # the old process may answer on this port too
                return
            await asyncio.sleep(0.05)
        await self._end(replica)
        raise StartError(f"{service}-{replica.number} did not start", f"See logs/{service}.jsonl and logs/supervisor.out.", 500)

    async def _answering_pid(self, replica: Replica) -> int | None:
        try:
            async with self._session.get(f"http://127.0.0.1:{replica.port}/healthz") as response:
                return int((await response.json())["pid"])
        except (aiohttp.ClientError, TimeoutError):
            return None

    async def _put(self, replica: Replica, route: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        try:
            async with self._session.put(f"http://127.0.0.1:{replica.port}{route}", json=body) as response:
                return response.status, await response.json()
        except (aiohttp.ClientError, TimeoutError) as error:  # the next heartbeat repeats the state
            return 503, {"error": f"replica on port {replica.port} did not answer: {error!r}", "hint": "Try again."}

    async def _read_metrics(self, replica: Replica) -> str:
        try:
            async with self._session.get(f"http://127.0.0.1:{replica.port}/metrics") as response:
                return await response.text()
        except (aiohttp.ClientError, TimeoutError):
            return ""

    async def _end(self, replica: Replica) -> None:
        if not replica.alive:
            return
        replica.process.terminate()
        try:
            async with asyncio.timeout(GRACE_S):
                await replica.process.wait()
        except TimeoutError:
            replica.process.kill()
            await replica.process.wait()

    def _state_of(self, service: str) -> dict[str, Any]:
        wanted: Wanted = self._desired.services[service]
        spec: ServiceSpec = SERVICES[service]
        return {
            "config": wanted.config,
            "flags": wanted.flags,
            "peers": {peer: self.ports(peer) or [self._ports[peer][0].number] for peer in spec.depends_on},
        }
