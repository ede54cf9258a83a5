"""Remembers a resolved incident: what it looked like, what was tried, and what the probes said."""

from dataclasses import dataclass

from app.domain.canonical import Json, plain
from app.domain.evidence import EvidenceKind
from app.domain.proposal import Proposal
from app.domain.wording import duration
from app.ports.knowledge import Knowledge, Memory
from app.ports.store import Store, Transaction


@dataclass(frozen=True, slots=True)
class Learn:
    """Writes an incident into memory; learning it again replaces what was known."""

    store: Store
    knowledge: Knowledge

    def __call__(self, number: int) -> None:
        """Private and test incidents teach nothing."""
        with self.store.begin() as tx:
            incident = tx.incidents.get(number)
            if incident.is_private or incident.is_test or incident.resolved_at is None:
                return
            memory = self._memory(tx, number)
        self.knowledge.learn(memory)

    def _memory(self, tx: Transaction, number: int) -> Memory:
        incident, latest = tx.incidents.get(number), tx.assessments.latest(number)
        signals, tried = tx.signals.of(number), [item for item in tx.proposals.of(number) if item.verdict is not None]
        numbers = [
            item.summary for item in tx.evidence.of(number) if item.kind is EvidenceKind.METRIC and item.data.get("is_bad")
        ]
        took = (incident.resolved_at - incident.started_at).total_seconds() if incident.resolved_at else 0.0
        cause = latest.headline.text if latest else "unknown"
        parts = [
            f"# {incident.title}",
            "## What was seen\n" + "\n".join(f"- {line}" for line in [*(s.summary or s.name for s in signals[:5]), *numbers[:5]]),
            f"## Cause\n{cause}",
            "## What was tried\n" + "\n".join(f"- {_line(item)}" for item in tried),
            f"## Outcome\nResolved after {duration(took)}.",
        ]
        fields: dict[str, Json] = {
            "title": incident.title,
            "date": f"{incident.started_at:%Y-%m-%d}",
            "services": [incident.service] if incident.service else [],
            "alerts": plain(sorted({signal.name for signal in signals})),
            "root_cause": cause,
            "actions": [
                {
                    "action": item.request.action,
                    "target": item.request.target,
                    "verdict": item.verdict.value if item.verdict else "",
                }
                for item in tried
            ],
            "minutes_to_resolve": round(took / 60, 1),
            "reviewed": False,
        }
        return Memory(f"inc-{number}", incident.title, "\n\n".join(parts), fields)


def _line(item: Proposal) -> str:
    return f"{item.title}: {item.verdict.value.replace('_', ' ') if item.verdict else 'not judged'}"
