"""Proposals as rows, with their decisions and their one run: every race here has one winner."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Field, Session, UniqueConstraint, col

from app.adapters.store import nested
from app.adapters.store.columns import CleanText, JsonText, UtcTime
from app.adapters.store.rows import Row, fetch, find, find_all, insert_new, set_row, table, wait_for_turn
from app.domain.action import Risk
from app.domain.approval import Approval, Decision
from app.domain.errors import Conflict, NotFound
from app.domain.proposal import Proposal, ProposalStatus, Run, Verdict


class ProposalRow(Row, table=True):
    """One exact action awaiting people."""

    __tablename__ = "proposals"
    id: str = Field(primary_key=True, sa_type=CleanText)
    incident: int = Field(foreign_key="incidents.number", index=True)
    action: str = Field(sa_type=CleanText, index=True)
    status: str = Field(sa_type=CleanText, index=True)
    request: Any = Field(sa_type=JsonText)
    title: str = Field(sa_type=CleanText)
    risk: int
    why: Any = Field(sa_type=JsonText)
    proposer: str = Field(sa_type=CleanText)
    requester: str = Field(sa_type=CleanText)
    created_at: datetime = Field(sa_type=UtcTime)
    expires_at: datetime = Field(sa_type=UtcTime)
    undo_of: str = Field(sa_type=CleanText)
    reason: str = Field(sa_type=CleanText)
    verdict: str | None = Field(sa_type=CleanText)
    target: str = Field(sa_type=CleanText, index=True)
    preview: str = Field(sa_type=CleanText)
    policy: str = Field(sa_type=CleanText)
    plan: str = Field(sa_type=CleanText)


class DecisionRow(Row, table=True):
    """One person's decision; a second one of the same person on the same proposal cannot be stored."""

    __tablename__ = "decisions"
    __table_args__ = (UniqueConstraint("proposal", "person"),)
    seq: int | None = Field(default=None, primary_key=True)
    proposal: str = Field(foreign_key="proposals.id", sa_type=CleanText)
    person: str = Field(sa_type=CleanText)
    fingerprint: str = Field(sa_type=CleanText)
    decision: str = Field(sa_type=CleanText)
    at: datetime = Field(sa_type=UtcTime)
    via: str = Field(sa_type=CleanText)


class RunRow(Row, table=True):
    """The one run of a proposal: the proposal's id is the key, so there cannot be two."""

    __tablename__ = "runs"
    proposal: str = Field(primary_key=True, foreign_key="proposals.id", sa_type=CleanText)
    incident: int = Field(foreign_key="incidents.number", index=True)
    fingerprint: str = Field(sa_type=CleanText)
    claimed_at: datetime = Field(sa_type=UtcTime)
    status: str = Field(sa_type=CleanText)
    finished_at: datetime | None = Field(sa_type=UtcTime)
    baseline: float | None
    output: str = Field(sa_type=CleanText)
    verdict: str | None = Field(sa_type=CleanText)
    verdict_at: datetime | None = Field(sa_type=UtcTime)
    observed: float | None
    audit: str = Field(sa_type=CleanText)


