"""Kills Sitrep at every point of a walk and looks at what the next one makes of it: `python -m tests.guards.crash_harness`.

The parent has no threads and forks one child for each life of a process. A walk is a short story: people ask and click, tasks
run, the probe looks, things are taken back. The child counts the points it passes (before a transaction, before and after its
commit, before and after an effect and the publication of a head) and kills itself at the chosen one with SIGKILL. Another
child then takes up the same database, perhaps dies too, and a last one finishes and checks what must always hold.
"""

import argparse
import contextlib
import gc
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from app.adapters.audit.heads_file import HeadsFile
from app.adapters.store.sql import SqlStore, SqlTransaction
from app.adapters.store.upgrade import upgrade
from app.domain.action import ActionSpec, Probe
from app.domain.approval import Decision
from app.domain.audit import Head
from app.domain.canonical import Json
from app.domain.errors import ApprovalRefused, Refused
from app.domain.plan import Goal, PlanSpec, Step
from app.domain.proposal import Proposal, ProposalStatus, Verdict
from app.domain.timeline import check_chain
from app.ports.runner import RunResult
from tests.fakes.clock import START, FakeClock
from tests.fakes.gauge import FakeGauge
from tests.fakes.runner import FakeRunner
from tests.guards.conftest import a_world
from tests.guards.stage import ACTIONS, ALICE, BOB, CAROL, Stage, a_policy, an_inventory

KINDS = ("before begin", "before commit", "after commit", "before effect", "after effect", "before publish", "after publish")
WALKS = ("one approver", "two approvers", "undo", "policy", "plan")
TICK = 8.0
QUICK = Probe("error_ratio", 0.05, window_s=12, hold_s=4)
LIFETIME = timedelta(seconds=150)
OPEN = {ProposalStatus.PENDING, ProposalStatus.APPROVED, ProposalStatus.RUNNING}
PLAN = PlanSpec(
    "both",
    "Both at once, then one more",
    (
        Step("one", "set_flag", "checkout", {"on": True}, goal=Goal.RAN),
        Step("other", "set_flag", "payments", {"on": True}, goal=Goal.RAN),
        Step("last", "set_pool", "checkout", {"size": 9}, after=("one", "other"), goal=Goal.RAN),
    ),
)


@dataclass
class Fate:
    """Counts points by kind and dies at the `nth` of `kind`; lives for ever with `nth` 0."""

    kind: str = ""
    nth: int = 0
    passed: Counter[str] = field(default_factory=Counter)

    def point(self, kind: str) -> None:
        """One point of the walk."""
        self.passed[kind] += 1
        if kind == self.kind and self.passed[kind] == self.nth:
            os.kill(os.getpid(), signal.SIGKILL)


class MortalStore(SqlStore):
    """The real store, with points around each transaction."""

    def __init__(self, url: str, clock: FakeClock, fate: Fate) -> None:
        super().__init__(url, clock)
        self._fate = fate

    def reborn(self, clock: FakeClock, fate: Fate) -> None:
        """The same store in a fresh child: what was compiled stays, connections there are none."""
        self._clock, self._fate = clock, fate

    @contextlib.contextmanager
    def begin(self) -> Iterator[SqlTransaction]:
        """A transaction with points before it, and before and after its commit."""
        self._fate.point("before begin")
        with super().begin() as tx:
            yield tx
            self._fate.point("before commit")
        self._fate.point("after commit")


@dataclass
class MortalRunner(FakeRunner):
    """A runner that notes whether the intent stood in the database, seen from outside, when it had its effect."""

    fate: Fate = field(default_factory=Fate)
    database: Path = Path()

    def run(
        self,
        spec: ActionSpec,
        target: str,
        parameters: Mapping[str, Json],
        run_id: str,
        actor: str,
        seen: Mapping[str, Json] | None = None,
    ) -> RunResult:
        """One effect between two points."""
        self.fate.point("before effect")
        with contextlib.closing(sqlite3.connect(self.database)) as outside:
            found = outside.execute(
                'SELECT count(*) FROM audit_entries WHERE content LIKE \'%"kind":"intent"%\' AND instr(content, ?)', (run_id,)
            )
            has_intent = found.fetchone()[0] == 1
        result = super().run(spec, target, {**parameters, "_intent": has_intent}, run_id, actor, seen)
        self.fate.point("after effect")
        return result


