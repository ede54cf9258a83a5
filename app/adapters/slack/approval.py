"""The approval card: the exact action a person says yes or no to, drawn from the canonical request and nothing else."""

import json
from datetime import datetime

from app.adapters.slack.blocks import Block, Rendered, actions, button, context, fields, finished, header, section, words
from app.adapters.slack.outcome import decisions, outcome
from app.adapters.slack.wording import cited, escaped, moment, plain, user
from app.domain.canonical import Json
from app.domain.errors import Refused
from app.domain.messages import ApprovalCard
from app.domain.proposal import Proposal, ProposalStatus, Verdict
from app.domain.wording import duration

# Whatever does not fit here could not be read before a decision, so it is refused instead of cut.
EXACT_CHARACTERS = 3600
_CHUNK = 2800
_DRY_RUN = 1200
_TITLES = {
    ProposalStatus.PENDING: "Approve?",
    ProposalStatus.APPROVED: "Approved:",
    ProposalStatus.RUNNING: "Running:",
    ProposalStatus.DONE: "Done:",
    ProposalStatus.FAILED: "Failed:",
    ProposalStatus.UNKNOWN: "Outcome unknown:",
    ProposalStatus.DENIED: "Denied:",
    ProposalStatus.EXPIRED: "Expired:",
    ProposalStatus.REFUSED: "Refused:",
    ProposalStatus.WITHDRAWN: "Withdrawn:",
}
_NEEDS = {
    "low": "low: one approver",
    "medium": "medium: one approver who did not ask for it",
    "high": "high: two approvers who did not ask for it",
}


def draw(card: ApprovalCard, now: datetime) -> Rendered:
    """The card as it stands at `now`; raises Refused if the request cannot be shown in full."""
    proposal = card.proposal
    heading = f"{_TITLES[proposal.status]} {plain(proposal.title, 120)}".strip()
    blocks = [header(heading), section(_what(card)), *exact(proposal), *_dry_run(proposal)]
    blocks += [fields(_facts(card, now)), section(_promise(card))]
    blocks += decisions(card)
    blocks += outcome(card)
    blocks += _buttons(card)
    blocks.append(context(f"Fingerprint {proposal.fingerprint[:12]} · full: {proposal.fingerprint}{_audit(card)}"))
    blocks += _why(proposal)
    return finished(f"{heading} (INC-{proposal.incident}, {proposal.risk.label} risk)", blocks)


def exact(proposal: Proposal) -> list[Block]:
    """The canonical request, pretty-printed in monospace, whole. Every character that is not plain ASCII is spelled out."""
    # The spellings are JSON's own, so the block stays the exact request: a backtick cannot end it, nothing is invisible.
    text = json.dumps(proposal.request.canonical, indent=2, sort_keys=True, ensure_ascii=True).replace("`", "\\u0060")
    shown = escaped(text, len(text) * 5)
    lines = shown.split("\n")
    if len(shown) > EXACT_CHARACTERS or any(len(line) > _CHUNK for line in lines):
        raise Refused(
            f"This action is too large to be read before approving ({len(shown)} characters).",
            "Ask for it with fewer or shorter parameters.",
        )
    return [section(f"```\n{chunk}\n```") for chunk in _chunks(lines)]


def _dry_run(proposal: Proposal) -> list[Block]:
    """What the dry run showed, in monospace."""
    if not proposal.preview:
        return []
    shown = escaped(proposal.preview.replace("`", "\u02cb"), _DRY_RUN)
    return [context("Dry run, nothing was changed:"), section(f"```\n{shown}\n```")]


def _audit(card: ApprovalCard) -> str:
    """The audit chain's head with the intent of the run, published here so that nobody can rewrite it unseen."""
    if card.run is None or not card.run.audit:
        return ""
    seq, _, seal = card.run.audit.partition(":")
    return f" · audit #{plain(seq, 20)} {plain(seal, 64)}"


def _chunks(lines: list[str]) -> list[str]:
    chunks: list[str] = []
    for line in lines:
        if chunks and len(chunks[-1]) + len(line) < _CHUNK:
            chunks[-1] += f"\n{line}"
        else:
            chunks.append(line)
    return chunks


