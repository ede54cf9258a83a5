"""The first page of a postmortem: what it is, three lines, what it cost, and how fast it was seen and ended."""

from datetime import datetime

from app.adapters.documents.amounts import clock_time, full_time
from app.adapters.documents.record import Record, first
from app.adapters.documents.safe_text import code, code_cell, foreign, quoted
from app.domain.evidence import EvidenceKind
from app.domain.postmortem import Impact
from app.domain.proposal import Verdict
from app.domain.severity import Severity
from app.domain.timeline import EntryKind
from app.domain.wording import amount, duration

NOTHING = "Nothing in the record"
TO_FILL = "To be filled by the team"


def heading(record: Record) -> list[str]:
    """Title, owner and status."""
    incident = record.facts.incident
    state = first([record.entry_near(incident.closed_at or incident.resolved_at, EntryKind.STATUS), record.opened()])
    lines = [f"# {incident.name}: {foreign(incident.title, 160)}", ""]
    lead = incident.lead
    if lead:
        taken = [f"T{entry.seq}" for entry in record.facts.entries if entry.kind is EntryKind.ROLE]
        lines.append(f"- **Owner:** {record.name(lead)}, incident lead {record.cite(*(taken[:1] or [record.opened()]))}")
    else:
        lines.append(f"- **Owner:** {TO_FILL}.")
    severity = Severity(incident.severity).name
    lines += [f"- **Severity and status:** {severity}, {incident.status.value} {record.cite(record.opened(), state)}"]
    if incident.is_test:
        lines.append(f"- **Kind:** a drill, not production {record.cite(record.opened())}")
    lines.append("- **Document:** draft, for the team to review.")
    return lines


def summary(record: Record) -> list[str]:
    """Three lines: what and how long, how bad and why, what ended it."""
    return [
        "## Summary",
        "",
        f"1. {_what(record)}",
        f"2. {_how_bad(record)} {cause_sentence(record)}",
        f"3. {_what_ended_it(record)}",
    ]


def _what(record: Record) -> str:
    incident = record.facts.incident
    where = f" on {code(incident.service, 60)}" if incident.service else ""
    end = incident.mitigated_at or incident.resolved_at
    start = f"{quoted(incident.title, 160)}{where} began at {full_time(incident.started_at)}"
    if end is None:
        return f"{start} and no end is on record {record.cite(record.opened())}."
    took = duration((end - incident.started_at).total_seconds())
    ended = first([record.entry_near(end, EntryKind.STATUS, EntryKind.VERDICT), record.opened()])
    return f"{start} and was mitigated after {took}, at {clock_time(end)} {record.cite(record.opened(), ended)}."


def _how_bad(record: Record) -> str:
    worst = record.worst_impact()
    return impact_sentence(record, worst) if worst else f"{NOTHING} gives the impact in numbers."


def impact_sentence(record: Record, impact: Impact) -> str:
    """Normal against worst, and for how long."""
    return (
        f"{code(impact.metric, 60)} of {code(impact.service, 60)} went from {amount(impact.normal, impact.unit)} to "
        f"{amount(impact.worst, impact.unit)} and was bad for {duration(impact.bad_seconds)} "
        f"{record.cite(*record.metric_evidence(impact.service, impact.metric))}."
    )


def cause_sentence(record: Record) -> str:
    """The cause as found, with how sure it is; unknown stays unknown."""
    beliefs = record.assessments()
    if not beliefs:
        return f"{NOTHING} says what the cause was."
    last = beliefs[-1]
    said = record.entry_near(last.written_at, EntryKind.FINDING)
    if last.cause is None:
        return f"The cause is unknown: Sitrep named no service {record.cite(*last.headline.evidence, said)}."
    return (
        f"The cause as found ({last.headline.confidence.value}) lies in {code(last.cause, 60)}: "
        f"{quoted(record.with_roles(last.headline.text))} {record.cite(*last.headline.evidence, said)}."
    )


