"""A place outside the database where heads of the audit chain are kept, and which can be full."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.audit import Head
from app.domain.errors import SitrepError


@dataclass
class FakeHeads:
    """Implements the heads port in memory. `problem` is raised by `publish`, `unreadable` by `published`."""

    kept: list[Head] = field(default_factory=list)
    problem: SitrepError | None = None
    unreadable: SitrepError | None = None

    def publish(self, head: Head, at: datetime) -> None:
        """Keeps it."""
        del at
        if self.problem is not None:
            raise self.problem
        self.kept.append(head)

    def published(self) -> Sequence[Head]:
        """All of them, oldest first."""
        if self.unreadable is not None:
            raise self.unreadable
        return list(self.kept)
