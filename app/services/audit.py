"""Keeps the audit chain honest: checks it before anything runs, and publishes its heads where the database cannot reach."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.audit import Head, check, check_heads
from app.domain.errors import AuditBroken
from app.ports.heads import Heads
from app.ports.store import Store, Transaction

# What every claim reads again, newest first; the heartbeat reads the whole chain.
RECENT = 2_000
PAGE = 5_000
BROKEN = "audit_broken"


@dataclass(frozen=True, slots=True)
class Audit:
    """The chain of this installation."""

    store: Store
    heads: Heads

    def require_whole(self, tx: Transaction) -> None:
        """Raises AuditBroken unless the newest part of the chain adds up and the last full check found nothing."""
        found = tx.setting(BROKEN)
        if found:
            raise AuditBroken(found, "`sitrep audit verify` says more.")
        head = tx.audit.head()
        start = max(0, head.seq - RECENT)
        entries = tx.audit.entries(max(0, start - 1), RECENT + 1)
        since = None
        if start > 0:
            if not entries:
                raise AuditBroken(f"Audit entry {start} is missing.", "`sitrep audit verify` says more.")
            since, entries = Head(entries[0].seq, entries[0].hash), entries[1:]
        if check(entries, since) != head:
            raise AuditBroken(f"The audit chain does not end at {head}.", "`sitrep audit verify` says more.")

    def publish(self, head: Head, at: datetime) -> None:
        """Publishes a head; raises Unavailable if it cannot be made durable."""
        self.heads.publish(head, at)

    def verify(self) -> Head:
        """Checks the whole chain, its stored end and every published head; raises AuditBroken naming the first bad entry."""
        head = Head()
        while True:
            with self.store.begin() as tx:
                page, stored = tx.audit.entries(head.seq, PAGE), tx.audit.head()
            head = check(page, head)
            if len(page) < PAGE:
                break
        if head.seq < stored.seq or (head.seq == stored.seq and head.hash != stored.hash):
            raise AuditBroken(f"The audit chain ends at {head} and should end at {stored}.", "Its end was cut off.")
        published = self.heads.published()
        with self.store.begin() as tx:
            hashes = tx.audit.hashes([item.seq for item in published])
        check_heads(hashes, published)
        return head

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