def _what_ended_it(record: Record) -> str:
    helped = [proposal for proposal in record.facts.proposals if proposal.verdict is Verdict.RECOVERED]
    if not helped:
        return f"{NOTHING} shows an action that brought it back."
    last = helped[-1]
    about = [f"T{entry.seq}" for entry in record.entries_about(last, EntryKind.VERDICT, EntryKind.RUN)]
    run = record.run_of(last)
    when = f" at {clock_time(run.verdict_at)}" if run and run.verdict_at else ""
    action, target = code(last.request.action, 60), code(last.request.target, 60)
    return f"{action} on {target} ran, and its probe said recovered{when} {record.cite(*about)}."


def impact(record: Record) -> list[str]:
    """Each metric's normal and worst value and how long it was bad."""
    lines = ["## Impact", ""]
    if not record.facts.impacts:
        return [*lines, f"{NOTHING} gives the impact in numbers. {TO_FILL}: who noticed, and what could they not do?"]
    lines += ["| Service | Metric | Normal | Worst | Worst at | Bad for | Source |", "|---|---|---:|---:|---|---:|---|"]
    for item in record.facts.impacts:
        source = record.cite(*record.metric_evidence(item.service, item.metric))
        lines.append(
            f"| {code_cell(item.service, 60)} | {code_cell(item.metric, 60)} | {amount(item.normal, item.unit)} | "
            f"{amount(item.worst, item.unit)} | {clock_time(item.worst_at)} | {duration(item.bad_seconds)} | {source} |"
        )
    return lines


def detection(record: Record) -> list[str]:
    """What saw it first, and the times to detect, acknowledge, mitigate and resolve."""
    lines = ["## Detection", "", _seen_first(record), ""]
    lines += ["| Step | Time | Time taken | Source |", "|---|---|---|---|"]
    missing: list[str] = []
    for step, moment, since, source in _steps(record):
        if moment is None:
            missing.append(f"{NOTHING} says when it was {step.lower()}.")
            continue
        took = "" if since is None else f"{duration((moment - since[1]).total_seconds())} after {since[0]}"
        lines.append(f"| {step} | {full_time(moment)} | {took} | {record.cite(source)} |")
    return [*lines, "", *missing] if missing else lines


def _steps(record: Record) -> list[tuple[str, datetime | None, tuple[str, datetime] | None, str]]:
    incident = record.facts.incident
    start, opening = ("the start", incident.started_at), ("detection", incident.opened_at)
    moved = (EntryKind.ROLE, EntryKind.STATUS)
    mitigated = record.entry_near(incident.mitigated_at, EntryKind.STATUS, EntryKind.VERDICT)
    return [
        ("Started", incident.started_at, None, first([_first_alert(record), record.opened()])),
        ("Detected", incident.opened_at, start, record.opened()),
        ("Acknowledged", incident.acknowledged_at, opening, record.entry_near(incident.acknowledged_at, *moved)),
        ("Mitigated", incident.mitigated_at, start, mitigated),
        ("Resolved", incident.resolved_at, start, record.entry_near(incident.resolved_at, EntryKind.STATUS)),
    ]


def _seen_first(record: Record) -> str:
    signals = sorted(record.facts.signals, key=lambda signal: signal.starts_at)
    if not signals:
        who = record.role(record.facts.incident.declared_by)
        return f"No alert is on record; {who} declared it {record.cite(record.opened())}."
    seen = signals[0]
    others = f", the first of {len(signals)} signals" if len(signals) > 1 else ""
    return (
        f"{quoted(seen.name, 120)} from {code(seen.source, 60)} saw it first, at {clock_time(seen.starts_at, seconds=True)}"
        f"{others} {record.cite(_first_alert(record), record.opened())}."
    )


def _first_alert(record: Record) -> str:
    items = [item for item in record.facts.evidence if item.kind is EvidenceKind.ALERT]
    return min(items, key=lambda item: item.observed_at).id if items else ""
