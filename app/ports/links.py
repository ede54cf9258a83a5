"""Signed links by which a named person decides one exact proposal while the chat is down."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Grant:
    """What a link stands for: this person, this proposal with this fingerprint, until then. `id` is used once."""

    id: str
    person: str
    proposal: str
    fingerprint: str
    expires_at: datetime


class Links(Protocol):
    """Signs and reads links."""

    def issue(self, grant: Grant) -> str:
        """The text of a link, safe in an address; raises Unavailable if the signing key cannot be read."""
        ...

    def read(self, text: str) -> Grant:
        """What a link stands for; raises ApprovalRefused for one that was not signed here or was changed."""
        ...