class SqlProposals:
    """Proposals, their decisions and their single run."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, proposal: Proposal) -> None:
        """Stores a new one; raises Conflict if the id exists."""
        if not insert_new(self._session, _proposal_row(proposal)):
            raise Conflict(f"A proposal {proposal.id} exists already.", "Read it instead of storing it again.")

    def get(self, proposal_id: str) -> Proposal:
        """Raises NotFound."""
        row = find(self._session, ProposalRow, id=proposal_id)
        if row is None:
            raise _no_proposal(proposal_id)
        return _proposal(row)

    def save(self, proposal: Proposal, was: ProposalStatus) -> None:
        """Stores it only if its stored status is still `was`; raises Conflict otherwise, NotFound if there is none."""
        ours = {"id": proposal.id, "status": was.value}
        if set_row(self._session, ProposalRow, ours, _proposal_row(proposal).model_dump(exclude={"id"})) == 1:
            return
        current = self.get(proposal.id)
        raise Conflict(
            f"This proposal is {current.status.value} and no longer {was.value}: somebody was faster.",
            "Read it again; nothing was changed.",
        )

    def of(self, incident: int) -> Sequence[Proposal]:
        """Oldest first."""
        return [_proposal(row) for row in find_all(self._session, ProposalRow, ("created_at", "id"), incident=incident)]

    def in_status(self, status: ProposalStatus) -> Sequence[Proposal]:
        """Across incidents, oldest first."""
        return [_proposal(row) for row in find_all(self._session, ProposalRow, ("created_at", "id"), status=status.value)]

    def decide(self, approval: Approval) -> bool:
        """Stores a decision; False if this person already decided on this proposal.

        The proposal stays locked until commit: of two people who approve at the same moment, the second one sees both
        decisions when it counts them.
        """
        if find(self._session, ProposalRow, lock=True, id=approval.proposal) is None:
            raise _no_proposal(approval.proposal)
        return insert_new(self._session, _decision_row(approval), omit=frozenset({"seq"}))

    def decisions(self, proposal_id: str) -> Sequence[Approval]:
        """Oldest first."""
        return [_approval(row) for row in find_all(self._session, DecisionRow, ("seq",), proposal=proposal_id)]

    def claim(self, run: Run) -> None:
        """Stores the one run of a proposal; raises Conflict if there is one already."""
        if not insert_new(self._session, _run_row(run)):
            raise Conflict(f"Proposal {run.proposal} was run already.", "It runs once; propose it again to repeat it.")

    def save_run(self, run: Run) -> None:
        """Stores what became of it; raises NotFound if it was never claimed."""
        values = _run_row(run).model_dump(exclude={"proposal"})
        if set_row(self._session, RunRow, {"proposal": run.proposal}, values) != 1:
            raise NotFound(f"Proposal {run.proposal} was never claimed.", "Claim the run before saving its result.")

    def run_of(self, proposal_id: str) -> Run | None:
        """The run, if it was claimed."""
        row = find(self._session, RunRow, proposal=proposal_id)
        return None if row is None else _run(row)

    def track_record(self, action: str, target: str = "") -> Mapping[Verdict, int]:
        """How often each verdict followed that action (on `target`, if named); every verdict is named, unseen ones with 0."""
        runs, proposals = table(RunRow), table(ProposalRow)
        here = [proposals.c.target == target] if target else []
        counted = (
            select(runs.c.verdict, func.count())
            .join(proposals, proposals.c.id == runs.c.proposal)
            .where(proposals.c.action == action, runs.c.verdict.is_not(None), *here)
            .group_by(runs.c.verdict)
        )
        seen = {str(verdict): int(count) for verdict, count in self._session.connection().execute(counted)}
        return {verdict: seen.get(verdict.value, 0) for verdict in Verdict}

    def lock_target(self, target: str) -> None:
        """Waits until no other open transaction holds this target, and holds it until this one ends."""
        wait_for_turn(self._session, f"target:{target}")

    def busy_on(self, target: str) -> Sequence[Proposal]:
        """What is running on the target now, or ran with an outcome nobody knows yet."""
        running = (col(ProposalRow.status) == ProposalStatus.RUNNING.value) | (
            (col(ProposalRow.status) == ProposalStatus.UNKNOWN.value) & col(ProposalRow.verdict).is_(None)
        )
        return self._ordered((col(ProposalRow.target) == target) & running)

    def runs_since(self, action: str, target: str, since: datetime) -> int:
        """How many runs of that action on that target were claimed at or after that time."""
        return self._count_runs(since, col(ProposalRow.action) == action, col(ProposalRow.target) == target)

    def policy_runs_since(self, policy: str, since: datetime) -> int:
        """How many runs a standing policy made at or after that time; what it undid is not counted."""
        return self._count_runs(since, col(ProposalRow.policy) == policy, col(ProposalRow.undo_of) == "")

    def _count_runs(self, since: datetime, *conditions: ColumnElement[bool]) -> int:
        counted = (
            select(func.count())
            .select_from(RunRow)
            .join(ProposalRow, col(ProposalRow.id) == col(RunRow.proposal))
            .where(col(RunRow.claimed_at) >= since, *conditions)
        )
        return int(self._session.connection().execute(counted).scalar_one())

    def _ordered(self, condition: ColumnElement[bool]) -> Sequence[Proposal]:
        found = select(ProposalRow).where(condition).order_by(col(ProposalRow.created_at), col(ProposalRow.id))
        return [_proposal(row) for row in fetch(self._session, found)]


def _no_proposal(proposal_id: str) -> NotFound:
    return NotFound(f"There is no proposal {proposal_id}.", "`/inc show` lists the proposals of an incident.")


def _proposal_row(proposal: Proposal) -> ProposalRow:
    return ProposalRow(
        id=proposal.id,
        incident=proposal.incident,
        action=proposal.request.action,
        status=proposal.status.value,
        request=nested.request_json(proposal.request),
        title=proposal.title,
        risk=int(proposal.risk),
        why=nested.findings_json(proposal.why),
        proposer=proposal.proposer,
        requester=proposal.requester,
        created_at=proposal.created_at,
        expires_at=proposal.expires_at,
        undo_of=proposal.undo_of,
        reason=proposal.reason,
        verdict=None if proposal.verdict is None else proposal.verdict.value,
        target=proposal.request.target,
        preview=proposal.preview,
        policy=proposal.policy,
        plan=proposal.plan,
    )


def _proposal(row: ProposalRow) -> Proposal:
    return Proposal(
        id=row.id,
        request=nested.request(row.request),
        title=row.title,
        risk=Risk(row.risk),
        why=nested.findings(row.why),
        proposer=row.proposer,
        requester=row.requester,
        created_at=row.created_at,
        expires_at=row.expires_at,
        status=ProposalStatus(row.status),
        undo_of=row.undo_of,
        reason=row.reason,
        verdict=None if row.verdict is None else Verdict(row.verdict),
        preview=row.preview,
        policy=row.policy,
        plan=row.plan,
    )


def _decision_row(approval: Approval) -> DecisionRow:
    return DecisionRow(
        proposal=approval.proposal,
        person=approval.person,
        fingerprint=approval.fingerprint,
        decision=approval.decision.value,
        at=approval.at,
        via=approval.via,
    )


def _approval(row: DecisionRow) -> Approval:
    return Approval(
        proposal=row.proposal,
        fingerprint=row.fingerprint,
        person=row.person,
        decision=Decision(row.decision),
        at=row.at,
        via=row.via,
    )


def _run_row(run: Run) -> RunRow:
    return RunRow(
        proposal=run.proposal,
        incident=run.incident,
        fingerprint=run.fingerprint,
        claimed_at=run.claimed_at,
        status=run.status.value,
        finished_at=run.finished_at,
        baseline=run.baseline,
        output=run.output,
        verdict=None if run.verdict is None else run.verdict.value,
        verdict_at=run.verdict_at,
        observed=run.observed,
        audit=run.audit,
    )


def _run(row: RunRow) -> Run:
    return Run(
        proposal=row.proposal,
        incident=row.incident,
        fingerprint=row.fingerprint,
        claimed_at=row.claimed_at,
        status=ProposalStatus(row.status),
        finished_at=row.finished_at,
        baseline=row.baseline,
        output=row.output,
        verdict=None if row.verdict is None else Verdict(row.verdict),
        verdict_at=row.verdict_at,
        observed=row.observed,
        audit=row.audit,
    )
