"""Drafts the postmortem of an incident from its record: every sentence names its source, and gaps are left open."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from app.adapters.documents import closing_sections as closing
from app.adapters.documents import story_sections as story
from app.adapters.documents import summary_sections as opening
from app.adapters.documents.citations import COLOPHON
from app.adapters.documents.page import Figure, page
from app.adapters.documents.plot import draw, metric_plot
from app.adapters.documents.plot_finding import Event, Window
from app.adapters.documents.record import Record, citable, decision_word
from app.adapters.documents.safe_text import code, foreign
from app.domain.evidence import EvidenceKind
from app.domain.postmortem import Postmortem, PostmortemFacts
from app.domain.proposal import Verdict
from app.domain.series import Series
from app.domain.timeline import Entry, EntryKind

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_NARROW = 340


class DraftDocuments:
    """Implements the documents port. Links in the record are active only if they lead to one of `link_hosts`."""

    def __init__(self, link_hosts: Collection[str] = LOOPBACK) -> None:
        self._link_hosts = frozenset(link_hosts)

    def postmortem(self, facts: PostmortemFacts) -> Postmortem:
        """The draft as markdown, as one page of HTML with its plot inside, and the plot as PNG."""
        record = Record(facts)
        series = record.worst_series()
        png, alt, figure = _picture(record, series) if series else (b"", "", None)
        markdown = self._markdown(record, series, alt)
        title = f"{facts.incident.name}: {facts.incident.title}"
        html = page(markdown, title, facts.written_at, citable(facts), figure)
        return Postmortem(facts.incident.number, 0, markdown, html, facts.written_at, png)

    def _markdown(self, record: Record, series: Series | None, alt: str) -> str:
        sections = [
            opening.heading(record),
            opening.summary(record),
            opening.impact(record),
            _plot_section(record, series, alt),
            opening.detection(record),
            story.what_happened(record),
            story.cause(record),
            story.what_was_tried(record),
            story.beliefs(record),
            closing.lessons(record),
            closing.follow_ups(record),
            closing.open_questions(record),
            closing.responders(record),
            closing.timeline(record, self._link_hosts),
            closing.evidence(record, self._link_hosts),
            closing.wording(record),
            _colophon(record),
        ]
        return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _plot_section(record: Record, series: Series | None, alt: str) -> list[str]:
    if series is None:
        return []
    source = record.cite(*record.metric_evidence(series.service, series.metric.name))
    return [f"![{foreign(alt)}](plot.png)", "", f"{foreign(alt)} {source}."]


def _colophon(record: Record) -> list[str]:
    facts = record.facts
    head = facts.entries[-1].hash[:12] if facts.entries else "none"
    when = facts.written_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    counted = f"{len(facts.entries)} timeline entries (head {code(head)}) and {len(facts.evidence)} pieces of evidence"
    return [
        "---",
        "",
        f"{COLOPHON} at {when} from {counted}; quoted words are other people's or systems'.",
    ]


def _picture(record: Record, series: Series) -> tuple[bytes, str, Figure]:
    spec, ticks, window = series.metric, events(record.facts), incident_window(record.facts)
    png, alt = metric_plot(series, spec, ticks, window)
    return (
        png,
        alt,
        Figure(
            alt=alt,
            light=draw(series, spec, ticks, window, form="svg"),
            dark=draw(series, spec, ticks, window, theme="dark", form="svg"),
            narrow_light=draw(series, spec, ticks, window, form="svg", width=_NARROW),
            narrow_dark=draw(series, spec, ticks, window, theme="dark", form="svg", width=_NARROW),
        ),
    )


def incident_window(facts: PostmortemFacts) -> Window:
    """From the start to the mitigation, or to the moment of writing while there is none."""
    start = facts.incident.started_at
    end = facts.incident.mitigated_at or facts.incident.resolved_at or facts.written_at
    return start, max(end, start + timedelta(seconds=1))


def events(facts: PostmortemFacts) -> list[Event]:
    """The moments worth a tick in a plot, each named with its entry or evidence."""
    found = [
        Event(item.observed_at, f"change {item.id}", "change") for item in facts.evidence if item.kind is EvidenceKind.CHANGE
    ]
    alerts = [entry for entry in facts.entries if entry.kind in {EntryKind.ALERT, EntryKind.OPENED}]
    if alerts:
        found.append(Event(alerts[0].at, f"alert T{alerts[0].seq}" if facts.signals else f"declared T{alerts[0].seq}", "alert"))
    return sorted(found + [event for entry in facts.entries if (event := _tick(entry, facts))], key=_when)


def _tick(entry: Entry, facts: PostmortemFacts) -> Event | None:
    if entry.kind is EntryKind.DECISION:
        word = decision_word(entry)
        return None if word == "refused" else Event(entry.at, f"{word} T{entry.seq}", "approval")
    proposal = next((item for item in facts.proposals if item.id in entry.data.values()), None)
    if proposal is None or proposal.id not in {run.proposal for run in facts.runs}:
        return None
    if entry.kind is EntryKind.RUN:
        return Event(entry.at, f"ran {proposal.request.action} T{entry.seq}", "run")
    if entry.kind is EntryKind.VERDICT and proposal.verdict:
        kind = "recovered" if proposal.verdict is Verdict.RECOVERED else "verdict"
        return Event(entry.at, f"{proposal.verdict.value.replace('_', ' ')} T{entry.seq}", kind)
    return None


def _when(event: Event) -> datetime:
    return event.at
