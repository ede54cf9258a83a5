"""A webhook door before a real store: what is posted is taken in at once, as the control lane would."""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, generate_latest

from app.adapters.signals.catalogue import Secrets, build_sources
from app.adapters.signals.sns_door import Fetch
from app.adapters.store.sql import SqlStore
from app.adapters.store.upgrade import upgrade
from app.domain.errors import Unavailable
from app.domain.mapping import Webhooks
from app.domain.timeline import Entry
from app.domain.work import Task
from app.entrypoints.http import webhooks
from app.ports.tasks import Handler
from app.services.intake import Intake
from app.services.note_report import NoteReport
from app.services.receive import Receive
from app.services.say import Say
from app.services.take_in import TakeIn
from tests.adapters.signals.payloads import Example
from tests.builders import an_inventory
from tests.fakes.clock import FakeClock, FakeIds

NOW = datetime(2026, 11, 24, 3, 0, 30, tzinfo=UTC)


def no_network(url: str) -> bytes:
    """A world without AWS."""
    raise Unavailable(f"Nobody answers at {url[:60]}.", "Try again.")


class House:
    """`post` sends a request and handles what was accepted; nothing else touches the store."""

    def __init__(
        self,
        folder: Path,
        secrets: Secrets | None = None,
        token: str = "",
        webhooks_said: Webhooks | None = None,
        fetch: Fetch = no_network,
    ) -> None:
        url = f"sqlite:///{folder / 'sitrep.db'}"
        upgrade(url)
        self.store = SqlStore(url)
        self.clock = FakeClock(NOW)
        said = webhooks_said or Webhooks(services={"Checkout API": "checkout"})
        inventory = an_inventory()
        sources = build_sources(said, inventory.services, secrets or Secrets(), fetch)
        say = Say(FakeIds(), self.clock)
        parsers = {name: source.parse for name, source in sources.items()}
        intake, note = Intake(self.store, inventory, self.clock, say), NoteReport(self.store, self.clock, say)
        self._take_in = TakeIn(parsers, intake, lambda _: [], note)
        self.registry = CollectorRegistry()
        api = FastAPI()
        api.include_router(webhooks.router(Receive(self.store, self, self.clock), sources, token, self.clock.now, self.registry))
        self._api = api
        self._waiting: list[str] = []
        self.followed: list[Task] = []
        self.problems: list[str] = []

    def submit(self, task: Task) -> None:
        """The control lane's queue."""
        self._waiting.append(str(task.payload["key"]))

    def start(self, handlers: Mapping[str, Handler]) -> None:
        """Nothing to start."""

    def stop(self, grace_s: float = 0.0) -> None:
        """Closes the database."""
        self.store.close()

    async def post(
        self, source: str, raw: bytes, headers: Mapping[str, str] | None = None, method: str = "POST"
    ) -> httpx.Response:
        """The answer, once everything that follows from it is done."""
        sent = [(name.encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
        transport = httpx.ASGITransport(app=self._api, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://sitrep.test") as client:
            answer = await client.request(method, f"/webhooks/{source}", content=raw, headers=sent)
        for key in self._waiting:
            with self.store.begin() as tx:
                delivery = tx.inbox.get(key)
            tasks, problem = self._take_in(delivery)
            self.followed += tasks
            if problem:
                self.problems.append(problem)
            with self.store.begin() as tx:
                tx.inbox.done(key, self.clock.now(), problem)
        self._waiting.clear()
        return answer

    async def send(self, example: Example, **headers: str) -> httpx.Response:
        """Posts an example."""
        return await self.post(example.source, example.raw, {**example.headers, **headers})

    def incidents(self) -> list[tuple[str | None, str]]:
        """Service and status of every incident, oldest first."""
        with self.store.begin() as tx:
            return [(incident.service, incident.status.value) for incident in reversed(tx.incidents.recent(100))]

    def timeline(self, number: int = 1) -> list[Entry]:
        """The incident's entries."""
        with self.store.begin() as tx:
            return list(tx.timeline.of(number))

    def fingerprint(self) -> str:
        """Changes whenever anything a person could see changes."""
        with self.store.begin() as tx:
            incidents = [repr(incident) for incident in tx.incidents.recent(1000)]
            entries = [entry.hash for number in range(1, len(incidents) + 1) for entry in tx.timeline.of(number)]
            changes = [
                repr(change) for change in tx.changes.between(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
            ]
        return hashlib.sha256(json.dumps([incidents, entries, changes]).encode()).hexdigest()

    def metrics(self) -> str:
        """What /metrics would say."""
        return generate_latest(self.registry).decode()


def changed(body: Any, **changes: Any) -> Any:
    """A copy of a body with values at dotted places replaced: `event__data__status="resolved"`."""
    copy = json.loads(json.dumps(body))
    for place, value in changes.items():
        target = copy
        *steps, last = place.split("__")
        for step in steps:
            target = target[int(step)] if step.isdecimal() else target[step]
        target[last] = value
    return copy


def basic(password: str) -> str:
    """The header of basic authentication."""
    return "Basic " + base64.b64encode(f"sitrep:{password}".encode()).decode()
