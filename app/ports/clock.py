"""Time and fresh names, as arguments."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Aware UTC time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class Ids(Protocol):
    """Fresh names."""

    def new(self, prefix: str) -> str:
        """A unique id such as `prop_01jb…`: lower-case letters, digits and underscores, at most 40, sortable by time."""
        ...