class MortalHeads(HeadsFile):
    """The real heads file, with points around each publication."""

    def __init__(self, path: Path, fate: Fate) -> None:
        super().__init__(path)
        self._fate = fate

    def publish(self, head: Head, at: datetime) -> None:
        """One line between two points."""
        self._fate.point("before publish")
        super().publish(head, at)
        self._fate.point("after publish")


def a_life(store: MortalStore, folder: Path, walk: str, born: datetime, fate: Fate) -> Stage:
    """A fresh process over what the ones before it left in `folder`."""
    url, log = f"sqlite:///{folder / 'sitrep.db'}", folder / "effects"
    clock = FakeClock(born)
    store.reborn(clock, fate)
    actions = tuple(replace(spec, probe=QUICK, timeout_s=5.0) for spec in ACTIONS)
    inventory = an_inventory(actions=actions, standing=(a_policy(),) if walk == "policy" else (), plans=(PLAN,))
    runner = MortalRunner(world=a_world().world, log=log, fate=fate, database=folder / "sitrep.db")
    for _, _, target, parameters in effects(folder):
        runner.world[target].update({"flag" if name == "on" else name: value for name, value in parameters.items()})
        runner.world[target]["rows"] = parameters.get("size", 9) if walk == "two approvers" else 9
    gauge = FakeGauge()
    for service in ("checkout", "payments"):
        gauge.show(service, START - timedelta(minutes=5), 0.4)
        if walk == "one approver":
            gauge.show(service, START + timedelta(seconds=6), 0.0)
    heads = MortalHeads(folder / "heads.log", fate)
    return Stage(url, folder, inventory, clock, runner, heads, gauge=gauge, store=store)


def effects(folder: Path) -> list[tuple[str, str, str, dict[str, Json]]]:
    """What really happened, in order."""
    return [tuple(json.loads(line)) for line in (folder / "effects").read_text().splitlines()]


def live(stage: Stage, walk: str, folder: Path) -> None:
    """People and heartbeats until nothing is open any more, or this life is over."""
    ends_at = stage.time.now() + LIFETIME
    while stage.time.now() < ends_at:
        is_over = people_act(stage, walk, folder)
        stage.work([*stage.sweep.due(), *stage.sweep()])
        if is_over:
            return
        stage.time.advance(TICK)


def people_act(stage: Stage, walk: str, folder: Path) -> bool:
    """Does what people would do as they find things; True when there is nothing left to do."""
    with stage.db.begin() as tx:
        incidents = tx.incidents.recent(1)
        found = list(tx.proposals.of(incidents[0].number)) if incidents else []
    number = incidents[0].number if incidents else stage.open_incident()
    is_begun = _begin(stage, walk, number, found)
    for proposal in found:
        _decide(stage, proposal, folder)
    with stage.db.begin() as tx:
        plans = tx.plans.running()
    waits = [item for item in found if item.status in OPEN or (item.verdict is None and item.status in _JUDGED)]
    return is_begun and not waits and not plans


_JUDGED = {ProposalStatus.DONE, ProposalStatus.UNKNOWN}


def _begin(stage: Stage, walk: str, number: int, found: Sequence[Proposal]) -> bool:
    """Starts the story where it was not started; True when every part of it was."""
    if walk == "policy":
        for person in (ALICE, BOB):
            with contextlib.suppress(ApprovalRefused):
                stage.say_to(person, "policy sign heal")
        stage.work(stage.tell(number=number))
        ran = next((item for item in found if item.policy and not item.undo_of), None)
        hurt = {Verdict.NO_CHANGE, Verdict.WORSE}
        is_undone = any(item.undo_of for item in found)
        return ran is not None and (is_undone or ran.status is not ProposalStatus.DONE or ran.verdict not in hurt)
    if walk == "plan":
        with stage.db.begin() as tx:
            plans = tx.plans.of(number)
        if not plans:
            stage.plans.start(number, "both", CAROL)
        return bool(plans)
    if not found:
        stage.ask(number, "drop_table" if walk == "two approvers" else "set_pool", size=20)
        return False
    done = found[0]
    if walk == "undo" and done.status is ProposalStatus.DONE and done.verdict and len(found) == 1:
        stage.propose.undo(done.id, CAROL)
        return False
    return True


