"""Runs exactly what was approved, once: the only code that calls a runner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.action import ActionRequest, ActionSpec
from app.domain.approval import Approval
from app.domain.audit import Head
from app.domain.canonical import Json
from app.domain.errors import ActionRefused, AuditBroken, Conflict, OutcomeUnknown, Refused, Unavailable
from app.domain.evidence import Evidence, EvidenceKind
from app.domain.guards import difference
from app.domain.inventory import Inventory
from app.domain.permission import check_freeze
from app.domain.person import Person
from app.domain.proposal import Proposal, ProposalStatus, Run
from app.domain.timeline import EntryKind, check_chain
from app.domain.work import Due, Task
from app.ports.runner import Runner, RunResult
from app.ports.store import Store, Transaction
from app.services.approve import rules_changed, stop_fixing
from app.services.audit import Audit
from app.services.authority import Authority
from app.services.propose import check_rate
from app.services.record import record
from app.services.say import Say
from app.services.verify import FIRST_LOOK, Verify, plan_hand_over

FREEZE = "freeze"
MANUAL = "manual"
_WORDS = {
    ProposalStatus.DONE: "ran",
    ProposalStatus.FAILED: "failed",
    ProposalStatus.UNKNOWN: "has an unknown outcome",
    ProposalStatus.REFUSED: "did not run",
}


class _TargetIsBusy(Exception):
    """Another action holds the target; this one waits its turn."""


@dataclass(frozen=True, slots=True)
class Act:
    """Claim, intent in the audit chain, precondition again, run, record, and a probe that will judge it."""

    store: Store
    inventory: Inventory
    runner: Runner
    authority: Authority
    audit: Audit
    verify: Verify
    say: Say

    def __call__(self, proposal_id: str) -> list[Task]:
        """Does nothing unless the proposal is approved and unclaimed: a second task for it changes nothing."""
        with self.store.begin() as tx:
            proposal, approvals = tx.proposals.get(proposal_id), tx.proposals.decisions(proposal_id)
        if proposal.status is not ProposalStatus.APPROVED:
            return []
        try:
            spec = self._spec(proposal)
            people = [] if proposal.policy else self.authority.people_of(approvals)
            published = self.audit.latest_published()
            run, head = self._claim(proposal, spec, people, published, self.verify.measure(proposal))
        except (Refused, AuditBroken) as refusal:
            return self._refuse(proposal, str(refusal))
        except (Conflict, _TargetIsBusy):
            return []
        try:
            self.audit.publish(head, run.claimed_at)
            seen = self._look(spec, proposal)
        except (Refused, Unavailable) as problem:
            return self._record(proposal, run, ProposalStatus.REFUSED, str(problem))
        status, output = self._run(spec, proposal, approvals, seen)
        return self._record(proposal, run, status, output)

    def _spec(self, proposal: Proposal) -> ActionSpec:
        request = proposal.request
        spec = self.inventory.action(request.action)
        spec.check(request.target, request.parameters)
        return spec

    def _look(self, spec: ActionSpec, proposal: Proposal) -> Mapping[str, Json]:
        """The precondition once more, now that nothing else may touch the target: raises ActionRefused if the world moved,
        or if somebody froze everything while we looked.
        """
        request = proposal.request
        seen = self.runner.observe(spec, request.target, request.parameters)
        changed = difference(request.precondition, seen)
        if changed:
            raise ActionRefused(f"The target changed since this was proposed: {changed}.", "Look again, then propose it anew.")
        spec.check_state(seen)
        with self.store.begin() as tx:
            self._check_frozen(tx, request, tx.now())
        return seen

    def _claim(
        self, proposal: Proposal, spec: ActionSpec, people: list[Person], published: Sequence[Head], baseline: float | None
    ) -> tuple[Run, Head]:
        """One transaction decides: everything that may forbid the run is read in it, and the intent is written in it."""
        request = proposal.request
        with self.store.begin() as tx:
            now = tx.now()
            tx.proposals.lock_target(request.target)
            self._check_rules(tx, proposal, spec, now)
            self.authority.check(tx, proposal, people)
            if tx.proposals.busy_on(request.target):
                raise _TargetIsBusy
            check_rate(tx, spec, request.target, now)
            check_chain(tx.timeline.of(proposal.incident))
            tx.proposals.save(proposal.move_to(ProposalStatus.RUNNING), was=ProposalStatus.APPROVED)
            data: dict[str, Json] = {
                "action": request.canonical,
                "policy": proposal.policy,
                "approvers": [person.id for person in people],
            }
            head = record(tx, proposal, EntryKind.INTENT, f"Running: {proposal.title}", "sitrep", data)
            self.audit.require_whole(tx, published)
            run = Run(
                proposal.id,
                proposal.incident,
                proposal.fingerprint,
                claimed_at=now,
                baseline=baseline,
                audit=f"{head.seq}:{head.hash}",
            )
            tx.proposals.claim(run)
            self.say.approval(tx, proposal.incident, proposal.id)
        return run, head

    def _check_rules(self, tx: Transaction, proposal: Proposal, spec: ActionSpec, now: datetime) -> None:
        request = proposal.request
        self._check_frozen(tx, request, now)
        if now >= proposal.expires_at:
            raise ActionRefused("The approval expired before it could run.", "Propose it again.")
        if proposal.is_from_the_future(now):
            raise ActionRefused(
                "The database's clock went back since this was proposed.", "Set the clock, then propose it again."
            )
        if not tx.incidents.get(proposal.incident).is_open:
            raise ActionRefused(f"INC-{proposal.incident} is over.", "Reopen it, then propose it again.")
        if (spec.version, self.inventory.policy_version) != (request.action_version, request.policy_version):
            raise ActionRefused(f"Nothing runs: {rules_changed(tx, proposal, self.inventory)}.", "Propose it again.")
        if proposal.risk is not spec.risk:
            raise ActionRefused(
                f"{spec.name} has {spec.risk.label} risk, and this says {proposal.risk.label}.", "Propose it again."
            )

    def _check_frozen(self, tx: Transaction, request: ActionRequest, now: datetime) -> None:
        frozen = tx.setting(FREEZE)
        if frozen:
            raise ActionRefused(f"Actions are frozen by {frozen}.", "Lift it with `/inc unfreeze`, then propose it again.")
        check_freeze(self.inventory, request.action, request.target, now)

    def _run(
        self, spec: ActionSpec, proposal: Proposal, approvals: Sequence[Approval], seen: Mapping[str, Json]
    ) -> tuple[ProposalStatus, str]:
        request = proposal.request
        actor = approvals[-1].person if approvals else f"the standing policy {proposal.policy}"
        try:
            result: RunResult = self.runner.run(
                spec, request.target, request.parameters, proposal.id, f"sitrep for {actor}", seen
            )
        except (ActionRefused, Unavailable) as problem:
            return ProposalStatus.FAILED, str(problem)
        except OutcomeUnknown as problem:
            return ProposalStatus.UNKNOWN, str(problem)
        if result.accepted and spec.executor == MANUAL:
            return ProposalStatus.UNKNOWN, result.output
        return (ProposalStatus.DONE if result.accepted else ProposalStatus.FAILED), result.output

    def _record(self, proposal: Proposal, run: Run, status: ProposalStatus, output: str) -> list[Task]:
        """What became of a claimed run; `refused` means that nothing was sent to the target."""
        with self.store.begin() as tx:
            now = tx.now()
            running, run = tx.proposals.get(proposal.id), tx.proposals.run_of(proposal.id) or run
            if running.status is ProposalStatus.UNKNOWN and status is ProposalStatus.REFUSED:
                status = ProposalStatus.FAILED
            if running.status is status or not running.may_become(status):
                # It took so long that Sitrep gave it up, and people or the probe have settled it since.
                record(tx, running, EntryKind.RUN, f"{proposal.title} {_WORDS[status]}, late: {output[:200]}", "sitrep")
                return []
            has_ended = status in {ProposalStatus.FAILED, ProposalStatus.REFUSED}
            tx.proposals.save(running.move_to(status, output[:300] if has_ended else ""), was=running.status)
            tx.proposals.save_run(replace(run, status=status, finished_at=now, output=output[:2000]))
            text = f"{proposal.title} {_WORDS[status]}"
            evidence = tx.evidence.put(
                proposal.incident,
                Evidence(EvidenceKind.PROBE, f"run:{proposal.id}", "runner", f"{text}: {output[:200]}", now),
            )
            record(tx, proposal, EntryKind.RUN, text, "sitrep", {"evidence": evidence.id, "output": output[:500]})
            if has_ended:
                tx.dues.cancel(f"verify:{proposal.id}")
                why = "The fix did not run" if status is ProposalStatus.REFUSED else "The fix failed"
                stop_fixing(tx, proposal.incident, why)
                plan_hand_over(tx, running, now)
            elif run.verdict is None:
                plan_verification(tx, proposal.id, now)
            return [self.say.approval(tx, proposal.incident, proposal.id), self.say.card(tx, proposal.incident)]

    def _refuse(self, proposal: Proposal, reason: str) -> list[Task]:
        with self.store.begin() as tx:
            try:
                tx.proposals.save(proposal.move_to(ProposalStatus.REFUSED, reason[:300]), was=ProposalStatus.APPROVED)
            except Conflict:
                return []
            record(tx, proposal, EntryKind.RUN, f"Nothing ran: {reason}", "sitrep")
            stop_fixing(tx, proposal.incident, "The fix was refused")
            plan_hand_over(tx, proposal, tx.now())
            return [self.say.approval(tx, proposal.incident, proposal.id), self.say.card(tx, proposal.incident)]


def waits_for_person(inventory: Inventory, proposal: Proposal) -> bool:
    """True for a step that a person carries out: its probe looks only once that person said it is done."""
    spec = inventory.actions.get(proposal.request.action)
    return spec is not None and spec.executor == MANUAL


def plan_verification(tx: Transaction, proposal_id: str, now: datetime) -> None:
    """Plans the probe's first look at a run."""
    tx.dues.plan(Due(f"verify:{proposal_id}", "verify", now + timedelta(seconds=FIRST_LOOK), {"proposal": proposal_id}))
