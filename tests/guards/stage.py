"""The real services over a real database, with a make-believe world, people and numbers around them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from app.adapters.clock.system import SystemIds
from app.adapters.inventory.rules import rules_of, standing_rules
from app.adapters.links.signed import SignedLinks
from app.adapters.store.sql import SqlStore
from app.adapters.store.upgrade import upgrade
from app.domain.action import ActionSpec, Parameter, ParameterKind, Probe, Risk, Undo
from app.domain.approval import Decision
from app.domain.canonical import digest
from app.domain.guards import RateLimit, Requirement
from app.domain.inventory import Approver, Inventory, Service
from app.domain.person import Person
from app.domain.plan import PlanSpec
from app.domain.policy import Bound, FreezeWindow, Requester, StandingPolicy
from app.domain.proposal import Proposal, ProposalStatus, Run
from app.domain.series import MetricKind, MetricSpec
from app.domain.signal import Signal
from app.domain.work import Task
from app.ports.clock import Clock, Ids
from app.ports.heads import Heads
from app.ports.room import Room
from app.ports.runner import Runner
from app.ports.store import Store
from app.services.act import Act
from app.services.approve import Approve
from app.services.audit import RECENT, Audit
from app.services.authority import Authority
from app.services.command import Command
from app.services.confirm import Confirm
from app.services.decide_by_link import DecideByLink
from app.services.guarded_commands import GuardedCommands
from app.services.plans import Plans
from app.services.propose import Propose
from app.services.remember_rules import RememberRules
from app.services.say import Say
from app.services.standing import Standing
from app.services.sweep import Sweep
from app.services.verify import Verify
from tests.builders import a_signal, an_incident
from tests.fakes.clock import START, FakeClock
from tests.fakes.gauge import FakeGauge
from tests.fakes.heads import FakeHeads
from tests.fakes.roster import FakeRoster
from tests.fakes.runner import FakeRunner

ALICE, BOB, CAROL, DAVE = (Person(f"U0{name}") for name in ("ALICE", "BOB", "CAROL", "DAVE"))
PROBE = Probe("error_ratio", 0.05, window_s=30, hold_s=6)
SIZE = Parameter("size", ParameterKind.INTEGER, minimum=1, maximum=100)
ON = Parameter("on", ParameterKind.BOOLEAN)


def an_action(name: str, risk: Risk, parameter: Parameter, place: str, **more: Any) -> ActionSpec:
    """An action that sets one place of its target's world, observes it as `before`, and is undone by itself."""
    known: dict[str, Any] = {
        "name": name,
        "title": f"Set {place} of {{target}} to {{{parameter.name}}}",
        "executor": "fake",
        "targets": ("checkout", "payments"),
        "risk": risk,
        "call": {place: parameter.name},
        "observe": {"fields": {"before": place}},
        "probe": PROBE,
        "parameters": (parameter,),
        "undo": Undo(name, {parameter.name: "{before}"}),
        "is_reversible": True,
        "timeout_s": 10.0,
    }
    return ActionSpec(**(known | more))


FLAG = an_action("set_flag", Risk.LOW, ON, "flag")
POOL = an_action("set_pool", Risk.MEDIUM, SIZE, "size")
DROP = an_action("drop_table", Risk.HIGH, SIZE, "rows", undo=None, is_reversible=False)
NOTE = an_action("set_label", Risk.LOW, Parameter("label", ParameterKind.STRING, pattern="[^/]+"), "label")
PICKY = an_action("shrink", Risk.LOW, SIZE, "size", requires=(Requirement("before", at_least=2),))
SELDOM = an_action("nudge", Risk.LOW, SIZE, "nudged", rate_limit=RateLimit(2, 600))
ACTIONS = (FLAG, POOL, DROP, NOTE, PICKY, SELDOM)
APPROVERS = (
    Approver("U0ALICE", Risk.HIGH),
    Approver("U0BOB", Risk.HIGH),
    Approver("U0DAVE", Risk.LOW),
    Approver("U0GUEST", Risk.HIGH),
    Approver("U0GONE", Risk.HIGH),
)


def a_service(name: str, depends_on: tuple[str, ...] = ()) -> Service:
    """A service with one number."""
    return Service(name, depends_on=depends_on, metrics=(MetricSpec("error_ratio", MetricKind.RATIO),))


