"""The living card of an incident: what is broken, since when, how bad, who leads, why, and what to do next."""

from datetime import datetime

from app.adapters.slack.blocks import Block, Rendered, actions, button, context, fields, finished, header, section
from app.adapters.slack.wording import cited, clip, escaped, host, link, moment, plain, user, utc, web_address
from app.domain.evidence import Assessment, Confidence, Evidence, Finding
from app.domain.incident import Incident
from app.domain.messages import IncidentCard
from app.domain.proposal import Proposal, ProposalStatus, Verdict
from app.domain.severity import Severity
from app.domain.wording import duration

# A shape and a colour for each word, so that nobody needs to see the colour.
SHAPES = {Severity.SEV1: "🔺", Severity.SEV2: "🔶", Severity.SEV3: "🟡", Severity.SEV4: "🔹"}
_SURE = {Confidence.CONFIRMED: "Confirmed", Confidence.LIKELY: "Likely", Confidence.POSSIBLE: "Possible"}
_STANDING = {
    ProposalStatus.PENDING: "waiting for approval",
    ProposalStatus.APPROVED: "approved, about to run",
    ProposalStatus.RUNNING: "running",
    ProposalStatus.DONE: "done, watching the probe",
    ProposalStatus.FAILED: "failed",
    ProposalStatus.UNKNOWN: "outcome unknown: look at the target first",
    ProposalStatus.DENIED: "denied",
    ProposalStatus.EXPIRED: "expired without a decision",
    ProposalStatus.REFUSED: "refused",
    ProposalStatus.WITHDRAWN: "withdrawn",
}
VERDICTS = {
    Verdict.RECOVERED: "recovered",
    Verdict.NO_CHANGE: "no change",
    Verdict.WORSE: "worse",
    Verdict.UNKNOWN: "effect unknown",
}
_FEW = 20
_FINDINGS, _EVIDENCE, _PROPOSALS, _ASIDES = 5, 10, 5, 3


def draw(card: IncidentCard, now: datetime, link_hosts: frozenset[str]) -> Rendered:
    """The card as it stands at `now`; evidence links are active only on `link_hosts` or where the evidence is our own."""
    incident = card.incident
    blocks = [header(title(incident)), fields(_facts(card, now)), *_verdict(card.assessment)]
    blocks.append(section(_next_step(card)))
    blocks += _sources(card, link_hosts)
    blocks.append(context(_tier(card.assessment)))
    blocks.append(_buttons(incident))
    blocks.append(context(_footer(card, now)))
    return finished(_summary(card), blocks)


def title(incident: Incident) -> str:
    """`🔶 SEV2 · Investigating · Checkout errors`, at most 150 characters."""
    test = "Test · " if incident.is_test else ""
    start = f"{SHAPES[incident.severity]} {incident.severity.name} · {incident.status.value.capitalize()} · {test}"
    return start + (plain(incident.title, 150 - len(start)) or incident.name)


def _summary(card: IncidentCard) -> str:
    incident = card.incident
    lead = f"led by {user(incident.lead)}" if incident.lead else "nobody leads yet"
    verdict = f" {plain(card.assessment.headline.text, 300)}" if card.assessment else ""
    return f"{incident.name} {title(incident)}: {card.firing} firing, {lead}.{verdict}"


def _facts(card: IncidentCard, now: datetime) -> list[tuple[str, str]]:
    incident = card.incident
    end = incident.resolved_at or incident.closed_at or now
    age = duration(max(0.0, (end - incident.started_at).total_seconds()))
    lead = user(incident.lead) if incident.lead else "nobody yet"
    roles = [f"{plain(role, 20)} {user(who)}" for role, who in list(incident.roles.items())[:6] if role != "lead"]
    return [
        ("Broken", plain(incident.service or "", 80) or "service not known yet"),
        ("Since", f"{moment(incident.started_at)}, {'for' if incident.is_open else 'lasted'} {age}"),
        ("How bad", f"{incident.severity.name}: {card.firing:,} firing, {card.resolved:,} resolved{_spread(card)}"),
        ("Lead", ", ".join([lead, *roles])),
    ]


def _spread(card: IncidentCard) -> str:
    """How wide a storm is; a few alerts speak for themselves."""
    if card.firing + card.resolved <= _FEW:
        return ""
    kinds = f"{card.kinds} kind{'s' if card.kinds != 1 else ''} of alert"
    return f", {kinds} on {card.services} service{'s' if card.services != 1 else ''}"


