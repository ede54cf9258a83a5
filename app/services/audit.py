"""Keeps the audit chain honest: checks it before anything runs, and publishes its heads where the database cannot reach."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.audit import Head, check, check_heads
from app.domain.errors import ActionRefused, AuditBroken, Unavailable
from app.ports.heads import Heads
from app.ports.store import Store, Transaction

# The heartbeat reads the whole chain.
RECENT = 2_000
PAGE = 5_000
# How many published heads every claim looks for in the chain.
LATEST = 50
PATIENCE = 5
BROKEN = "audit_broken"


@dataclass(frozen=True, slots=True)
class Audit:
    """The chain of this installation. Every claim reads the newest `look_back` entries again."""

    store: Store
    heads: Heads
    look_back: int = RECENT

    def latest_published(self) -> Sequence[Head]:
        """The newest published heads; raises ActionRefused if they cannot be read, AuditBroken if they make no sense."""
        try:
            return self.heads.published()[-LATEST:]
        except Unavailable as problem:
            raise ActionRefused(problem.message, problem.hint) from None

    def require_whole(self, tx: Transaction, published: Sequence[Head]) -> None:
        """Raises AuditBroken unless the newest part of the chain adds up, holds these published heads, and the last full
        check found nothing. A database restored from a copy taken before a run is found here.

        Call it after appending in the same transaction: the chain stands still from then on.
        """
        found = tx.setting(BROKEN)
        if found:
            raise AuditBroken(found, "`sitrep audit verify` says more.")
        head = tx.audit.head()
        start = max(0, head.seq - self.look_back)
        entries = tx.audit.entries(max(0, start - 1), self.look_back + 1)
        since = None
        if start > 0:
            if not entries or entries[0].seq != start:
                raise AuditBroken(f"Audit entry {start} is missing.", "`sitrep audit verify` says more.")
            since, entries = Head(entries[0].seq, entries[0].hash), entries[1:]
        if check(entries, since) != head:
            raise AuditBroken(f"The audit chain does not end at {head}.", "`sitrep audit verify` says more.")
        check_heads(tx.audit.hashes([item.seq for item in published]), published)

    def publish(self, head: Head, at: datetime) -> None:
        """Publishes a head; raises Unavailable if it cannot be made durable."""
        self.heads.publish(head, at)

    def verify(self) -> Head:
        """Checks the whole chain, its stored end and every published head; raises AuditBroken naming the first bad entry."""
        published = self.heads.published()
        head, stored = self._walk(Head())
        for _ in range(PATIENCE):
            if head == stored:
                break
            # Others write while we read: look at what came since before calling it broken.
            head, stored = self._walk(head)
        if head != stored:
            raise AuditBroken(f"The audit chain ends at {head} and should end at {stored}.", "Its end was cut off or forged.")
        with self.store.begin() as tx:
            hashes = tx.audit.hashes([item.seq for item in published])
        check_heads(hashes, published)
        return head

    def _walk(self, head: Head) -> tuple[Head, Head]:
        """The head after checking everything behind `head`, and the stored end as it was with the last page."""
        while True:
            with self.store.begin() as tx:
                stored, page = tx.audit.head(), tx.audit.entries(head.seq, PAGE)
            head = check(page, head)
            if len(page) < PAGE:
                return head, stored

    def look(self) -> str:
        """Verifies and remembers the result for every replica; the problem in words, or empty."""
        try:
            self.verify()
            problem = ""
        except AuditBroken as broken:
            problem = broken.message
        with self.store.begin() as tx:
            if (tx.setting(BROKEN) or "") != problem:
                tx.set_setting(BROKEN, problem)
        return problem
