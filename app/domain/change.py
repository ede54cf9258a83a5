"""A change somebody or something made: a deploy, a config value, a flag, a scale, a restart."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `key` and `before`/`after` are filled for config and flag changes, as text; versions for deploys."""

    at: datetime
    service: str
    kind: str
    text: str
    by: str = ""
    key: str = ""
    before: str = ""
    after: str = ""
    link: str = ""
