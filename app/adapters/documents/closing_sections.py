"""The end of a postmortem: the timeline, the evidence, the people, what to do next and what nobody knows yet."""

from collections.abc import Collection
from datetime import UTC
from urllib.parse import urlsplit

from app.adapters.documents.blameless import remarks
from app.adapters.documents.record import Record
from app.adapters.documents.safe_text import code_cell, foreign, one_line, quoted
from app.adapters.documents.summary_sections import NOTHING, TO_FILL
from app.domain.postmortem import FollowUp
from app.domain.proposal import ProposalStatus, Verdict
from app.domain.timeline import EntryKind
from app.domain.wording import duration


def timeline(record: Record, link_hosts: Collection[str]) -> list[str]:
    """Every entry, in UTC."""
    entries = record.facts.entries
    if not entries:
        return ["## Timeline", "", f"{NOTHING}: the timeline is empty."]
    days = sorted({entry.at.astimezone(UTC).strftime("%Y-%m-%d") for entry in entries})
    form = "%H:%M:%S" if len(days) == 1 else "%m-%d %H:%M:%S"
    head = f"Time (UTC, {days[0]})" if len(days) == 1 else f"Time (UTC, {days[0][:4]})"
    lines = ["## Timeline", "", f"| No. | {head} | What | Who | Link |", "|---|---|---|---|---|"]
    for entry in entries:
        cited = "".join(f"[{ref}]" for ref in record.evidence_of(entry))
        link = _link(str(entry.data.get("link") or entry.data.get("permalink") or ""), link_hosts)
        lines.append(
            f"| T{entry.seq} | {entry.at.astimezone(UTC).strftime(form)} | {foreign(record.with_names(entry.text), 300)} | "
            f"{record.name(entry.actor)} | {' '.join(part for part in (cited, link) if part)} |"
        )
    return lines


def evidence(record: Record, link_hosts: Collection[str]) -> list[str]:
    """Everything that was seen and kept."""
    if not record.facts.evidence:
        return ["## Evidence", "", f"{NOTHING}: no evidence was kept."]
    lines = ["## Evidence", "", "| No. | Seen at (UTC) | Kind | What | Link |", "|---|---|---|---|---|"]
    for item in record.facts.evidence:
        source = f"{item.kind.value.replace('_', ' ')}, {foreign(item.source, 60)}"
        seen = item.observed_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        what = foreign(record.with_roles(item.summary), 300)
        lines.append(f"| {item.id} | {seen} | {source} | {what} | {_link(item.link, link_hosts)} |")
    return lines


