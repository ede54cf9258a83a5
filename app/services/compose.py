"""Puts together what a card shows, from the state at the moment it is drawn."""

from dataclasses import dataclass

from app.domain.errors import ActionRefused
from app.domain.incident import Incident
from app.domain.inventory import Inventory
from app.domain.messages import ApprovalCard, IncidentCard, Note, PostmortemNotice
from app.domain.wording import duration
from app.ports.clock import Clock
from app.ports.store import Store
from app.services.observe import metric_of
from app.services.propose import undo_words


@dataclass(frozen=True, slots=True)
class Compose:
    """Reads once per message."""

    store: Store
    inventory: Inventory
    clock: Clock
    console_url: str = ""

    def card(self, number: int) -> IncidentCard:
        """The living card."""
        with self.store.begin() as tx:
            tallies = tx.signals.tallies([number])
            return IncidentCard(
                incident=tx.incidents.get(number),
                firing=sum(tally.firing for tally in tallies),
                resolved=sum(tally.resolved for tally in tallies),
                kinds=len({tally.name for tally in tallies}),
                services=len({tally.service for tally in tallies}),
                assessment=tx.assessments.latest(number),
                evidence=tuple(tx.evidence.of(number)),
                proposals=tuple(tx.proposals.of(number)),
                console_url=self._url(number),
            )

    def approval(self, proposal_id: str) -> ApprovalCard:
        """One proposal with its decisions and what became of it."""
        with self.store.begin() as tx:
            proposal = tx.proposals.get(proposal_id)
            approvals, run = tuple(tx.proposals.decisions(proposal_id)), tx.proposals.run_of(proposal_id)
        try:
            spec = self.inventory.action(proposal.request.action)
        except ActionRefused:
            return ApprovalCard(proposal, None, approvals, run)
        probe_service = spec.probe.service or proposal.request.target
        metric = metric_of(self.inventory, probe_service, spec.probe.metric)
        return ApprovalCard(proposal, spec, approvals, run, metric, undo_words(spec, proposal.request, self.inventory))

    def announcement(self, number: int) -> Note:
        """One line for everybody."""
        with self.store.begin() as tx:
            incident = tx.incidents.get(number)
        where = f" in <#{incident.room}>" if incident.room else ""
        return Note(f"SEV{int(incident.severity)} {incident.name}{where}", quoted=incident.title)

    def postmortem(self, number: int) -> tuple[PostmortemNotice, bytes | None]:
        """The notice and the plot, if there is one."""
        with self.store.begin() as tx:
            incident, paper, entries = tx.incidents.get(number), tx.papers.postmortem(number), tx.timeline.of(number)
            proposals, follow_ups = tx.proposals.of(number), tx.papers.follow_ups(number)
        end = incident.resolved_at or self.clock.now()
        helped = [item.title for item in proposals if item.verdict and item.verdict.value == "recovered"]
        lines = (
            f"{incident.title}: {duration((end - incident.started_at).total_seconds())} from start to resolution.",
            f"What helped: {'; '.join(helped) or 'nothing that Sitrep ran'}.",
            f"{len(entries)} timeline entries, {len(proposals)} proposals, {len(follow_ups)} follow-ups.",
        )
        notice = PostmortemNotice(incident, lines, f"{self._url(number)}/postmortem" if self.console_url else "", end)
        return notice, paper.plot_png if paper and paper.plot_png else None

    def _url(self, number: int) -> str:
        return f"{self.console_url}/incidents/{number}" if self.console_url else ""


def topic_of(incident: Incident) -> str:
    """Status, severity and lead in one line; written for people, never read back."""
    lead = f"lead <@{incident.lead}>" if incident.lead else "no lead yet"
    return f"SEV{int(incident.severity)} · {incident.status.value} · {lead} · {incident.title}"[:240]
