"""Where heads of the audit chain are published, outside the database whose history they vouch for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from app.domain.audit import Head


class Heads(Protocol):
    """An append-only list of heads."""

    def publish(self, head: Head, at: datetime) -> None:
        """Adds it and makes it durable; raises Unavailable if that fails: then nothing may run."""
        ...

    def published(self) -> Sequence[Head]:
        """All of them, oldest first; raises AuditBroken for a line that cannot be read."""
        ...