def an_inventory(
    *,
    actions: Sequence[ActionSpec] = ACTIONS,
    approvers: Sequence[Approver] = APPROVERS,
    requesters: Sequence[Requester] = (Requester("*"),),
    freezes: Sequence[FreezeWindow] = (),
    standing: Sequence[StandingPolicy] = (),
    plans: Sequence[PlanSpec] = (),
) -> Inventory:
    """An inventory as the reader would make it, with the policy version that belongs to its rules."""
    by_name = {spec.name: spec for spec in actions}
    signed = tuple(replace(item, digest=digest(standing_rules(item, by_name, {}))) for item in standing)
    named = {plan.name: plan for plan in plans}
    rules = rules_of(approvers, requesters, freezes, signed, named, by_name, {})
    return Inventory(
        environment="test",
        services={
            "checkout": a_service("checkout", ("payments",)),
            "payments": a_service("payments"),
            "search": Service("search"),
        },
        actions=by_name,
        approvers=tuple(approvers),
        responders=("U0ALICE", "U0CAROL"),
        requesters=tuple(requesters),
        freezes=tuple(freezes),
        standing=signed,
        plans=named,
        rules=rules,
        policy_version=digest(rules),
    )


def a_policy(**more: Any) -> StandingPolicy:
    """Switch the flag of checkout on when ErrorsHigh fires; no track record is asked for."""
    known: dict[str, Any] = {
        "name": "heal",
        "action": "set_flag",
        "target": "checkout",
        "alerts": ("ErrorsHigh",),
        "expires_at": START + timedelta(days=30),
        "parameters": {"on": True},
        "bounds": {"on": Bound(exactly=True)},
        "budget_per_hour": 5,
        "min_success": 0.0,
    }
    return StandingPolicy(**(known | more))


def people() -> dict[str, Person]:
    """Who is who in the chat; nobody called U0GHOST is known."""
    known = {person.id: person for person in (ALICE, BOB, CAROL, DAVE)}
    known["U0GUEST"] = Person("U0GUEST", is_guest=True)
    known["U0BOT"] = Person("U0BOT", is_bot=True)
    known["U0OUT"] = Person("U0OUT", is_external=True)
    known["U0GONE"] = Person("U0GONE", is_deactivated=True)
    return known