def _link(url: str, link_hosts: Collection[str]) -> str:
    """An active link only to hosts the team named; anything else stays text."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        is_known = parts.scheme in {"http", "https"} and parts.hostname in link_hosts and not parts.username
    except ValueError:
        is_known = False
    is_plain = not any(char in url for char in " <>()[]|\\\"'`") and one_line(url) == url
    return f"[open]({url})" if is_known and is_plain else code_cell(url, 120)


def responders(record: Record) -> list[str]:
    """Who took part, with the role they had."""
    incident = record.facts.incident
    roles: dict[str, list[str]] = {incident.lead: ["lead"]} if incident.lead else {}
    for role, user in incident.roles.items():
        if role not in roles.setdefault(user, []):
            roles[user].append(role)
    seen: dict[str, list[str]] = {}
    for entry in record.facts.entries:
        if entry.actor in record.facts.people or entry.actor in roles:
            seen.setdefault(entry.actor, []).append(f"T{entry.seq}")
    lines = ["## Responders", ""]
    for user in dict.fromkeys([*roles, *seen]):
        what = ", ".join(foreign(role, 30) for role in roles.get(user, [])) or "responder"
        lines.append(f"- {record.name(user)}: {what} {record.cite(*(seen.get(user, [])[:3] or [record.opened()]))}.")
    return lines if len(lines) > 2 else [*lines, f"{NOTHING} names a person who took part."]


def follow_ups(record: Record) -> list[str]:
    """What to do, for which purpose, where it came from, who owns it and until when."""
    lines = ["## Follow-ups", ""]
    if not record.facts.follow_ups:
        return [*lines, f"{NOTHING} asks for a follow-up. {TO_FILL}: what would have shortened or prevented this?"]
    lines += ["| Kind | What | From | Owner | Due | Done |", "|---|---|---|---|---|---|"]
    for item in record.facts.follow_ups:
        owner = record.name(item.owner) if item.owner else "nobody yet"
        due = item.due_at.astimezone(UTC).strftime("%Y-%m-%d") if item.due_at else "no date yet"
        done = "yes" if item.is_done else "no"
        text = foreign(record.with_names(item.text), 300)
        source = record.cite(*([item.source] if item.source else _origin(record, item)))
        lines.append(f"| {item.kind.value} | {text} | {source} | {owner} | {due} | {done} |")
    return lines


def _origin(record: Record, item: FollowUp) -> list[str]:
    """Where a follow-up without a source came from: the last word on the proposal its id names, else the opening."""
    about = [proposal for proposal in record.facts.proposals if proposal.id in item.id]
    ids = [f"T{entry.seq}" for proposal in about for entry in record.entries_about(proposal)]
    return ids[-1:] or [record.opened()]


def lessons(record: Record) -> list[str]:
    """Prompts for the review: derived from facts where one supports it, else left to the team."""
    lines: list[str] = []
    for title, prompts in (
        ("What went well", _well(record)),
        ("What went badly", _badly(record)),
        ("Where we got lucky", _lucky(record)),
    ):
        items = [f"- {prompt}" for prompt in prompts] or [f"- {TO_FILL}."]
        lines += [f"## {title}", "", *items, ""]
    return lines[:-1]


def _well(record: Record) -> list[str]:
    incident = record.facts.incident
    prompts = []
    took = (incident.opened_at - incident.started_at).total_seconds()
    if record.facts.signals and took <= 300:
        prompts.append(f"Detection took {duration(took)} {record.cite(record.opened())}. What made that possible?")
    for proposal in record.facts.proposals:
        if proposal.verdict is Verdict.RECOVERED:
            ids = [f"T{entry.seq}" for entry in record.entries_about(proposal, EntryKind.VERDICT)]
            prompts.append(f"{quoted(proposal.title, 120)} brought it back {record.cite(*ids)}. What made it the choice?")
    return prompts


def _badly(record: Record) -> list[str]:
    incident = record.facts.incident
    prompts = []
    if incident.acknowledged_at and (waited := (incident.acknowledged_at - incident.opened_at).total_seconds()) > 600:
        source = record.entry_near(incident.acknowledged_at, EntryKind.ROLE, EntryKind.STATUS)
        prompts.append(f"It took {duration(waited)} until somebody acknowledged it {record.cite(source)}. What was in the way?")
    for proposal in record.facts.proposals:
        unhelpful = proposal.verdict in {Verdict.NO_CHANGE, Verdict.WORSE} or proposal.status is ProposalStatus.FAILED
        if unhelpful or proposal.status in {ProposalStatus.UNKNOWN, ProposalStatus.EXPIRED}:
            ids = [f"T{entry.seq}" for entry in record.entries_about(proposal)][-1:]
            what = "did not help" if unhelpful else f"ended {proposal.status.value}"
            said = f"{quoted(proposal.title, 120)} {what} {record.cite(*ids)}."
            prompts.append(f"{said} What made it look right at the time?")
    history = record.assessments()
    if len({item.cause for item in history if item.cause}) > 1:
        ids = [record.entry_near(item.written_at, EntryKind.FINDING) for item in history]
        refs = [*ids, *history[0].headline.evidence]
        prompts.append(f"The suspected cause changed during the incident {record.cite(*refs)}. Which view was missing at first?")
    return prompts


def _lucky(record: Record) -> list[str]:
    incident = record.facts.incident
    if incident.mitigated_at is None or any(item.verdict is Verdict.RECOVERED for item in record.facts.proposals):
        return []
    source = record.entry_near(incident.mitigated_at, EntryKind.STATUS)
    return [f"It ended without an action that is known to have helped {record.cite(source)}. What ended it?"]


def open_questions(record: Record) -> list[str]:
    """What could not be seen, and what this draft could not source."""
    history = record.assessments()
    lines = ["## Open questions", ""]
    if history:
        last = history[-1]
        said = record.cite(record.entry_near(last.written_at, EntryKind.FINDING), *last.headline.evidence)
        lines += [f"- Not seen during the incident: {quoted(record.with_roles(text))} {said}." for text in last.unknowns]
        if last.cause is None:
            lines.append("- What was the cause?")
    return lines if len(lines) > 2 else [*lines, f"{TO_FILL}: what would we like to know and cannot tell from the record?"]


def wording(record: Record) -> list[str]:
    """Phrases in the record that point at people; suggestions only."""
    lines = [
        f"- T{entry.seq} says {quoted(found.phrase, 60)} [T{entry.seq}]. {found.advice}?"
        for entry in record.facts.entries
        for found in remarks(entry.text)
    ]
    return ["## Wording to look at", "", *lines] if lines else []
