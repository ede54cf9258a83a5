"""A proposal: one exact action, why it should help, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.action import ActionRequest, Risk
from app.domain.errors import TransitionRefused
from app.domain.evidence import Finding

# How far clocks are corrected in small steps without anybody noticing.
CLOCK_SLACK = timedelta(seconds=5)


class ProposalStatus(StrEnum):
    """`approved` waits for the runner; `unknown` means the call left and never answered; `refused` that no call left."""

    PENDING = "pending"
    APPROVED = "approved"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    DENIED = "denied"
    EXPIRED = "expired"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Verdict(StrEnum):
    """What the success probe says after a run; an exit code never counts."""

    RECOVERED = "recovered"
    NO_CHANGE = "no_change"
    WORSE = "worse"
    UNKNOWN = "unknown"


_NEXT: Mapping[ProposalStatus, frozenset[ProposalStatus]] = {
    ProposalStatus.PENDING: frozenset(
        {
            ProposalStatus.APPROVED,
            ProposalStatus.DENIED,
            ProposalStatus.EXPIRED,
            ProposalStatus.REFUSED,
            ProposalStatus.WITHDRAWN,
        }
    ),
    ProposalStatus.APPROVED: frozenset(
        {ProposalStatus.RUNNING, ProposalStatus.REFUSED, ProposalStatus.WITHDRAWN, ProposalStatus.EXPIRED}
    ),
    ProposalStatus.RUNNING: frozenset(
        {ProposalStatus.DONE, ProposalStatus.FAILED, ProposalStatus.UNKNOWN, ProposalStatus.REFUSED}
    ),
    ProposalStatus.UNKNOWN: frozenset({ProposalStatus.DONE, ProposalStatus.FAILED}),
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """One exact action awaiting people. `proposer` suggested it, `requester` (a person, or empty) asked for it to run.

    `undo_of` names the proposal it takes back. `reason` says why it was refused, denied or failed. `preview` is the dry run
    people saw. `policy` names the standing policy that approved it, if one did; `plan` the plan it is a step of.
    """

    id: str
    request: ActionRequest
    title: str
    risk: Risk
    why: tuple[Finding, ...]
    proposer: str
    created_at: datetime
    expires_at: datetime
    requester: str = ""
    status: ProposalStatus = ProposalStatus.PENDING
    undo_of: str = ""
    reason: str = ""
    verdict: Verdict | None = None
    preview: str = ""
    policy: str = ""
    plan: str = ""

    @property
    def incident(self) -> int:
        """The incident's number."""
        return self.request.incident

    @property
    def fingerprint(self) -> str:
        """The request's fingerprint."""
        return self.request.fingerprint

    @property
    def approvals_needed(self) -> int:
        """Two different people for high risk, one otherwise."""
        return 2 if self.risk is Risk.HIGH else 1

    def is_from_the_future(self, now: datetime) -> bool:
        """True when the clock was set back since it was made, so that its expiry would come too late."""
        return now < self.created_at - CLOCK_SLACK

    @property
    def is_in_hand(self) -> bool:
        """True while it is approved, runs, or waits for its probe."""
        if self.status in {ProposalStatus.APPROVED, ProposalStatus.RUNNING}:
            return True
        return self.status in {ProposalStatus.DONE, ProposalStatus.UNKNOWN} and self.verdict is None

    def may_become(self, status: ProposalStatus) -> bool:
        """True when `move_to` would not refuse."""
        return status in _NEXT.get(self.status, frozenset())

    def move_to(self, status: ProposalStatus, reason: str = "") -> "Proposal":
        """The proposal in its new status; raises TransitionRefused, also for a second decision."""
        if not self.may_become(status):
            raise TransitionRefused(
                f"This proposal is {self.status.value} and cannot become {status.value}.",
                "Ask for a new one with `/inc propose`.",
            )
        return replace(self, status=status, reason=reason or self.reason)

    def asked_for_by(self, user: str) -> "Proposal":
        """The proposal adopted by a person; the first one to ask stays the requester."""
        return self if self.requester else replace(self, requester=user)

    def judged(self, verdict: Verdict) -> "Proposal":
        """The proposal with what the probe decided."""
        return replace(self, verdict=verdict)


@dataclass(frozen=True, slots=True)
class Run:
    """The one execution of a proposal: claimed once, its intent recorded before the call left.

    `before` is the precondition seen right before the call, `baseline` the probe's metric then (None if unseen);
    `output` is what the target answered, cut to 2,000 characters. `audit` is the audit chain's head with the intent.
    """

    proposal: str
    incident: int
    fingerprint: str
    claimed_at: datetime
    status: ProposalStatus = ProposalStatus.RUNNING
    finished_at: datetime | None = None
    baseline: float | None = None
    output: str = ""
    verdict: Verdict | None = None
    verdict_at: datetime | None = None
    observed: float | None = None
    audit: str = ""
