"""Where a service's logs are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line as the service wrote it: hostile text until shown otherwise."""

    at: datetime
    service: str
    level: str
    message: str


class Logs(Protocol):
    """Reads log lines; raises Unavailable."""

    def between(self, service: str, start: datetime, end: datetime, limit: int = 500) -> Sequence[LogLine]:
        """The newest `limit` lines in the window, oldest first."""
        ...