@dataclass
class Stage:
    """One replica. Several of them on one `url` are several replicas."""

    url: str
    folder: Path
    inventory: Inventory = field(default_factory=an_inventory)
    clock: Clock = field(default_factory=FakeClock)
    runner: Runner = field(default_factory=FakeRunner)
    heads: Heads = field(default_factory=FakeHeads)
    room: Room = field(default_factory=lambda: FakeRoster(people=people()))
    gauge: FakeGauge = field(default_factory=FakeGauge)
    ids: Ids = field(default_factory=SystemIds)
    store: Store | None = None
    wall: Clock | None = None
    look_back: int = RECENT

    def __post_init__(self) -> None:
        """Wires everything as `bootstrap` does; `wall` is this machine's clock where it differs from the database's."""
        if self.store is None:
            upgrade(self.url)
        self.store = store = self.store or SqlStore(self.url, self.clock)
        wall = self.wall or self.clock
        self.say = Say(self.ids, wall)
        self.authority, self.audit = Authority(self.inventory, self.room), Audit(store, self.heads, self.look_back)
        self.verify = Verify(store, self.inventory, self.gauge, self.say)
        self.propose = Propose(store, self.inventory, self.runner, wall, self.ids, self.say)
        self.approve = Approve(store, self.inventory, self.say)
        self.plans = Plans(store, self.inventory, self.propose, self.ids, self.say)
        self.standing = Standing(store, self.inventory, self.authority, self.propose, self.say)
        self.confirm = Confirm(store, self.inventory, self.say)
        self.links = SignedLinks(self.folder / "link.key")
        self.by_link = DecideByLink(
            store, self.inventory, self.links, self.authority, self.approve, self.ids, "https://sitrep.test"
        )
        self.guarded = GuardedCommands(
            store, self.inventory, self.propose, self.approve, self.confirm, self.plans, self.authority, self.by_link
        )
        self.act = Act(store, self.inventory, self.runner, self.authority, self.audit, self.verify, self.say)
        self.sweep = Sweep(store, self.verify, self.plans, self.standing, self.say)
        self.remember_rules = RememberRules(store, self.inventory)

    @property
    def db(self) -> Store:
        """The store."""
        assert self.store is not None
        return self.store

    @property
    def hands(self) -> FakeRunner:
        """The runner, as the fake it is."""
        assert isinstance(self.runner, FakeRunner)
        return self.runner

    @property
    def roster(self) -> FakeRoster:
        """The room, as the fake it is."""
        assert isinstance(self.room, FakeRoster)
        return self.room

    @property
    def time(self) -> FakeClock:
        """The database's clock, as the fake it is."""
        assert isinstance(self.clock, FakeClock)
        return self.clock

    def beside(self, inventory: Inventory | None = None, **more: Any) -> "Stage":
        """Another replica on the same database with the same world, perhaps with another configuration."""
        shared: dict[str, Any] = {
            "clock": self.clock,
            "runner": self.runner,
            "heads": self.heads,
            "room": self.room,
            "gauge": self.gauge,
            "ids": self.ids,
            "store": self.store,
        }
        return Stage(self.url, self.folder, inventory or self.inventory, **(shared | more))

    def open_incident(self) -> int:
        """A fresh incident on checkout; returns its number."""
        with self.db.begin() as tx:
            now = tx.now()
            return tx.incidents.add(replace(an_incident(), opened_at=now, started_at=now)).number

    def ask(self, number: int, action: str = "set_pool", target: str = "checkout", by: Person = CAROL, **values: Any) -> Proposal:
        """A person's request, with values as they would be typed."""
        words = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in values.items()}
        return self.propose.request(number, action, target, words, by)[0]

    def click(self, proposal: Proposal | str, person: Person = ALICE, decision: Decision = Decision.APPROVE) -> str:
        """A person's click, and what it is answered."""
        return self.approve(proposal if isinstance(proposal, str) else proposal.id, person, decision)[0]

    def say_to(self, person: Person, text: str) -> str:
        """A guarded `/inc` verb by a person, and the words they see."""
        verb, _, rest = text.partition(" ")
        return self.guarded.table()[verb](Command(person, "", verb, rest))[0]

    def approved(self, number: int, action: str = "set_pool", target: str = "checkout", **values: Any) -> Proposal:
        """A proposal that Carol asked for and as many as needed approved."""
        asked = self.ask(number, action, target, **(values or {"size": 20}))
        for person in (ALICE, BOB)[: asked.approvals_needed]:
            self.click(asked, person)
        return self.read(asked)

    def read(self, proposal: Proposal | str) -> Proposal:
        """The proposal as it is stored now."""
        with self.db.begin() as tx:
            return tx.proposals.get(proposal if isinstance(proposal, str) else proposal.id)

    def run_of(self, proposal: Proposal) -> Run | None:
        """Its run, if it was claimed."""
        with self.db.begin() as tx:
            return tx.proposals.run_of(proposal.id)

    def run(self, proposal: Proposal) -> Proposal:
        """The act task, once; returns what became of the proposal."""
        self.act(proposal.id)
        return self.read(proposal)

    def tell(self, firing: Sequence[Signal] = (), number: int = 0) -> list[Task]:
        """Alerts that were folded into an incident meet the standing policies."""
        signals = firing or [a_signal()]
        with self.db.begin() as tx:
            for signal in signals:
                tx.signals.put(number, signal)
        return self.standing(signals)

    def work(self, tasks: Sequence[Task] = ()) -> None:
        """Runs act tasks, and what the sweep finds due, until nothing more follows at this moment."""
        waiting = list(tasks)
        while waiting:
            for task in [task for task in waiting if task.name == "act"]:
                self.act(str(task.payload["proposal"]))
            waiting = self.sweep.due()

    def pass_time(self, seconds: float, step: float = 2.0) -> None:
        """Lets time pass with a heartbeat every `step` seconds."""
        for _ in range(int(seconds / step)):
            self.time.advance(step)
            self.work([*self.sweep.due(), *self.sweep()])

    def notes(self, number: int) -> list[str]:
        """What the timeline of an incident says."""
        with self.db.begin() as tx:
            return [entry.text for entry in tx.timeline.of(number)]

    def said(self) -> list[str]:
        """Everything that was put into the outbox as words, oldest first."""
        texts = []
        with self.db.begin() as tx:
            for lane in tx.outbox.lanes_waiting(tx.now()):
                while (item := tx.outbox.claim(lane, tx.now())) is not None:
                    texts.append(str(item.payload.get("text", "")))
                    from app.domain.outbox import OutboxState

                    tx.outbox.settle(item.id, OutboxState.SENT, tx.now())
        return [text for text in texts if text]

    def close(self) -> None:
        """Lets go of the database."""
        if isinstance(self.store, SqlStore):
            self.store.close()


def status_of(stage: Stage, proposal: Proposal) -> ProposalStatus:
    """Where it stands."""
    return stage.read(proposal).status


def a_window(name: str = "quiet", **more: Any) -> FreezeWindow:
    """A freeze window for everything."""
    return FreezeWindow(name, **more)


def at(hour: int, minute: int = 0, day: int = 14) -> datetime:
    """A moment of March 2026; the 14th is a Saturday."""
    return START.replace(day=day, hour=hour, minute=minute)


def clock_time(hour: int, minute: int = 0) -> time:
    """A time of day."""
    return time(hour, minute)


World = Mapping[str, Mapping[str, Any]]