def _decide(stage: Stage, proposal: Proposal, folder: Path) -> None:
    if proposal.status is ProposalStatus.PENDING:
        for person in (ALICE, BOB)[: proposal.approvals_needed]:
            with contextlib.suppress(ApprovalRefused):
                stage.work(stage.approve(proposal.id, person, Decision.APPROVE)[1])
    if proposal.status is ProposalStatus.UNKNOWN and proposal.verdict is not None:
        has_happened = any(run_id == proposal.id for run_id, *_ in effects(folder))
        with contextlib.suppress(Refused):
            stage.confirm(proposal.id, CAROL, has_happened=has_happened)


def violations(stage: Stage, walk: str, folder: Path) -> list[str]:
    """What must always hold and does not."""
    found = []
    happened = effects(folder)
    found += [f"{name} ran {count} times" for name, count in Counter(item[0] for item in happened).items() if count > 1]
    found += [f"{item[0]} ran before its intent" for item in happened if item[3].get("_intent") is not True]
    stage.audit.verify()
    with stage.db.begin() as tx:
        number = tx.incidents.recent(1)[0].number
        proposals, entries = tx.proposals.of(number), tx.timeline.of(number)
        known = {item.id for item in proposals}
        runs = {item.id for item in proposals if tx.proposals.run_of(item.id)}
        plans = tx.plans.of(number)
    check_chain(entries)
    found += [f"{item[0]} has no proposal or no run" for item in happened if item[0] not in known & runs]
    found += [f"{item.id} was left {item.status.value}" for item in proposals if item.status in OPEN]
    found += [f"{item.id} ended {item.status.value} without a reason" for item in proposals if _is_nameless(item)]
    found += [f"{item.id} is {item.status.value} but has an effect" for item in proposals if _is_wrong(item, happened)]
    calls = Counter(str(entry.data["handed_over"]) for entry in entries if "handed_over" in entry.data)
    found += [f"people were called {count} times about {name}" for name, count in calls.items() if count > 1]
    hurt = [item.id for item in proposals if item.policy and not item.undo_of and item.verdict is not Verdict.RECOVERED]
    found += [f"people were not called about {name}" for name in hurt if name not in calls]
    if sum(bool(item.undo_of) for item in proposals) > 1:
        found.append("more than one undo was made")
    steps = Counter(item.plan for item in proposals if item.plan)
    found += [f"step {name} was proposed {count} times" for name, count in steps.items() if count > 1]
    return found + [f"plan {item.id} is {item.status.value}" for item in plans if item.status.value == "running"]


def _is_nameless(item: Proposal) -> bool:
    named = {ProposalStatus.REFUSED, ProposalStatus.FAILED, ProposalStatus.EXPIRED, ProposalStatus.WITHDRAWN}
    return item.status in named and not item.reason


def _is_wrong(item: Proposal, happened: Sequence[tuple[str, str, str, dict[str, Json]]]) -> bool:
    is_without = item.status in {ProposalStatus.REFUSED, ProposalStatus.FAILED, ProposalStatus.EXPIRED, ProposalStatus.WITHDRAWN}
    return is_without and any(run_id == item.id for run_id, *_ in happened)


