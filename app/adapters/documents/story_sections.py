"""The middle of a postmortem: what happened, what was believed when, and what was tried, wrong turns and failures included."""

from app.adapters.documents.amounts import clock_time
from app.adapters.documents.record import Record, decision_word
from app.adapters.documents.safe_text import code, foreign, label, quoted
from app.adapters.documents.summary_sections import NOTHING, TO_FILL, cause_sentence
from app.domain.canonical import canonical_json, plain
from app.domain.evidence import Assessment, EvidenceKind, Finding
from app.domain.proposal import Proposal, ProposalStatus, Run, Verdict
from app.domain.timeline import Entry, EntryKind
from app.domain.wording import amount

_VERDICTS = {
    Verdict.RECOVERED: "recovered",
    Verdict.NO_CHANGE: "no change",
    Verdict.WORSE: "worse than before",
    Verdict.UNKNOWN: "unknown, because it could not be measured",
}
_ENDINGS = {
    ProposalStatus.PENDING: "is still waiting for a decision",
    ProposalStatus.APPROVED: "was approved and is waiting to run",
    ProposalStatus.RUNNING: "is still running",
    ProposalStatus.DONE: "ran",
    ProposalStatus.FAILED: "failed",
    ProposalStatus.UNKNOWN: "left without an answer, so its outcome is unknown",
    ProposalStatus.DENIED: "was denied",
    ProposalStatus.EXPIRED: "expired without a decision",
    ProposalStatus.REFUSED: "was refused by Sitrep's own checks",
    ProposalStatus.WITHDRAWN: "was withdrawn",
}


def what_happened(record: Record) -> list[str]:
    """Changes before and during the incident, and the findings at the end of it."""
    lines = ["## What happened", ""]
    changes = sorted((e for e in record.facts.evidence if e.kind is EvidenceKind.CHANGE), key=lambda item: item.observed_at)
    for item in changes:
        said = quoted(record.with_roles(item.summary), 200)
        lines.append(f"- A change at {clock_time(item.observed_at, seconds=True)} is on record: {said} {record.cite(item.id)}.")
    shown = [item for item in record.facts.evidence if item.kind in {EvidenceKind.METRIC, EvidenceKind.LOG}]
    lines += [
        f"- {_capital(label(e.source))} showed {quoted(record.with_roles(e.summary), 240)} {record.cite(e.id)}." for e in shown
    ]
    return lines if len(lines) > 2 else [*lines, f"{NOTHING} tells the story beyond the timeline below."]


def cause(record: Record) -> list[str]:
    """The trigger and cause as found, with the confidence, and what else contributed."""
    lines = ["## Trigger and cause", "", cause_sentence(record)]
    beliefs = record.assessments()
    if beliefs and beliefs[-1].findings:
        lines += ["", "What it rests on:", ""]
        lines += [f"- {_finding(record, item, beliefs[-1])}" for item in beliefs[-1].findings]
    return [*lines, "", f"{TO_FILL}: how did the trigger meet conditions that were already there?"]


def _finding(record: Record, item: Finding, said_in: Assessment) -> str:
    said = record.entry_near(said_in.written_at, EntryKind.FINDING)
    ids = [*item.evidence] or [said]
    return f"{item.confidence.value.capitalize()}: {quoted(record.with_roles(item.text))} {record.cite(*ids)}."


def beliefs(record: Record) -> list[str]:
    """The history of assessments: each verdict when it was new, what replaced it, and what was ruled out."""
    lines = ["## What was believed when", ""]
    history = record.assessments()
    if not history:
        return [*lines, f"{NOTHING} says what was believed during the incident."]
    for position, item in enumerate(history):
        said = record.entry_near(item.written_at, EntryKind.FINDING)
        cites = record.cite(*item.headline.evidence, said)
        where = f"cause in {code(item.cause, 60)}" if item.cause else "cause unknown"
        later = history[position + 1 :]
        fate = ", replaced later" if later and later[-1].cause != item.cause else ""
        text = quoted(record.with_roles(item.headline.text))
        lines.append(
            f"- {clock_time(item.written_at, seconds=True)}, {item.headline.confidence.value}, {where}{fate} "
            f"({item.tier.label}): {text} {cites}."
        )
    ruled_out = {dropped.text: (dropped, item) for item in history for dropped in item.ruled_out}
    for dropped, item in ruled_out.values():
        said = record.entry_near(item.written_at, EntryKind.FINDING)
        ids = [*dropped.evidence, said]
        lines.append(f"- Ruled out: {quoted(record.with_roles(dropped.text))} {record.cite(*ids)}.")
    return lines


