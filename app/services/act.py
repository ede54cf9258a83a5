"""Runs exactly what was approved, once: the only code that calls a runner."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.action import ActionSpec
from app.domain.approval import Decision, check_approver
from app.domain.canonical import Json, plain
from app.domain.errors import ActionRefused, ApprovalRefused, Conflict, NotFound, OutcomeUnknown, Unavailable
from app.domain.evidence import Evidence, EvidenceKind
from app.domain.inventory import Inventory
from app.domain.person import Person
from app.domain.proposal import Proposal, ProposalStatus, Run
from app.domain.timeline import EntryKind, check_chain
from app.domain.work import Due, Task
from app.ports.clock import Clock
from app.ports.room import Room
from app.ports.runner import Runner, RunResult
from app.ports.store import Store, Transaction
from app.services.say import Say
from app.services.verify import FIRST_LOOK, Verify

FREEZE = "freeze"


@dataclass(frozen=True, slots=True)
class Act:
    """Claim, intent in the timeline, precondition again, run, record, and a probe that will judge it."""

    store: Store
    inventory: Inventory
    runner: Runner
    room: Room
    verify: Verify
    clock: Clock
    say: Say

    def __call__(self, proposal_id: str) -> list[Task]:
        """Does nothing unless the proposal is approved and unclaimed: a second task for it changes nothing."""
        with self.store.begin() as tx:
            proposal = tx.proposals.get(proposal_id)
            approvers = [item.person for item in tx.proposals.decisions(proposal_id) if item.decision is Decision.APPROVE]
            has_expired = tx.now() >= proposal.expires_at
        if proposal.status is not ProposalStatus.APPROVED:
            return []
        if has_expired:
            return self._refuse(proposal, "the approval expired before it could run")
        try:
            spec = self._check(proposal, approvers)
        except (ActionRefused, ApprovalRefused, Unavailable) as refusal:
            return self._refuse(proposal, str(refusal))
        baseline = self.verify.measure(proposal)
        try:
            run = self._claim(proposal, baseline)
        except Conflict:
            return []
        status, output = self._run(spec, proposal, approvers[-1])
        return self._record(proposal, run, status, output)

    def _check(self, proposal: Proposal, approvers: list[str]) -> ActionSpec:
        request = proposal.request
        spec = self.inventory.action(request.action)
        spec.check(request.target, request.parameters)
        if (spec.version, self.inventory.policy_version) != (request.action_version, request.policy_version):
            raise ActionRefused("The catalogue or the rules changed after the approval.", "Propose it again.")
        if len(set(approvers)) < proposal.approvals_needed:
            raise ApprovalRefused("The approvals on record are not enough.", "Propose it again.")
        for user in approvers:
            check_approver(proposal, self._person(user), self.inventory)
        seen = self.runner.observe(spec, request.target, request.parameters)
        difference = _difference(request.precondition, seen)
        if difference:
            raise ActionRefused(f"The target changed since this was proposed: {difference}.", "Look again, then propose it anew.")
        return spec

    def _person(self, user: str) -> Person:
        """The approver as the chat knows them now; with the chat down the identity verified at the click stands."""
        try:
            return self.room.person(user)
        except NotFound:
            return Person(user, is_deactivated=True)
        except Unavailable:
            return Person(user)

    def _claim(self, proposal: Proposal, baseline: float | None) -> Run:
        with self.store.begin() as tx:
            if tx.setting(FREEZE):
                raise Conflict("Actions are frozen.", "Lift it with `/inc unfreeze`.")
            check_chain(tx.timeline.of(proposal.incident))
            tx.proposals.save(proposal.move_to(ProposalStatus.RUNNING), was=ProposalStatus.APPROVED)
            now = tx.now()
            run = Run(proposal.id, proposal.incident, proposal.fingerprint, claimed_at=now, baseline=baseline)
            tx.proposals.claim(run)
            tx.timeline.append(
                proposal.incident,
                EntryKind.INTENT,
                f"Running: {proposal.title}",
                "sitrep",
                now,
                {"proposal": proposal.id, "fingerprint": proposal.fingerprint, "action": proposal.request.canonical},
            )
            self.say.approval(tx, proposal.incident, proposal.id)
        return run

    def _run(self, spec: ActionSpec, proposal: Proposal, actor: str) -> tuple[ProposalStatus, str]:
        request = proposal.request
        try:
            result: RunResult = self.runner.run(spec, request.target, request.parameters, proposal.id, f"sitrep for {actor}")
        except (ActionRefused, Unavailable) as problem:
            return ProposalStatus.FAILED, str(problem)
        except OutcomeUnknown as problem:
            return ProposalStatus.UNKNOWN, str(problem)
        return (ProposalStatus.DONE if result.accepted else ProposalStatus.FAILED), result.output

    def _record(self, proposal: Proposal, run: Run, status: ProposalStatus, output: str) -> list[Task]:
        with self.store.begin() as tx:
            now = tx.now()
            running = tx.proposals.get(proposal.id)
            tx.proposals.save(
                running.move_to(status, output[:200] if status is ProposalStatus.FAILED else ""), was=ProposalStatus.RUNNING
            )
            tx.proposals.save_run(replace(run, status=status, finished_at=now, output=output[:2000]))
            words = {
                ProposalStatus.DONE: "ran",
                ProposalStatus.FAILED: "failed",
                ProposalStatus.UNKNOWN: "has an unknown outcome",
            }
            evidence = tx.evidence.put(
                proposal.incident,
                Evidence(
                    EvidenceKind.PROBE, f"run:{proposal.id}", "runner", f"{proposal.title} {words[status]}: {output[:200]}", now
                ),
            )
            tx.timeline.append(
                proposal.incident,
                EntryKind.RUN,
                f"{proposal.title} {words[status]}",
                "sitrep",
                now,
                {"proposal": proposal.id, "evidence": evidence.id, "output": output[:500]},
            )
            if status is not ProposalStatus.FAILED:
                plan_verification(tx, proposal.id, now)
            return [self.say.approval(tx, proposal.incident, proposal.id), self.say.card(tx, proposal.incident)]

    def _refuse(self, proposal: Proposal, reason: str) -> list[Task]:
        with self.store.begin() as tx:
            try:
                tx.proposals.save(proposal.move_to(ProposalStatus.REFUSED, reason[:300]), was=ProposalStatus.APPROVED)
            except Conflict:
                return []
            tx.timeline.append(
                proposal.incident, EntryKind.RUN, f"Nothing ran: {reason}", "sitrep", tx.now(), {"proposal": proposal.id}
            )
            return [self.say.approval(tx, proposal.incident, proposal.id), self.say.card(tx, proposal.incident)]


def plan_verification(tx: Transaction, proposal_id: str, now: datetime) -> None:
    """Plans the probe's first look at a run."""
    tx.dues.plan(Due(f"verify:{proposal_id}", "verify", now + timedelta(seconds=FIRST_LOOK), {"proposal": proposal_id}))


def _difference(approved: Mapping[str, Json], seen: Mapping[str, Json]) -> str:
    """What differs between the state people saw and the state now, in words; empty if nothing does."""
    names = sorted({*approved, *seen})
    changed = [name for name in names if plain(approved.get(name)) != plain(seen.get(name))]
    return ", ".join(f"{name} was {approved.get(name)!r}, is {seen.get(name)!r}" for name in changed)
