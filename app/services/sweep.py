"""Heals every gap: finds work whose row says it waits, and submits it again; also carries out what has fallen due."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from app.domain.errors import Conflict, SitrepError
from app.domain.incident import Incident, Status
from app.domain.proposal import ProposalStatus
from app.domain.timeline import EntryKind
from app.domain.work import Delivery, Due, Lane, Task
from app.ports.store import Store, Transaction
from app.services.act import plan_verification
from app.services.approve import running_of
from app.services.plans import Plans
from app.services.receive import handling_of
from app.services.record import record
from app.services.say import Say, sending_of
from app.services.standing import Standing
from app.services.update import look_at
from app.services.verify import Verify

log = structlog.get_logger()

PATIENCE = timedelta(seconds=5)
# On top of what the action itself may take.
LOST_AFTER = timedelta(seconds=60)
RECENT = timedelta(hours=1)
_UNSOLVED = frozenset({Status.TRIAGE, Status.INVESTIGATING, Status.IDENTIFIED})
_IN_HAND = frozenset({ProposalStatus.PENDING, ProposalStatus.APPROVED, ProposalStatus.RUNNING})


@dataclass(frozen=True, slots=True)
class Sweep:
    """Runs every second or two on every replica; doing it twice changes nothing."""

    store: Store
    verify: Verify
    plans: Plans
    standing: Standing
    say: Say

    def __call__(self) -> list[Task]:
        """Tasks for everything that waits longer than it should."""
        with self.store.begin() as tx:
            now = tx.now()
            bucket = f":{int(now.timestamp()) // 5}"
            tasks = [_again(item, now) for item in tx.inbox.waiting(now - PATIENCE)]
            tasks += [sending_of(lane, f"{lane}{bucket}") for lane in tx.outbox.lanes_waiting(now)]
            approved = tx.proposals.in_status(ProposalStatus.APPROVED)
            tasks += [running_of(item.id, bucket) for item in approved if now - item.created_at > PATIENCE]
            unsolved = [incident for incident in tx.incidents.open_ones() if incident.status in _UNSOLVED]
            tasks += [again for item in unsolved if (again := self._look_again(tx, item, now, len(unsolved)))]
            running = tx.proposals.in_status(ProposalStatus.RUNNING)
            plans = tx.plans.running()
            tasks += [again for incident in tx.incidents.recent(50) if (again := self._write_again(tx, incident, now))]
        for proposal in running:
            tasks += self._lost(proposal.id, now)
        for plan in plans:
            tasks += self.plans.advance(plan.id)
        return tasks

    def _write_again(self, tx: Transaction, incident: Incident, now: datetime) -> Task | None:
        """A resolved incident without a draft lost the task that writes it."""
        ended = incident.resolved_at
        if incident.status is not Status.RESOLVED or ended is None or not PATIENCE * 4 < now - ended < RECENT:
            return None
        if tx.papers.has_postmortem(incident.number):
            return None
        name = f"postmortem:{incident.number}:again{int(now.timestamp()) // 30}"
        return Task(name, Lane.THINK, "write_postmortem", {"incident": incident.number})

    def _look_again(self, tx: Transaction, incident: Incident, now: datetime, unsolved: int) -> Task | None:
        """While nobody has a fix in hand an incident is looked at every 10 s, after ten minutes every minute, and less often
        the more incidents there are: all of them together get one look in two seconds.
        """
        if now - incident.opened_at < PATIENCE:
            return None
        if any(item.status in _IN_HAND for item in tx.proposals.of(incident.number)):
            return None
        every = max(10 if now - incident.opened_at < timedelta(minutes=10) else 60, 2 * unsolved)
        # Each incident has its own second within the round, so that they do not all come at once.
        return look_at(incident.number, f"again{(int(now.timestamp()) + 2 * incident.number) // every}")

    def due(self) -> list[Task]:
        """Carries out what has fallen due."""
        with self.store.begin() as tx:
            dues = tx.dues.claim(tx.now())
        ways: Mapping[str, Callable[[Due], list[Task]]] = {
            "verify": self._verify,
            "expire_proposal": self._expire,
            "hand_over": lambda due: self.standing.hand_over(str(due.payload["proposal"])),
        }
        tasks: list[Task] = []
        for due in dues:
            way = ways.get(due.kind)
            try:
                tasks += way(due) if way else []
            except SitrepError as problem:
                # It stays claimed and is taken again in a minute; what fell due behind it must not wait for it.
                log.warning("due.failed", due=due.key, error=problem.message)
                continue
            with self.store.begin() as tx:
                tx.dues.finish(due.key)
        return tasks

    def _verify(self, due: Due) -> list[Task]:
        return self.verify(str(due.payload["proposal"]))

    def _expire(self, due: Due) -> list[Task]:
        with self.store.begin() as tx:
            proposal = tx.proposals.get(str(due.payload["proposal"]))
            if proposal.status is not ProposalStatus.PENDING:
                return []
            if tx.now() < proposal.expires_at:
                tx.dues.plan(replace(due, due_at=proposal.expires_at))
                return []
            tx.proposals.save(proposal.move_to(ProposalStatus.EXPIRED, "nobody decided in time"), was=ProposalStatus.PENDING)
            record(tx, proposal, EntryKind.DECISION, f"Expired: {proposal.title}", "sitrep")
            return [self.say.approval(tx, proposal.incident, proposal.id), self.say.card(tx, proposal.incident)]

    def _lost(self, proposal_id: str, now: datetime) -> list[Task]:
        """A run whose process died: its outcome is unknown, nobody repeats it, and the probe looks."""
        with self.store.begin() as tx:
            run, proposal = tx.proposals.run_of(proposal_id), tx.proposals.get(proposal_id)
            entry = self.verify.inventory.actions.get(proposal.request.action)
            patience = LOST_AFTER + timedelta(seconds=entry.timeout_s if entry else 0)
            if run is None or proposal.status is not ProposalStatus.RUNNING or now - run.claimed_at < patience:
                return []
            reason = "Sitrep stopped while it ran; it is not repeated"
            try:
                tx.proposals.save(proposal.move_to(ProposalStatus.UNKNOWN, reason), was=ProposalStatus.RUNNING)
            except Conflict:
                return []
            tx.proposals.save_run(replace(run, status=ProposalStatus.UNKNOWN, finished_at=now, output=reason))
            record(tx, proposal, EntryKind.RUN, f"{proposal.title}: outcome unknown. {reason}", "sitrep")
            plan_verification(tx, proposal_id, now)
            return [self.say.approval(tx, proposal.incident, proposal_id), self.say.card(tx, proposal.incident)]


def _again(delivery: Delivery, now: datetime) -> Task:
    """The next try of a delivery: every 5 s, and every minute once it has failed for longer than that."""
    every = 5 if now - delivery.received_at < timedelta(minutes=1) else 60
    return handling_of(delivery.key, f":{int(now.timestamp()) // every}")