@dataclass
class Place:
    """Where runs happen one after another: a folder and the store over it, which children inherit without connections."""

    template: Path
    folder: Path
    store: MortalStore

    def clear(self) -> None:
        """An empty database again."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.template, self.folder)
        (self.folder / "effects").touch()

    def life(self, walk: str, born: datetime, fate: Fate, *, is_last: bool) -> list[str]:
        """One life in this process; what is violated at its end, if it is the last one."""
        stage = a_life(self.store, self.folder, walk, born, fate)
        live(stage, walk, self.folder)
        found = violations(stage, walk, self.folder) if is_last else []
        self.store.close()
        return found

    def in_a_child(self, walk: str, born: datetime, fate: Fate, *, is_last: bool) -> tuple[bool, list[str]]:
        """One life in a process of its own; whether it was killed, and what is violated."""
        report = self.folder / "report.json"
        child = os.fork()
        if child == 0:
            try:
                report.write_text(json.dumps(self.life(walk, born, fate, is_last=is_last)))
            except BaseException as problem:  # noqa: BLE001 - the child must not run the parent's code
                report.write_text(json.dumps([repr(problem)]))
            finally:
                os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return code == -signal.SIGKILL, [] if code else json.loads(report.read_text())

    def measure(self, walk: str) -> dict[str, int]:
        """How many points of each kind an undisturbed walk passes; raises AssertionError if that alone goes wrong."""
        self.clear()
        fate = Fate()
        found = self.life(walk, START, fate, is_last=True)
        assert not found, (walk, found)
        assert effects(self.folder), walk
        return dict(fate.passed)

    def run(self, walk: str, fates: Sequence[Fate]) -> tuple[int, list[str]]:
        """Lives that end by their fate, and a last one that finishes; how many were killed, and what went wrong."""
        self.clear()
        born, kills = START, 0
        for fate in fates:
            was_killed, wrong = self.in_a_child(walk, born, fate, is_last=False)
            kills += was_killed
            if wrong:
                return kills, wrong
            born += timedelta(seconds=80)
        return kills, self.in_a_child(walk, born, Fate(), is_last=True)[1]


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when nothing that must hold was violated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=210)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args(arguments)
    began = time.monotonic()
    shared = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=shared) as root:
        template = Path(root) / "template"
        template.mkdir()
        _make_template(template)
        jobs = [_start_job(Path(root), job, options.jobs, options.runs, options.seed) for job in range(options.jobs)]
        codes = [os.waitpid(job, 0)[1] for job in jobs]
        assert not any(codes), codes
        done = [json.loads((Path(root) / f"job{job}.json").read_text()) for job in range(options.jobs)]
    return _report(done, options.runs, time.monotonic() - began)


def _start_job(root: Path, job: int, jobs: int, runs: int, seed: int) -> int:
    """Forks whoever does every so manieth run; its process id."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            (root / f"job{job}.json").write_text(json.dumps(_work(root, job, range(job, runs, jobs), seed)))
            code = 0
        finally:
            os._exit(code)
    return child


def _work(root: Path, job: int, seeds: Sequence[int], first: int) -> dict[str, Json]:
    folder = root / f"run{job}"
    place = Place(root / "template", folder, MortalStore(f"sqlite:///{folder / 'sitrep.db'}", FakeClock(), Fate()))
    counts = {walk: place.measure(walk) for walk in WALKS}
    gc.freeze()
    choices = [(walk, kind) for walk in WALKS for kind in KINDS]
    table, bad = Counter[str](), list[Json]()
    for seed in seeds:
        dice = random.Random(f"{first}-{seed}")
        walk, kind = choices[seed % len(choices)]
        fates = [Fate(kind, dice.randint(1, counts[walk][kind]))]
        if seed % 3 == 0:
            again = dice.choice(KINDS)
            fates.append(Fate(again, dice.randint(1, max(2, counts[walk][again] // 3))))
        killed, wrong = place.run(walk, fates)
        table[f"{walk}/{kind}"] += killed
        bad += [f"run {seed} ({walk}, {[(fate.kind, fate.nth) for fate in fates]}): {item}" for item in wrong]
    return {"table": dict(table), "bad": bad, "counts": {walk: dict(found) for walk, found in counts.items()}}


def _report(done: Sequence[Mapping[str, Any]], runs: int, took: float) -> int:
    table, bad = sum((Counter(item["table"]) for item in done), Counter[str]()), [line for item in done for line in item["bad"]]
    counts = done[0]["counts"]
    lines = [f"{'kills (of points)':18}" + "".join(f"{walk:>16}" for walk in WALKS)]
    for kind in KINDS:
        cells = [f"{table[f'{walk}/{kind}']} ({counts[walk].get(kind, 0)})" for walk in WALKS]
        lines.append(f"{kind:18}" + "".join(f"{cell:>16}" for cell in cells))
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = spent.ru_utime + spent.ru_stime
    lines += [f"{runs} runs, {table.total()} kills, {len(bad)} violations, {took:.0f} s ({cpu:.0f} s of processor time)", *bad]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if bad else 0


def _make_template(template: Path) -> None:
    child = os.fork()
    if child == 0:
        upgrade(f"sqlite:///{template / 'sitrep.db'}")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
