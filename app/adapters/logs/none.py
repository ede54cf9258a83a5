"""No logs are configured."""

from collections.abc import Sequence
from datetime import datetime

from app.ports.logs import LogLine


class NoLogs:
    """Implements the logs port with nothing."""

    def between(self, service: str, start: datetime, end: datetime, limit: int = 500) -> Sequence[LogLine]:  # noqa: ARG002 - the port's signature
        """Nothing."""
        return ()
