"""No change log is configured."""

from collections.abc import Sequence
from datetime import datetime

from app.domain.change import Change


class NoChanges:
    """Implements the changes port with nothing."""

    def between(self, start: datetime, end: datetime) -> Sequence[Change]:  # noqa: ARG002 - the port's signature
        """Nothing."""
        return ()