def _what(card: ApprovalCard) -> str:
    request = card.proposal.request
    lines = [f"*{_word(request.action)}* on *{_word(request.target)}* in *{_word(request.environment)}* (INC-{request.incident})"]
    if card.spec is None:
        lines.append("The catalogue no longer has this action, so it cannot run.")
    elif card.spec.description:
        lines.append(f"What it changes: {plain(card.spec.description, 400)}")
    if card.spec is not None and card.spec.blast_radius:
        lines.append(f"Who feels it: {plain(card.spec.blast_radius, 300)}")
    if card.proposal.policy:
        lines.append(f"Approved beforehand by the standing policy {plain(card.proposal.policy, 80)}.")
    if card.proposal.undo_of:
        lines.append(f"This takes back {plain(card.proposal.undo_of, 60)}.")
    return "\n".join(lines)


def _word(text: Json) -> str:
    return plain(str(text), 80) or "-"


def _facts(card: ApprovalCard, now: datetime) -> list[tuple[str, str]]:
    proposal = card.proposal
    pairs = [
        ("Risk", _NEEDS[proposal.risk.label]),
        ("Asked for by", user(proposal.requester) if proposal.requester else f"{user(proposal.proposer)} (suggestion)"),
    ]
    if proposal.status is ProposalStatus.PENDING:
        left = (proposal.expires_at - now).total_seconds()
        pairs.append(("Expires", f"{moment(proposal.expires_at)}, {f'in {duration(left)}' if left > 0 else 'now'}"))
    if proposal.requester and proposal.proposer != proposal.requester:
        pairs.append(("Suggested by", user(proposal.proposer)))
    return pairs


def _promise(card: ApprovalCard) -> str:
    if card.spec is None:
        return "*It helped if:* nothing to measure by"
    unit = card.metric.unit if card.metric else ""
    probe = card.spec.probe
    place = plain(probe.service or card.proposal.request.target, 80)
    lines = [f"*It helped if:* on {place}, {plain(probe.sentence(unit), 300)}"]
    if card.spec.requires:
        needed = ", ".join(item.sentence for item in card.spec.requires)
        lines.append(f"*It runs only if:* {plain(needed, 300)}, and the target is still as shown")
    if card.spec.rate_limit is not None:
        lines.append(f"*Limit:* {plain(card.spec.rate_limit.sentence, 100)} on one target")
    undo = plain(card.undo_text, 300) or ("possible, by hand" if card.spec.is_reversible else "none registered")
    return "\n".join([*lines, f"*Undo:* {undo}"])


def _buttons(card: ApprovalCard) -> list[Block]:
    proposal = card.proposal
    if proposal.status is ProposalStatus.PENDING:
        deny = actions(button("deny", "Deny", proposal.id))
        if card.spec is None:
            return [deny]
        # Two rows, so that a thumb cannot hit the wrong one.
        return [actions(button("approve", plain(f"Approve: {proposal.title}", 75), proposal.id, "primary")), deny]
    if proposal.status is ProposalStatus.UNKNOWN:
        return [
            actions(button("confirm_done", "It was done", proposal.id), button("confirm_failed", "It was not done", proposal.id))
        ]
    failed_to_help = proposal.verdict in {Verdict.NO_CHANGE, Verdict.WORSE}
    if failed_to_help and card.spec is not None and card.spec.undo is not None:
        name = plain(f"Propose the undo: {card.undo_text}", 75) if card.undo_text else "Propose the undo"
        return [
            section("It did not help. Take it back with the button, or ask for something else with `/inc propose`."),
            actions(button("undo", name, proposal.id)),
        ]
    return []


def _why(proposal: Proposal) -> list[Block]:
    if not proposal.why:
        return []
    lines = [f"• {escaped(' '.join(item.text[:1200].split()), 200)}{cited(item.evidence)}" for item in proposal.why[:3]]
    return [context("Why it was suggested. This is not part of what you approve:"), words("\n".join(lines))]
