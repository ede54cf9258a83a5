"""The audit chain: every proposal, decision, run and change of the rules in one order, each sealed to the one before it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.canonical import Json, canonical_json, plain
from app.domain.errors import AuditBroken
from app.domain.timeline import GENESIS

_HINT = "Nothing runs until a person has looked. Compare with a backup and with the published heads."


class AuditKind(StrEnum):
    """What sort of thing was recorded."""

    PROPOSAL = "proposal"
    DECISION = "decision"
    INTENT = "intent"
    RUN = "run"
    VERDICT = "verdict"
    POLICY = "policy"
    FREEZE = "freeze"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends: the last entry's number (0 for an empty chain) and its hash."""

    seq: int = 0
    hash: str = GENESIS

    def __str__(self) -> str:
        return f"#{self.seq} {self.hash[:12]}"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry. `content` is the RFC 8785 text of what was recorded; `hash` seals it to its place in the chain."""

    seq: int
    content: str
    hash: str

    @property
    def value(self) -> dict[str, Json]:
        """The content, read."""
        read: dict[str, Json] = json.loads(self.content)
        return read


def content_of(at: datetime, kind: AuditKind, incident: int, actor: str, text: str, data: Mapping[str, Json]) -> str:
    """The canonical text of an entry; `incident` is 0 for what concerns the whole installation."""
    return canonical_json(
        {"at": at.isoformat(), "kind": kind.value, "incident": incident, "actor": actor, "text": text, "data": plain(data)}
    )


def seal(previous: Head, content: str) -> AuditEntry:
    """The entry that follows `previous`: SHA-256 over the hash before it, its number and its content."""
    seq = previous.seq + 1
    return AuditEntry(seq, content, _hash(previous.hash, seq, content))


def check(entries: Iterable[AuditEntry], since: Head | None = None) -> Head:
    """The head after `entries`, which must follow `since` (the start unless given); raises AuditBroken naming the first
    entry that is missing, was edited or inserted, or stands in another place.
    """
    head = since or Head()
    for entry in entries:
        if entry.seq != head.seq + 1:
            raise AuditBroken(f"Audit entry {head.seq + 1} is missing (the next one is {entry.seq}).", _HINT)
        if entry.hash != _hash(head.hash, entry.seq, entry.content):
            raise AuditBroken(f"Audit entry {entry.seq} was changed, inserted or moved after it was written.", _HINT)
        head = Head(entry.seq, entry.hash)
    return head


def check_heads(hashes: Mapping[int, str], published: Iterable[Head]) -> None:
    """Raises AuditBroken unless every published head is still in the chain: a cut tail or a rebuilt chain shows here.

    `hashes` maps the numbers of the published heads to the hashes the chain has there now.
    """
    for head in published:
        found = hashes.get(head.seq)
        if found is None:
            raise AuditBroken(f"The audit chain ends before entry {head.seq}, which was published: its end was cut off.", _HINT)
        if found != head.hash:
            raise AuditBroken(f"Audit entry {head.seq} differs from the head that was published for it.", _HINT)


def _hash(previous: str, seq: int, content: str) -> str:
    return hashlib.sha256(f"{previous}\n{seq}\n{content}".encode()).hexdigest()
