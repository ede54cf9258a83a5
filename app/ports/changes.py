"""Where recent changes are read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from app.domain.change import Change


class Changes(Protocol):
    """Reads deploys, config changes, flags, scales and restarts; raises Unavailable."""

    def between(self, start: datetime, end: datetime) -> Sequence[Change]:
        """Oldest first."""
        ...