def what_was_tried(record: Record) -> list[str]:
    """Every proposal, in order: the exact action, who asked, who decided, what it did."""
    lines = ["## What was tried", ""]
    if not record.facts.proposals:
        return [*lines, f"{NOTHING} shows an action that was proposed."]
    for proposal in record.facts.proposals:
        verdict = f": {_VERDICTS[proposal.verdict]}" if proposal.verdict else f": {proposal.status.value}"
        lines += [f"### {foreign(proposal.title, 120)}{verdict}", "", *_attempt(record, proposal), ""]
    return lines[:-1]


def _attempt(record: Record, proposal: Proposal) -> list[str]:
    request = proposal.request
    asked = _cites(record.entries_about(proposal, EntryKind.PROPOSAL)) or _why(proposal)
    with_what = f" with {code(canonical_json(plain(request.parameters)), 200)}" if request.parameters else ""
    exact = f"{code(request.action, 60)} on {code(request.target, 60)}{with_what}"
    lines = [
        f"- The exact action: {exact}, {proposal.risk.label} risk {record.cite(*asked)}.",
        f"- {_who(record, proposal)} {record.cite(*asked)}.",
    ]
    lines += [
        f"- Why: {quoted(record.with_roles(reason.text))} {record.cite(*reason.evidence, *asked[:1])}."
        for reason in proposal.why[:3]
    ]
    lines += [f"- {_decision(record, entry)}" for entry in record.entries_about(proposal, EntryKind.DECISION)]
    run = record.run_of(proposal)
    lines += _outcome(record, proposal, run)
    return lines


def _who(record: Record, proposal: Proposal) -> str:
    proposer, requester = record.role(proposal.proposer), record.role(proposal.requester) if proposal.requester else ""
    at = clock_time(proposal.created_at, seconds=True)
    if not requester or proposal.requester == proposal.proposer:
        return f"{_capital(requester or proposer)} asked for it at {at}"
    return f"{_capital(proposer)} suggested it at {at} and {requester} asked for it"


def _decision(record: Record, entry: Entry) -> str:
    word = decision_word(entry)
    if word == "refused":
        return f"A decision did not count: {quoted(record.with_roles(entry.text), 200)} {record.cite(f'T{entry.seq}')}."
    who = _capital(record.role(entry.actor))
    return f"{who} {word} it at {clock_time(entry.at, seconds=True)} {record.cite(f'T{entry.seq}')}."


def _outcome(record: Record, proposal: Proposal, run: Run | None) -> list[str]:
    about = record.entries_about(proposal)
    steps = _cites([entry for entry in about if entry.kind in {EntryKind.INTENT, EntryKind.RUN, EntryKind.ERROR}])
    last = steps or _cites(about[-1:])
    reason = f": {quoted(record.with_roles(proposal.reason), 200)}" if proposal.reason else ""
    lines = [f"- It {_ENDINGS[proposal.status]}{_at(run)}{reason} {record.cite(*last)}."]
    if run is None:
        return lines
    if run.output:
        lines.append(f"- The target answered {quoted(run.output, 200)} {record.cite(*last)}.")
    if run.verdict is not None:
        judged = _cites([entry for entry in about if entry.kind is EntryKind.VERDICT]) or last
        lines.append(f"- The probe said {_VERDICTS[run.verdict]}{_numbers(record, proposal, run)} {record.cite(*judged)}.")
    return lines


def _at(run: Run | None) -> str:
    return f" at {clock_time(run.claimed_at, seconds=True)}" if run else ""


def _numbers(record: Record, proposal: Proposal, run: Run) -> str:
    """Before and after, in the metric's unit where the record names the metric, else as the verdict's entry puts it."""
    judged = record.entries_about(proposal, EntryKind.VERDICT)
    named = [str(entry.data["metric"]) for entry in judged if "metric" in entry.data]
    if not named and judged:
        return f": {quoted(judged[-1].text.removeprefix(f'{proposal.title}: '), 200)}"
    if run.baseline is None and run.observed is None:
        return ""
    metric = record.metric(named[-1]) if named else None
    unit = metric.unit if metric else ""
    what = code(named[-1], 60) if named else "the number it watches"
    before = f" {amount(run.baseline, unit)} before" if run.baseline is not None else " not seen before"
    after = f" {amount(run.observed, unit)} after" if run.observed is not None else " not seen after"
    return f": {what} was{before} and{after}"


def _why(proposal: Proposal) -> list[str]:
    return [ref for item in proposal.why for ref in item.evidence]


def _cites(entries: list[Entry]) -> list[str]:
    return [f"T{entry.seq}" for entry in entries]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
