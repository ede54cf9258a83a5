"""Everything a service needs: the real store on a file, and fakes for all that is outside."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from app.adapters.documents.draft import DraftDocuments
from app.adapters.links.signed import SignedLinks
from app.adapters.store.sql import SqlStore
from app.domain.action import ActionSpec, Preview
from app.domain.canonical import Json
from app.domain.evidence import Confidence, Evidence, EvidenceKind, Finding
from app.domain.incident import Incident
from app.domain.inventory import Inventory, Service
from app.domain.outbox import OutboxItem, OutboxKind
from app.domain.series import Bad, MetricKind, MetricSpec
from app.domain.timeline import Entry
from app.services.answer import AnswerQuestion
from app.services.approve import Approve
from app.services.authority import Authority
from app.services.commands import Commands
from app.services.compose import Compose
from app.services.confirm import Confirm
from app.services.decide_by_link import DecideByLink
from app.services.guarded_commands import GuardedCommands
from app.services.hear import Hear
from app.services.investigate import Investigate
from app.services.observe import Observe
from app.services.plans import Plans
from app.services.propose import Propose
from app.services.say import Say
from app.services.send import Send
from app.services.standing import Standing
from app.services.sweep import Sweep
from app.services.update import Update
from app.services.verify import Verify
from app.services.write_postmortem import WritePostmortem
from tests.builders import NOW, an_incident, an_inventory
from tests.fakes.clock import FakeClock, FakeIds
from tests.fakes.room import FakeRoom
from tests.fakes.sources import FakeAnalyst, FakeChanges, FakeKnowledge, FakeLogs, FakeMetrics

ERRORS = MetricSpec("error_ratio", MetricKind.RATIO, "ratio", numerator="a", denominator="b", bad=Bad.ABOVE, threshold=0.05)


class Onlooker:
    """Sees the same state every time."""

    def observe(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> Mapping[str, Json]:
        """A pool of three."""
        return {"before": 3}

    def preview(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> Preview:
        """Nothing special."""
        return Preview(f"{spec.name} on {target}", True)


def inventory_with_numbers() -> Inventory:
    """Checkout with an error ratio; Bob owns it."""
    plain = an_inventory()
    checkout = Service("checkout", depends_on=("payments",), owners=("U0BOB0001",), metrics=(ERRORS,))
    spec = replace(plain.actions["set_pool"], helps_with=("error_ratio",))
    suggested = replace(spec, parameters=(replace(spec.parameters[0], suggested=20),))
    return replace(plain, services={**plain.services, "checkout": checkout}, actions={"set_pool": suggested})


@dataclass
class Stage:
    """Services over one store; change a fake, then call a service."""

    store: SqlStore
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    room: FakeRoom = field(default_factory=FakeRoom)
    inventory: Inventory = field(default_factory=inventory_with_numbers)
    metrics: FakeMetrics = field(default_factory=FakeMetrics)
    changes: FakeChanges = field(default_factory=FakeChanges)
    logs: FakeLogs = field(default_factory=FakeLogs)
    knowledge: FakeKnowledge = field(default_factory=FakeKnowledge)
    analyst: FakeAnalyst | None = None
    ids: FakeIds = field(default_factory=FakeIds)

    @property
    def say(self) -> Say:
        """The outbox's pen."""
        return Say(self.ids, self.clock)

    @property
    def send(self) -> Send:
        """A new sender."""
        return Send(self.store, self.room, self.inventory, self.clock, Compose(self.store, self.inventory, self.clock))

    @property
    def observe(self) -> Observe:
        """All eyes."""
        return Observe(self.inventory, self.metrics, (self.changes,), self.logs, self.knowledge)

    @property
    def propose(self) -> Propose:
        """Proposals over an onlooker."""
        return Propose(self.store, self.inventory, Onlooker(), self.clock, self.ids, self.say)

    @property
    def verify(self) -> Verify:
        """The probe."""
        return Verify(self.store, self.inventory, self.metrics, self.say)

    @property
    def sweep(self) -> Sweep:
        """The healer."""
        return Sweep(self.store, self.verify, self.plans, self.standing, self.say)

    @property
    def plans(self) -> Plans:
        """Plans under way."""
        return Plans(self.store, self.inventory, self.propose, self.ids, self.say)

    @property
    def authority(self) -> Authority:
        """Who may."""
        return Authority(self.inventory, self.room)

    @property
    def standing(self) -> Standing:
        """What was approved beforehand."""
        return Standing(self.store, self.inventory, self.authority, self.propose, self.say)

    @property
    def guarded(self) -> GuardedCommands:
        """The verbs about actions; links are signed with a key of the test's own."""
        approve = Approve(self.store, self.inventory, self.say)
        links = SignedLinks(Path("unused"), "a key of the tests, thirty-two characters or more")
        by_link = DecideByLink(self.store, self.inventory, links, self.authority, approve, self.ids)
        confirm = Confirm(self.store, self.inventory, self.say)
        return GuardedCommands(self.store, self.inventory, self.propose, approve, confirm, self.plans, self.authority, by_link)

    @property
    def answer(self) -> AnswerQuestion:
        """Answers from memory."""
        return AnswerQuestion(self.store, self.knowledge, self.analyst)

    @property
    def write(self) -> WritePostmortem:
        """The scribe."""
        return WritePostmortem(self.store, self.inventory, self.metrics, DraftDocuments(), self.room, self.clock, self.say)

    @property
    def investigate(self) -> Investigate:
        """One look."""
        return Investigate(self.store, self.inventory, self.observe, self.analyst, self.propose, self.clock, self.say)

    @property
    def hear(self) -> Hear:
        """The ear, with all verbs."""
        update = Update(self.store, self.clock, self.say)
        commands = Commands(self.store, self.inventory, update, self.guarded, self.answer, self.write, self.clock, self.say)
        return Hear(self.store, self.room, commands, self.answer, self.clock, self.say)

    def incident(self, **values: object) -> Incident:
        """A stored incident on checkout."""
        with self.store.begin() as tx:
            return tx.incidents.add(replace(an_incident(), **values))  # type: ignore[arg-type]

    def stored(self, number: int = 1) -> Incident:
        """The incident as it is now."""
        with self.store.begin() as tx:
            return tx.incidents.get(number)

    def entries(self, number: int = 1) -> list[Entry]:
        """Its timeline."""
        with self.store.begin() as tx:
            return list(tx.timeline.of(number))

    def put(self, kind: OutboxKind, name: str, lane: str = "inc:1", **values: object) -> OutboxItem:
        """Something to say about incident 1."""
        item = OutboxItem(name, lane, kind, self.clock.now(), incident=1)
        item = replace(item, **values)  # type: ignore[arg-type]
        with self.store.begin() as tx:
            tx.outbox.put(item)
        return item

    def waiting(self, after_s: float = 0.0) -> list[str]:
        """Lanes that could be sent that many seconds from now."""
        with self.store.begin() as tx:
            return list(tx.outbox.lanes_waiting(self.clock.now() + timedelta(seconds=after_s)))


def a_number(at: datetime = NOW, *, latest: float = 0.4, is_bad: bool = True) -> Evidence:
    """What `Observe` says about an error ratio."""
    data: dict[str, Json] = {
        "metric": "error_ratio",
        "unit": "ratio",
        "latest": latest,
        "normal": 0.01,
        "worst": latest,
        "score": 50.0,
        "onset": at.timestamp(),
        "is_bad": is_bad,
        "threshold": 0.05,
        "bad": "above",
    }
    return Evidence(
        EvidenceKind.METRIC,
        "metric:checkout:error_ratio",
        "numbers",
        "error_ratio of checkout is 40 %",
        at,
        service="checkout",
        data=data,
        tainted=False,
    )


def said(text: str, *ids: str) -> Finding:
    """A sentence with its sources."""
    return Finding(text, ids, Confidence.LIKELY)
