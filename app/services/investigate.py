"""Looks, thinks and says: gathers evidence, words findings that cite it, and proposes the best fix."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.errors import Refused, Unavailable
from app.domain.evidence import Assessment, Evidence, Suggestion
from app.domain.grounding import ground
from app.domain.incident import Incident, Status
from app.domain.inventory import Inventory
from app.domain.proposal import ProposalStatus, Verdict
from app.domain.signal import Signal
from app.domain.timeline import EntryKind
from app.domain.work import Task
from app.ports.analyst import Analyst, Brief
from app.ports.clock import Clock
from app.ports.store import Store, Transaction
from app.services.observe import Observe
from app.services.propose import Propose
from app.services.reason import assess, picture
from app.services.say import Say
from app.services.suggest import suggest


@dataclass(frozen=True, slots=True)
class Investigate:
    """One look at an incident. `analyst` is None where no model is configured; rules answer then, and where it fails."""

    store: Store
    inventory: Inventory
    observe: Observe
    analyst: Analyst | None
    propose: Propose
    clock: Clock
    say: Say

    def __call__(self, number: int) -> list[Task]:
        """Evidence, findings, proposals; the rules' answer is on the card before a model is asked."""
        with self.store.begin() as tx:
            incident, signals = tx.incidents.get(number), tx.signals.of(number, 200)
        if not incident.is_open:
            return []
        draft, evidence, suggestions = self._draft(incident, signals)
        tasks = self._publish(draft)
        if self.analyst is not None:
            tasks += self._publish(self._ask(self.analyst, incident, signals, evidence, suggestions, draft))
        return tasks + self._propose_best(number, draft)

    def _draft(
        self, incident: Incident, signals: Sequence[Signal]
    ) -> tuple[Assessment, Sequence[Evidence], tuple[Suggestion, ...]]:
        now = self.clock.now()
        sighting = self.observe(incident, signals, now)
        with self.store.begin() as tx:
            for item in sighting.evidence:
                tx.evidence.put(incident.number, item)
            evidence = tx.evidence.of(incident.number)
            records = {name: tx.proposals.track_record(name) for name in self.inventory.actions}
        seen = picture(incident, evidence, self.inventory)
        suggestions = self._untried(incident.number, suggest(evidence, seen, self.inventory, records))
        return assess(incident, evidence, suggestions, seen, sighting.unknowns, now), evidence, suggestions

    def _untried(self, number: int, suggestions: Sequence[Suggestion]) -> tuple[Suggestion, ...]:
        """Suggestions without those that this incident already tried in vain."""
        with self.store.begin() as tx:
            proposals = tx.proposals.of(number)
        vain = {
            (item.request.action, item.request.target, str(dict(item.request.parameters)))
            for item in proposals
            if item.verdict in {Verdict.NO_CHANGE, Verdict.WORSE} or item.status is ProposalStatus.DENIED
        }
        return tuple(item for item in suggestions if (item.action, item.target, str(dict(item.parameters))) not in vain)

    def _ask(
        self,
        analyst: Analyst,
        incident: Incident,
        signals: Sequence[Signal],
        evidence: Sequence[Evidence],
        suggestions: tuple[Suggestion, ...],
        draft: Assessment,
    ) -> Assessment:
        try:
            said = analyst.assess(Brief(incident, tuple(signals), tuple(evidence), suggestions, draft, self.clock.now()))
        except Unavailable as problem:
            return replace(draft, degraded=problem.message)
        grounded = ground(said, evidence, suggestions, set(self.inventory.services))
        # What Sitrep itself could not see stays said, whatever the model left out.
        unknowns = tuple(dict.fromkeys([*draft.unknowns, *grounded.unknowns]))
        return replace(grounded, suggestions=grounded.suggestions or draft.suggestions, unknowns=unknowns)

    def _publish(self, assessment: Assessment) -> list[Task]:
        number = assessment.incident
        with self.store.begin() as tx:
            latest = tx.assessments.latest(number)
            incident = self._advance(tx, assessment)
            if latest is None or not _says_the_same(latest, assessment):
                tx.assessments.add(assessment)
                tx.timeline.append(
                    number,
                    EntryKind.FINDING,
                    assessment.headline.text[:400],
                    f"sitrep ({assessment.tier.label})",
                    assessment.written_at,
                    {"evidence": list(assessment.headline.evidence), "confidence": assessment.headline.confidence.value},
                )
            return [self.say.card(tx, number), self.say.topic(tx, number)] if incident.is_open else []

    def _advance(self, tx: Transaction, assessment: Assessment) -> Incident:
        incident = tx.incidents.get(assessment.incident)
        early = {Status.TRIAGE: Status.INVESTIGATING, Status.INVESTIGATING: Status.INVESTIGATING}
        if incident.status not in early:
            return incident
        status = Status.IDENTIFIED if assessment.cause else early[incident.status]
        if status is incident.status:
            return incident
        tx.timeline.append(incident.number, EntryKind.STATUS, f"Status: {status.value}", "sitrep", assessment.written_at)
        return tx.incidents.save(incident.move_to(status, assessment.written_at))

    def _propose_best(self, number: int, draft: Assessment) -> list[Task]:
        """Proposes the best suggestion while nothing else waits or runs; the others stay one command away."""
        with self.store.begin() as tx:
            latest = tx.assessments.latest(number) or draft
            busy = any(
                item.status in {ProposalStatus.PENDING, ProposalStatus.APPROVED, ProposalStatus.RUNNING}
                or (item.status is ProposalStatus.DONE and item.verdict is None)
                for item in tx.proposals.of(number)
            )
            is_open = tx.incidents.get(number).is_open
        if busy or not is_open or not latest.suggestions:
            return []
        try:
            return self.propose.suggestion(number, latest.suggestions[0])[1]
        except (Refused, Unavailable) as problem:
            return self._note_failure(number, latest.suggestions[0], problem, self.clock.now())

    def _note_failure(self, number: int, suggestion: Suggestion, problem: Exception, now: datetime) -> list[Task]:
        with self.store.begin() as tx:
            text = f"Could not propose {suggestion.action} on {suggestion.target}: {problem}"
            if any(entry.text == text[:400] for entry in tx.timeline.of(number)):
                return []
            tx.timeline.append(number, EntryKind.ERROR, text[:400], "sitrep", now)
            return [self.say.note(tx, number, text)]


def _says_the_same(old: Assessment, new: Assessment) -> bool:
    return (old.tier, old.headline, old.findings, old.suggestions, old.degraded) == (
        new.tier,
        new.headline,
        new.findings,
        new.suggestions,
        new.degraded,
    )
