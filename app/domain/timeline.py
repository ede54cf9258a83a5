"""The timeline: what happened in an incident, each entry sealed to the one before it by its hash."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from app.domain.canonical import Json, digest, plain
from app.domain.errors import AuditBroken

GENESIS = "0" * 64


class EntryKind(StrEnum):
    """What sort of thing happened."""

    OPENED = "opened"
    ALERT = "alert"
    STATUS = "status"
    SEVERITY = "severity"
    ROLE = "role"
    NOTE = "note"
    MESSAGE = "message"
    FINDING = "finding"
    PROPOSAL = "proposal"
    DECISION = "decision"
    INTENT = "intent"
    RUN = "run"
    VERDICT = "verdict"
    CHANGE = "change"
    POSTMORTEM = "postmortem"
    FOLLOW_UP = "follow_up"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `seq` counts from 1 within its incident; `hash` covers everything else, `previous` included."""

    incident: int
    seq: int
    at: datetime
    kind: EntryKind
    text: str
    actor: str
    previous: str
    hash: str
    data: Mapping[str, Json] = field(default_factory=dict)

    @property
    def expected_hash(self) -> str:
        """What `hash` must be."""
        return seal(self.incident, self.seq, self.at, self.kind, self.text, self.actor, self.data, self.previous)


def seal(
    incident: int,
    seq: int,
    at: datetime,
    kind: EntryKind,
    text: str,
    actor: str,
    data: Mapping[str, Json],
    previous: str,
) -> str:
    """The hash of an entry: SHA-256 over its canonical JSON and the hash before it."""
    return digest(
        {
            "incident": incident,
            "seq": seq,
            "at": at.isoformat(),
            "kind": kind.value,
            "text": text,
            "actor": actor,
            "data": plain(data),
            "previous": previous,
        }
    )


def check_chain(entries: Iterable[Entry]) -> str:
    """The head hash of one incident's entries in order; raises AuditBroken naming the first bad entry."""
    previous, expected_seq = GENESIS, 1
    for entry in entries:
        where = f"Timeline entry {entry.seq} of INC-{entry.incident}"
        if entry.seq != expected_seq:
            raise AuditBroken(f"{where}: entry {expected_seq} is missing.", "Compare with the published heads before acting.")
        if entry.previous != previous or entry.hash != entry.expected_hash:
            raise AuditBroken(f"{where} was changed after it was written.", "Compare with the published heads before acting.")
        previous, expected_seq = entry.hash, expected_seq + 1
    return previous
