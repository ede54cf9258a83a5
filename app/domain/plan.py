"""A plan: several actions in order, each shown, approved, run and judged on its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from app.domain.canonical import Json
from app.domain.errors import BadInput, TransitionRefused
from app.domain.proposal import Proposal, ProposalStatus, Verdict


class PlanStatus(StrEnum):
    """`stopped` means that a step failed, was denied or did not help; nothing after it is proposed."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


class Goal(StrEnum):
    """What lets the next step begin: the probe says recovered, or the step ran and the probe does not say worse."""

    RECOVERED = "recovered"
    RAN = "ran"


@dataclass(frozen=True, slots=True)
class Step:
    """One action of a plan. `after` names the steps that must have reached their goal; `proposal` is set once proposed."""

    name: str
    action: str
    target: str
    parameters: Mapping[str, Json] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    goal: Goal = Goal.RECOVERED
    proposal: str = ""


@dataclass(frozen=True, slots=True)
class PlanSpec:
    """A plan of the catalogue: a name people ask for and its steps."""

    name: str
    title: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan under way in one incident. `version` counts changes, so that two replicas cannot both move it."""

    id: str
    incident: int
    name: str
    title: str
    requester: str
    steps: tuple[Step, ...]
    created_at: datetime
    status: PlanStatus = PlanStatus.RUNNING
    reason: str = ""
    version: int = 1

    def ready(self, proposals: Mapping[str, Proposal]) -> tuple[Step, ...]:
        """Steps that were not proposed yet and whose predecessors all reached their goal."""
        if self.status is not PlanStatus.RUNNING:
            return ()
        reached = {step.name for step in self.steps if has_reached(step, proposals.get(step.proposal))}
        return tuple(step for step in self.steps if not step.proposal and set(step.after) <= reached)

    def proposed(self, step: str, proposal: str) -> "Plan":
        """The plan with a step's proposal; raises TransitionRefused if the step has one already."""
        if any(item.name == step and item.proposal for item in self.steps):
            raise TransitionRefused(f"Step '{step}' was proposed already.", "Look at its card.")
        steps = tuple(replace(item, proposal=proposal) if item.name == step else item for item in self.steps)
        return replace(self, steps=steps)

    def judged(self, proposals: Mapping[str, Proposal]) -> "Plan":
        """The plan stopped at the first step that can no longer reach its goal, or done when all have; else as it is."""
        if self.status is not PlanStatus.RUNNING:
            return self
        for step in self.steps:
            problem = failure(step, proposals.get(step.proposal))
            if problem:
                return replace(self, status=PlanStatus.STOPPED, reason=f"step '{step.name}' {problem}")
        if all(has_reached(step, proposals.get(step.proposal)) for step in self.steps):
            return replace(self, status=PlanStatus.DONE)
        return self


def has_reached(step: Step, proposal: Proposal | None) -> bool:
    """True when the step ran and its probe is satisfied with it."""
    if proposal is None or proposal.status is not ProposalStatus.DONE or proposal.verdict is None:
        return False
    if step.goal is Goal.RAN:
        return proposal.verdict is not Verdict.WORSE
    return proposal.verdict is Verdict.RECOVERED


def failure(step: Step, proposal: Proposal | None) -> str:
    """Why the step can no longer reach its goal, in words; empty while it can."""
    if proposal is None:
        return ""
    ended = {
        ProposalStatus.FAILED,
        ProposalStatus.DENIED,
        ProposalStatus.EXPIRED,
        ProposalStatus.REFUSED,
        ProposalStatus.WITHDRAWN,
    }
    if proposal.status in ended:
        return f"was {proposal.status.value}"
    if proposal.verdict is None or has_reached(step, proposal):
        return ""
    return f"ended with {proposal.verdict.value.replace('_', ' ')}"


def check_steps(steps: Sequence[Step]) -> None:
    """Raises BadInput unless names are unique, every predecessor exists, and the steps form no circle."""
    names = [step.name for step in steps]
    if len(set(names)) != len(names):
        raise BadInput("Two steps have the same name.", "Name each step once.")
    done: set[str] = set()
    waiting = list(steps)
    for step in steps:
        unknown = sorted(set(step.after) - set(names))
        if unknown:
            raise BadInput(f"Step '{step.name}' waits for '{unknown[0]}', which is no step.", f"Steps are: {', '.join(names)}.")
    while waiting:
        free = [step for step in waiting if set(step.after) <= done]
        if not free:
            raise BadInput("The steps wait for one another in a circle.", "Let at least one step wait for none.")
        done |= {step.name for step in free}
        waiting = [step for step in waiting if step not in free]