def _verdict(assessment: Assessment | None) -> list[Block]:
    if assessment is None:
        return [section("Sitrep is reading metrics, changes, logs and past incidents. The first findings follow here.")]
    head = assessment.headline
    blocks = [section(f"*{_SURE[head.confidence]}:* {plain(head.text, 450)}{cited(head.evidence)}")]
    if assessment.findings:
        lines = [_finding(finding) for finding in assessment.findings]
        blocks.append(section(clip(lines[:_FINDINGS], 1900)))
    return blocks


def _finding(finding: Finding) -> str:
    return f"• {plain(finding.text, 320)}{cited(finding.evidence)} ({finding.confidence.value})"


def _next_step(card: IncidentCard) -> str:
    if card.incident.status.value in {"resolved", "closed"}:
        return "*Next:* review the postmortem draft. `/inc postmortem` writes it again from the record."
    lines = [_standing(proposal) for proposal in sorted(card.proposals, key=_is_over)[:_PROPOSALS]]
    if lines:
        return "*Next step*\n" + clip(lines, 1000)
    if card.assessment and card.assessment.suggestions:
        names = ", ".join(
            f"{plain(item.action, 60)} on {plain(item.target, 60)}{cited(item.why.evidence)}"
            for item in card.assessment.suggestions[:3]
        )
        return f"*Next step:* Sitrep suggests {names}. Ask for one with `/inc propose`."
    if card.incident.lead is None:
        return "*Next step:* somebody takes the lead."
    return "*Next step:* no action fits the evidence. See the runbooks, or `/inc propose` one from the catalogue."


def _is_over(proposal: Proposal) -> bool:
    return proposal.status not in {ProposalStatus.PENDING, ProposalStatus.APPROVED, ProposalStatus.RUNNING}


def _standing(proposal: Proposal) -> str:
    state = _STANDING[proposal.status]
    if proposal.verdict is not None:
        state = f"done: {VERDICTS[proposal.verdict]}"
    return f"• *{plain(proposal.title, 150)}* ({proposal.risk.label} risk): {state}"


def _sources(card: IncidentCard, link_hosts: frozenset[str]) -> list[Block]:
    blocks: list[Block] = []
    ordered = _cited_first(card)
    if ordered:
        lines = [_source(item, link_hosts) for item in ordered[:_EVIDENCE]]
        more = f"\nand {len(ordered) - _EVIDENCE} more in the console" if len(ordered) > _EVIDENCE else ""
        blocks.append(context("*Evidence*\n" + clip(lines, 1900) + more))
    aside = _asides(card.assessment) if card.assessment else ""
    return [*blocks, context(aside)] if aside else blocks


def _cited_first(card: IncidentCard) -> list[Evidence]:
    if card.assessment is None:
        return list(card.evidence)
    findings = (card.assessment.headline, *card.assessment.findings, *card.assessment.ruled_out)
    used = {name for finding in findings for name in finding.evidence}
    return sorted(card.evidence, key=lambda item: item.id not in used)


def _source(item: Evidence, link_hosts: frozenset[str]) -> str:
    line = f"{plain(item.id, 12)}: {plain(item.summary, 170)}"
    if not item.link:
        return line
    trusted = not item.tainted or host(item.link) in link_hosts
    # An address from outside is readable but never clickable.
    shown = link(item.link, "open") if trusted else plain(item.link, 80)
    return f"{line} · {shown}" if len(line) + len(shown) < 700 else line


def _asides(assessment: Assessment) -> str:
    lines = [f"Ruled out: {plain(item.text, 160)}{cited(item.evidence)}" for item in assessment.ruled_out[:_ASIDES]]
    lines += [f"Not known: {plain(text, 140)}" for text in assessment.unknowns[:_ASIDES]]
    if assessment.refused:
        lines.append(f"{assessment.refused} sentences or suggestions without valid evidence were dropped")
    return clip(lines, 900) if lines else ""


def _tier(assessment: Assessment | None) -> str:
    if assessment is None:
        return "Tier: none has spoken yet"
    model = f" {plain(assessment.model, 60)}" if assessment.model else ""
    why = f" ({plain(assessment.degraded, 160)})" if assessment.degraded else ""
    return f"Tier: {assessment.tier.label}{model}{why}"


def _buttons(incident: Incident) -> Block:
    value = str(incident.number)
    memory = (button("similar", "Similar", value), button("runbooks", "Runbooks", value))
    if not incident.is_open:
        return actions(*memory)
    return actions(button("take_lead", "Take lead", value), *memory, button("resolve", "Resolve", value))


def _footer(card: IncidentCard, now: datetime) -> str:
    parts = [card.incident.name, f"updated {utc(now)}"]
    if card.incident.is_private:
        parts.append("private")
    if web_address(card.console_url):
        parts.append(link(card.console_url, "open in the console"))
    return escaped(" · ".join(parts[:2]), 200) + "".join(f" · {part}" for part in parts[2:])
