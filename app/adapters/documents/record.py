"""The record of one incident as a writer asks it: who, when, and which entry or evidence says so."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from app.adapters.documents.plot_finding import measured
from app.adapters.documents.safe_text import foreign, label
from app.domain.evidence import Assessment, EvidenceKind
from app.domain.postmortem import Impact, PostmortemFacts
from app.domain.proposal import Proposal, Run
from app.domain.series import MetricSpec, Series
from app.domain.timeline import Entry, EntryKind

NO_SOURCE = "[no source]"
_NEAR_S = 60.0
_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")


def citable(facts: PostmortemFacts) -> frozenset[str]:
    """The ids that a sentence may cite: `T<n>` of the timeline and `E<n>` of the evidence."""
    return frozenset([f"T{entry.seq}" for entry in facts.entries] + [item.id for item in facts.evidence if item.id])


@dataclass(frozen=True, slots=True)
class Record:
    """Look-ups over the facts. Every id it returns exists."""

    facts: PostmortemFacts

    def cite(self, *ids: str) -> str:
        """`[T3][E2]` for the ids that exist, or the mark for a sentence without a source."""
        known = citable(self.facts)
        return "".join(f"[{ref}]" for ref in dict.fromkeys(ids) if ref in known) or NO_SOURCE

    def opened(self) -> str:
        """The entry that opened the incident."""
        found = [entry for entry in self.facts.entries if entry.kind is EntryKind.OPENED] or list(self.facts.entries[:1])
        return f"T{found[0].seq}" if found else ""

    def entry_near(self, moment: datetime | None, *kinds: EntryKind) -> str:
        """The entry of these kinds closest to a moment, at most a minute away."""
        if moment is None:
            return ""
        near = [entry for entry in self.facts.entries if entry.kind in kinds and _distance(entry.at, moment) <= _NEAR_S]
        return f"T{min(near, key=lambda entry: _distance(entry.at, moment)).seq}" if near else ""

    def entries_about(self, proposal: Proposal, *kinds: EntryKind) -> list[Entry]:
        """The entries that name a proposal, in their data or their text."""
        return [
            entry
            for entry in self.facts.entries
            if (not kinds or entry.kind in kinds) and (proposal.id in entry.data.values() or proposal.id in entry.text.split())
        ]

    def evidence_of(self, entry: Entry) -> list[str]:
        """The evidence an entry names in its data."""
        named = entry.data.get("evidence")
        refs = named if isinstance(named, list) else [named]
        known = citable(self.facts)
        return [ref for ref in refs if isinstance(ref, str) and ref in known]

    def run_of(self, proposal: Proposal) -> Run | None:
        """The one run of a proposal."""
        return next((run for run in self.facts.runs if run.proposal == proposal.id), None)

    def assessments(self) -> list[Assessment]:
        """What was believed, oldest first, each belief once: repetitions of the same verdict are left out."""
        kept: list[Assessment] = []
        for item in sorted(self.facts.assessments, key=lambda one: one.written_at):
            if not kept or (kept[-1].headline.text, kept[-1].cause) != (item.headline.text, item.cause):
                kept.append(item)
        return kept

    def metric_evidence(self, service: str, metric: str) -> list[str]:
        """The evidence that holds a metric of a service, else what mentions it."""
        items = [item for item in self.facts.evidence if item.service in {service, None}]
        exact = [item.id for item in items if item.kind is EvidenceKind.METRIC and item.data.get("metric") == metric]
        if exact:
            return exact[:1]
        naming = [item.id for item in items if metric in item.key or metric in item.summary or metric in item.data.values()]
        return naming[:1]

    def metric(self, name: str) -> MetricSpec | None:
        """The metric of that name among the series at hand."""
        return next((series.metric for series in self.facts.series if series.metric.name == name), None)

    def worst_impact(self) -> Impact | None:
        """The impact that moved furthest from normal, in relation to it."""
        return max(self.facts.impacts, key=_weight, default=None)

    def worst_series(self) -> Series | None:
        """The series worth drawing: the worst impact's, else the one that was bad most often."""
        impact = self.worst_impact()
        drawn = [series for series in map(measured, self.facts.series) if series.points]
        if impact is not None:
            same = [one for one in drawn if (one.service, one.metric.name) == (impact.service, impact.metric)]
            drawn = same or drawn
        return max(drawn, key=lambda one: sum(one.metric.is_bad(point.value) for point in one.points), default=None)

    def name(self, user: str) -> str:
        """A person's name as markdown; for the timeline and lists of people, not for causes."""
        if user == "" or user.startswith("sitrep"):
            return f"Sitrep {foreign(user.removeprefix('sitrep'), 60)}".strip()
        return label(self.facts.people.get(user, user))

    def role(self, user: str) -> str:
        """A person as a role, for sentences about causes and decisions."""
        if user == "" or user.startswith("sitrep"):
            return "Sitrep"
        roles = [role for role, holder in self.facts.incident.roles.items() if holder == user]
        if user == self.facts.incident.lead or "lead" in roles:
            return "the incident lead"
        return f"the {label(roles[0], 30)}" if roles else "a responder"

    def with_names(self, text: str) -> str:
        """`text` with chat mentions replaced by people's names; still raw text."""
        return _MENTION.sub(lambda found: self.facts.people.get(found.group(1), found.group(1)), text)

    def with_roles(self, text: str) -> str:
        """`text` with chat mentions replaced by roles; still raw text."""
        return _MENTION.sub(lambda found: self.role(found.group(1)), text)


def decision_word(entry: Entry) -> str:
    """What a decision's entry says was decided: `approved`, `denied` or `refused` (the decision itself was not allowed)."""
    if entry.text.startswith("Refused"):
        return "refused"
    said = str(entry.data.get("decision", "")) or _MENTION.sub("", entry.text).strip().lower()
    return "denied" if said.startswith("den") else "approved"


def first(items: Iterable[str]) -> str:
    """The first non-empty id, or empty."""
    return next((item for item in items if item), "")


def _distance(a: datetime, b: datetime) -> float:
    return abs((a - b).total_seconds())


def _weight(impact: Impact) -> tuple[float, float]:
    scale = max(abs(impact.normal), abs(impact.worst), 1e-12)
    smaller = max(min(abs(impact.normal), abs(impact.worst)), scale * 1e-3)
    return scale / smaller, impact.bad_seconds
