"""What people decided about an action and what became of it, in words and numbers."""

from app.adapters.slack.blocks import Block, section
from app.adapters.slack.card import VERDICTS
from app.adapters.slack.wording import moment, plain, quoted, user
from app.domain.approval import Approval, Decision
from app.domain.messages import ApprovalCard
from app.domain.proposal import ProposalStatus, Run, Verdict
from app.domain.wording import amount, duration

_ENDINGS = {
    ProposalStatus.EXPIRED: "Nobody decided in time. Nothing ran. Ask again with `/inc propose`.",
    ProposalStatus.WITHDRAWN: "Withdrawn. Nothing ran.",
    ProposalStatus.REFUSED: "Refused before it ran. Nothing was changed.",
    ProposalStatus.DENIED: "Nothing ran.",
}


def decisions(card: ApprovalCard) -> list[Block]:
    """One line for each decision, and how many are still missing."""
    lines = [_decision(approval) for approval in card.approvals[:4]]
    given = sum(approval.decision is Decision.APPROVE for approval in card.approvals)
    missing = card.proposal.approvals_needed - given
    if card.proposal.status is ProposalStatus.PENDING and given and missing > 0:
        lines.append(f"{missing} more approval needed, from somebody else.")
    return [section("\n".join(lines))] if lines else []


def _decision(approval: Approval) -> str:
    word = "Approved" if approval.decision is Decision.APPROVE else "Denied"
    return f"{word} by {user(approval.person)} at {moment(approval.at)}, via {plain(approval.via, 20) or 'chat'}"


def outcome(card: ApprovalCard) -> list[Block]:
    """What happened after the decision; nothing while it is still open."""
    proposal, run = card.proposal, card.run
    reason = f" {plain(proposal.reason, 200)}" if proposal.reason else ""
    if proposal.status in _ENDINGS:
        return [section(_ENDINGS[proposal.status] + reason)]
    lines = [line for line in (_progress(card, reason), _judgement(card)) if line]
    blocks = [section("\n".join(lines))] if lines else []
    if run is not None and run.output.strip():
        blocks.append(section("The target answered:\n" + quoted(run.output, 400)))
    return blocks


def _unknown(card: ApprovalCard, reason: str) -> str:
    if card.spec is not None and card.spec.executor == "manual":
        return f"*A person does this.* Say what became of it with a button below, or `/inc confirm {card.proposal.id} done`."
    return f"*Outcome unknown.* The call left and no answer came. Look at the target before doing it again.{reason}"


def _progress(card: ApprovalCard, reason: str) -> str:
    status, run = card.proposal.status, card.run
    if status is ProposalStatus.APPROVED:
        return "Approved. It runs next, if the target is still in the state shown above."
    if status is ProposalStatus.RUNNING:
        return f"Running since {moment(run.claimed_at)}." if run else "Running."
    if status is ProposalStatus.FAILED:
        return f"*Failed.* The target refused it or reported an error.{reason}"
    if status is ProposalStatus.UNKNOWN:
        return _unknown(card, reason)
    if status is ProposalStatus.DONE and _verdict(card) is None:
        return f"{_finished(run)} {_watching(card)}"
    return _finished(run) if status is ProposalStatus.DONE else ""


def _finished(run: Run | None) -> str:
    if run is None or run.finished_at is None:
        return "It ran."
    return f"It ran at {moment(run.finished_at)}, in {duration((run.finished_at - run.claimed_at).total_seconds())}."


def _watching(card: ApprovalCard) -> str:
    if card.spec is None:
        return ""
    return f"Sitrep watches {plain(card.spec.probe.metric, 80)} for up to {duration(card.spec.probe.window_s)}."


def _verdict(card: ApprovalCard) -> Verdict | None:
    return card.proposal.verdict or (card.run.verdict if card.run else None)


def _judgement(card: ApprovalCard) -> str:
    verdict = _verdict(card)
    if verdict is None:
        return ""
    word = VERDICTS[verdict].capitalize()
    numbers = _numbers(card)
    if verdict is Verdict.UNKNOWN:
        return f"*{word}.* The probe could not tell within its window{numbers}. Look at the service."
    return f"*{word}*{numbers}"


def _numbers(card: ApprovalCard) -> str:
    if card.spec is None or card.run is None:
        return ""
    unit = card.metric.unit if card.metric else ""
    probe, run = card.spec.probe, card.run
    before, after = (_measured(value, unit) for value in (run.baseline, run.observed))
    return f": {plain(probe.metric, 80)} {before} → {after}, wanted {_wanted(card)} {_measured(probe.threshold, unit)}"


def _wanted(card: ApprovalCard) -> str:
    below = card.spec is not None and card.spec.probe.bad.value == "above"
    return "at or below" if below else "at or above"


def _measured(value: float | None, unit: str) -> str:
    return "not seen" if value is None else plain(amount(value, unit), 60)
