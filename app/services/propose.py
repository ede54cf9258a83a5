"""Makes an exact, sealed proposal out of a catalogue action, so that people approve one thing and nothing else."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.action import ActionRequest, ActionSpec
from app.domain.canonical import Json, canonical_json, plain
from app.domain.errors import ActionRefused, Refused, Unavailable
from app.domain.evidence import Finding, Suggestion
from app.domain.inventory import Inventory
from app.domain.permission import check_requester
from app.domain.person import Person
from app.domain.plan import Plan, Step
from app.domain.policy import StandingPolicy
from app.domain.proposal import Proposal, ProposalStatus, Verdict
from app.domain.timeline import EntryKind
from app.domain.wording import amount
from app.domain.work import Due, Task
from app.ports.clock import Clock, Ids
from app.ports.observer import Observer
from app.ports.store import Store, Transaction
from app.services.record import record
from app.services.say import Say

EXPIRES_AFTER = timedelta(minutes=15)
MAX_OPEN = 10
PREVIEW = 1_000


@dataclass(frozen=True, slots=True)
class Draft:
    """What is about to be proposed: an exact action, who suggests it, who asks for it, and what it belongs to."""

    incident: int
    action: str
    target: str
    parameters: Mapping[str, Json]
    proposer: str
    requester: str = ""
    why: tuple[Finding, ...] = ()
    undo_of: str = ""
    policy: str = ""
    plan: str = ""


@dataclass(frozen=True, slots=True)
class Propose:
    """Creates proposals for Sitrep itself (suggestions), for people (`/inc propose`), for plans, and for undoing a run."""

    store: Store
    inventory: Inventory
    observer: Observer
    clock: Clock
    ids: Ids
    say: Say

    def suggestion(self, number: int, suggestion: Suggestion) -> tuple[Proposal, list[Task]]:
        """Sitrep's own proposal, unless the same exact action already waits."""
        draft = Draft(number, suggestion.action, suggestion.target, suggestion.parameters, "sitrep", why=(suggestion.why,))
        return self._propose(draft)

    def request(
        self, number: int, action: str, target: str, words: Mapping[str, str], person: Person
    ) -> tuple[Proposal, list[Task]]:
        """A person's request with values as typed; adopts a waiting proposal for the same exact action."""
        spec = self.inventory.action(action)
        parameters = spec.parse(target, words)
        check_requester(person, spec, target, self.inventory)
        return self._propose(Draft(number, action, target, parameters, person.id, person.id))

    def undo(self, proposal_id: str, person: Person) -> tuple[Proposal, list[Task]]:
        """The registered inverse of a run, asked for by a person; it needs its own approval."""
        with self.store.begin() as tx:
            done = tx.proposals.get(proposal_id)
        spec, parameters = self._inverse(done)
        check_requester(person, spec, done.request.target, self.inventory)
        return self._propose(
            Draft(done.incident, spec.name, done.request.target, parameters, person.id, person.id, undo_of=done.id)
        )

    def step(self, plan: Plan, step: Step) -> tuple[Proposal, list[Task]]:
        """The proposal of one step of a plan, sealed with what is seen now; proposing it again returns the same one."""
        place = f"{plan.id}:{step.name}"
        draft = Draft(plan.incident, step.action, step.target, step.parameters, plan.requester, plan.requester, plan=place)
        return self._propose(draft)

    def standing(self, number: int, policy: StandingPolicy) -> Proposal:
        """The proposal of a standing policy, not stored yet: whoever asks stores it together with its authority."""
        policy.check(policy.parameters)
        draft = Draft(number, policy.action, policy.target, policy.parameters, f"policy:{policy.name}", policy=policy.name)
        return self._sealed(draft)

    def standing_undo(self, done: Proposal) -> Proposal:
        """The inverse of what a standing policy ran, not stored yet."""
        spec, parameters = self._inverse(done)
        return self._sealed(
            Draft(
                done.incident,
                spec.name,
                done.request.target,
                parameters,
                done.proposer,
                undo_of=done.id,
                policy=done.policy,
            )
        )

    def _inverse(self, done: Proposal) -> tuple[ActionSpec, dict[str, Json]]:
        spec = self.inventory.action(done.request.action)
        if spec.undo is None or done.status is not ProposalStatus.DONE:
            raise Refused(f"'{done.title}' has no undo now.", "Only a finished run of a reversible action can be undone.")
        return self.inventory.action(spec.undo.action), undo_parameters(spec, done.request)

    def _propose(self, draft: Draft) -> tuple[Proposal, list[Task]]:
        self.inventory.action(draft.action).check(draft.target, draft.parameters)
        with self.store.begin() as tx:
            waiting = self._same(tx, draft)
            if waiting is not None:
                return self._adopt(tx, waiting, draft.requester)
        proposal = self._sealed(draft)
        with self.store.begin() as tx:
            tx.proposals.lock_target(draft.target)
            waiting = self._same(tx, draft)
            if waiting is not None:
                return self._adopt(tx, waiting, draft.requester)
            if len([item for item in tx.proposals.of(draft.incident) if item.status is ProposalStatus.PENDING]) >= MAX_OPEN:
                raise Refused(f"INC-{draft.incident} already has {MAX_OPEN} proposals waiting.", "Approve or deny some first.")
            return proposal, self.keep(tx, proposal)

    def keep(self, tx: Transaction, proposal: Proposal) -> list[Task]:
        """Stores a sealed proposal, records it, plans its expiry and shows it."""
        number = proposal.incident
        tx.proposals.add(proposal)
        tx.dues.plan(Due(f"expire:{proposal.id}", "expire_proposal", proposal.expires_at, {"proposal": proposal.id}))
        who = f"<@{proposal.requester}>" if proposal.requester else _proposer_words(proposal)
        text = f"{who} proposes: {proposal.title}"
        record(tx, proposal, EntryKind.PROPOSAL, text, proposal.proposer, {"action": proposal.request.canonical})
        return [self.say.approval(tx, number, proposal.id), self.say.card(tx, number)]

    def _sealed(self, draft: Draft) -> Proposal:
        """The proposal with the state of its target as it is now; checks every guard that can be checked before a yes."""
        spec = self.inventory.action(draft.action)
        parameters = spec.check(draft.target, draft.parameters)
        before = self.observer.observe(spec, draft.target, parameters)
        spec.check_state(before)
        preview = self._preview(spec, draft.target, parameters)
        with self.store.begin() as tx:
            now = tx.now()
            check_rate(tx, spec, draft.target, now)
        proposal_id = self.ids.new("prop")
        request = ActionRequest(
            action=spec.name,
            action_version=spec.version,
            target=draft.target,
            parameters=parameters,
            environment=self.inventory.environment,
            incident=draft.incident,
            proposal=proposal_id,
            policy_version=self.inventory.policy_version,
            precondition=before,
        )
        return Proposal(
            id=proposal_id,
            request=request,
            title=title_of(spec, draft.target, parameters),
            risk=spec.risk,
            why=draft.why,
            proposer=draft.proposer,
            requester=draft.requester,
            created_at=now,
            expires_at=now + EXPIRES_AFTER,
            undo_of=draft.undo_of,
            policy=draft.policy,
            plan=draft.plan,
            preview=preview,
        )

    def _preview(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> str:
        """The dry run's words for the card; a target that cannot be asked now is said so, and the yes or no stays with people."""
        try:
            shown = self.observer.preview(spec, target, parameters)
        except Unavailable as problem:
            return f"no dry run: {problem}"[:PREVIEW]
        return shown.text[:PREVIEW] + ("" if shown.is_exact else "\n(the target may still decide otherwise)")

    def _same(self, tx: Transaction, draft: Draft) -> Proposal | None:
        """A live proposal for the same exact action; a step of a plan is its own, whatever became of it."""
        if draft.plan:
            return next((item for item in tx.proposals.of(draft.incident) if item.plan == draft.plan), None)
        wanted = canonical_json([draft.action, draft.target, plain(draft.parameters)])
        for item in tx.proposals.of(draft.incident):
            alive = item.status in {ProposalStatus.PENDING, ProposalStatus.APPROVED, ProposalStatus.RUNNING}
            if alive and canonical_json([item.request.action, item.request.target, plain(item.request.parameters)]) == wanted:
                return item
        return None

    def _adopt(self, tx: Transaction, waiting: Proposal, requester: str) -> tuple[Proposal, list[Task]]:
        if not requester or waiting.requester or waiting.status is not ProposalStatus.PENDING:
            return waiting, []
        adopted = waiting.asked_for_by(requester)
        tx.proposals.save(adopted, was=ProposalStatus.PENDING)
        record(tx, adopted, EntryKind.PROPOSAL, f"<@{requester}> asks for: {waiting.title}", requester)
        return adopted, [self.say.approval(tx, waiting.incident, waiting.id), self.say.card(tx, waiting.incident)]


def check_rate(tx: Transaction, spec: ActionSpec, target: str, now: datetime) -> None:
    """Raises ActionRefused if the action already ran on that target as often as its entry allows."""
    limit = spec.rate_limit
    if limit is not None and tx.proposals.runs_since(spec.name, target, now - timedelta(seconds=limit.per_s)) >= limit.runs:
        raise ActionRefused(f"{spec.name} ran on {target} often enough: {limit.sentence}.", "Wait, or find another way.")


def _proposer_words(proposal: Proposal) -> str:
    return f"The standing policy '{proposal.policy}'" if proposal.policy else "Sitrep"


def title_of(spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> str:
    """The entry's title with its exact values in place."""
    words = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in parameters.items()}
    words = {"target": target, **words}
    # In one pass: a value that looks like a placeholder is not one.
    return re.sub(r"\{(\w+)\}", lambda slot: words.get(slot.group(1), slot.group(0)), spec.title)[:150]


def undo_parameters(spec: ActionSpec, request: ActionRequest) -> dict[str, Json]:
    """The inverse's parameters: `{before}` from the precondition, `{name}` from the request."""
    if spec.undo is None:
        raise ActionRefused(f"{spec.name} has no undo registered.", "Undo it by hand, or add one to the catalogue.")
    known: dict[str, Json] = {**request.parameters, **request.precondition}
    filled: dict[str, Json] = {}
    for name, value in spec.undo.parameters.items():
        is_slot = isinstance(value, str) and value.startswith("{") and value.endswith("}")
        if is_slot and str(value)[1:-1] not in known:
            raise ActionRefused(f"The state before {spec.name} was not seen, so it cannot be undone exactly.", "Undo it by hand.")
        filled[name] = known[str(value)[1:-1]] if is_slot else value
    return filled


def undo_words(spec: ActionSpec, request: ActionRequest, inventory: Inventory) -> str:
    """How this exact action would be taken back, in words for the approval card."""
    if spec.undo is None:
        return "none registered: this cannot be taken back by Sitrep"
    try:
        parameters = undo_parameters(spec, request)
        return title_of(inventory.action(spec.undo.action), request.target, parameters)
    except ActionRefused as problem:
        return problem.message


def verdict_words(verdict: Verdict, metric: str, unit: str, baseline: float | None, observed: float | None) -> str:
    """The probe's decision with its numbers."""
    was = "unseen" if baseline is None else amount(baseline, unit)
    is_now = "unseen" if observed is None else amount(observed, unit)
    words = {Verdict.RECOVERED: "recovered", Verdict.NO_CHANGE: "no change", Verdict.WORSE: "worse", Verdict.UNKNOWN: "unknown"}
    return f"{words[verdict]}: {metric} was {was}, is {is_now}"
