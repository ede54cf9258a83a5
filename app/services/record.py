"""Writes what happened to a proposal twice in one transaction: into its incident's timeline and into the audit chain."""

from collections.abc import Mapping

from app.domain.audit import AuditKind, Head
from app.domain.canonical import Json
from app.domain.proposal import Proposal
from app.domain.timeline import EntryKind
from app.ports.store import Transaction

_AUDIT: Mapping[EntryKind, AuditKind] = {
    EntryKind.PROPOSAL: AuditKind.PROPOSAL,
    EntryKind.DECISION: AuditKind.DECISION,
    EntryKind.INTENT: AuditKind.INTENT,
    EntryKind.RUN: AuditKind.RUN,
    EntryKind.VERDICT: AuditKind.VERDICT,
}


def record(
    tx: Transaction, proposal: Proposal, kind: EntryKind, text: str, actor: str, data: Mapping[str, Json] | None = None
) -> Head:
    """Records one step in a proposal's life; returns the audit chain's new head."""
    now = tx.now()
    known: dict[str, Json] = {"proposal": proposal.id, "fingerprint": proposal.fingerprint, **(data or {})}
    tx.timeline.append(proposal.incident, kind, text, actor, now, known)
    return tx.audit.append(_AUDIT[kind], text, actor, now, known, proposal.incident)
