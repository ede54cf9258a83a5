"""Makes an exact, sealed proposal out of a catalogue action, so that people approve one thing and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.domain.action import ActionRequest, ActionSpec
from app.domain.canonical import Json, canonical_json, plain
from app.domain.errors import ActionRefused, Refused
from app.domain.evidence import Finding, Suggestion
from app.domain.inventory import Inventory
from app.domain.proposal import Proposal, ProposalStatus, Verdict
from app.domain.timeline import EntryKind
from app.domain.wording import amount
from app.domain.work import Due, Task
from app.ports.clock import Clock, Ids
from app.ports.observer import Observer
from app.ports.store import Store, Transaction
from app.services.say import Say

EXPIRES_AFTER = timedelta(minutes=15)
MAX_OPEN = 10


@dataclass(frozen=True, slots=True)
class Propose:
    """Creates proposals for Sitrep itself (suggestions), for people (`/inc propose`) and for undoing a run."""

    store: Store
    inventory: Inventory
    observer: Observer
    clock: Clock
    ids: Ids
    say: Say

    def suggestion(self, number: int, suggestion: Suggestion) -> tuple[Proposal, list[Task]]:
        """Sitrep's own proposal, unless the same exact action already waits."""
        return self._propose(number, suggestion.action, suggestion.target, suggestion.parameters, (suggestion.why,), "sitrep", "")

    def request(
        self, number: int, action: str, target: str, words: Mapping[str, str], person: str
    ) -> tuple[Proposal, list[Task]]:
        """A person's request with values as typed; adopts a waiting proposal for the same exact action."""
        parameters = self.inventory.action(action).parse(target, words)
        return self._propose(number, action, target, parameters, (), person, person)

    def undo(self, proposal_id: str, person: str) -> tuple[Proposal, list[Task]]:
        """The registered inverse of a run, asked for by a person; it needs its own approval."""
        with self.store.begin() as tx:
            done = tx.proposals.get(proposal_id)
        spec = self.inventory.action(done.request.action)
        if spec.undo is None or done.status is not ProposalStatus.DONE:
            raise Refused(f"'{done.title}' has no undo now.", "Only a finished run of a reversible action can be undone.")
        parameters = undo_parameters(spec, done.request)
        return self._propose(
            done.incident, spec.undo.action, done.request.target, parameters, (), person, person, undo_of=done.id
        )

    def _propose(
        self,
        number: int,
        action: str,
        target: str,
        parameters: Mapping[str, Json],
        why: Sequence[Finding],
        proposer: str,
        requester: str,
        undo_of: str = "",
    ) -> tuple[Proposal, list[Task]]:
        spec = self.inventory.action(action)
        checked = spec.check(target, parameters)
        before = self.observer.observe(spec, target, checked)
        with self.store.begin() as tx:
            waiting = self._same(tx, number, action, target, checked)
            if waiting is not None:
                return self._adopt(tx, waiting, requester)
            proposal = self._new(tx, number, spec, target, checked, before, why, proposer, requester, undo_of)
            who = f"<@{requester}>" if requester else "Sitrep"
            tx.timeline.append(
                number,
                EntryKind.PROPOSAL,
                f"{who} proposes: {proposal.title}",
                proposer,
                self.clock.now(),
                {"proposal": proposal.id, "fingerprint": proposal.fingerprint, "action": proposal.request.canonical},
            )
            return proposal, [self.say.approval(tx, number, proposal.id), self.say.card(tx, number)]

    def _new(
        self,
        tx: Transaction,
        number: int,
        spec: ActionSpec,
        target: str,
        parameters: Mapping[str, Json],
        before: Mapping[str, Json],
        why: Sequence[Finding],
        proposer: str,
        requester: str,
        undo_of: str,
    ) -> Proposal:
        if len([item for item in tx.proposals.of(number) if item.status is ProposalStatus.PENDING]) >= MAX_OPEN:
            raise Refused(f"INC-{number} already has {MAX_OPEN} proposals waiting.", "Approve or deny some first.")
        now = tx.now()
        proposal_id = self.ids.new("prop")
        request = ActionRequest(
            action=spec.name,
            action_version=spec.version,
            target=target,
            parameters=parameters,
            environment=self.inventory.environment,
            incident=number,
            proposal=proposal_id,
            policy_version=self.inventory.policy_version,
            precondition=before,
        )
        proposal = Proposal(
            id=proposal_id,
            request=request,
            title=title_of(spec, target, parameters),
            risk=spec.risk,
            why=tuple(why),
            proposer=proposer,
            requester=requester,
            created_at=now,
            expires_at=now + EXPIRES_AFTER,
            undo_of=undo_of,
        )
        tx.proposals.add(proposal)
        tx.dues.plan(Due(f"expire:{proposal_id}", "expire_proposal", proposal.expires_at, {"proposal": proposal_id}))
        return proposal

    def _same(self, tx: Transaction, number: int, action: str, target: str, parameters: Mapping[str, Json]) -> Proposal | None:
        wanted = canonical_json([action, target, plain(parameters)])
        for item in tx.proposals.of(number):
            alive = item.status in {ProposalStatus.PENDING, ProposalStatus.APPROVED, ProposalStatus.RUNNING}
            if alive and canonical_json([item.request.action, item.request.target, plain(item.request.parameters)]) == wanted:
                return item
        return None

    def _adopt(self, tx: Transaction, waiting: Proposal, requester: str) -> tuple[Proposal, list[Task]]:
        if not requester or waiting.requester or waiting.status is not ProposalStatus.PENDING:
            return waiting, []
        adopted = waiting.asked_for_by(requester)
        tx.proposals.save(adopted, was=ProposalStatus.PENDING)
        tx.timeline.append(
            waiting.incident,
            EntryKind.PROPOSAL,
            f"<@{requester}> asks for: {waiting.title}",
            requester,
            self.clock.now(),
            {"proposal": waiting.id, "fingerprint": waiting.fingerprint},
        )
        return adopted, [self.say.approval(tx, waiting.incident, waiting.id), self.say.card(tx, waiting.incident)]


def title_of(spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> str:
    """The entry's title with its exact values in place."""
    words = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in parameters.items()}
    title = spec.title
    for name, value in {"target": target, **words}.items():
        title = title.replace("{" + name + "}", value)
    return title[:150]


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
