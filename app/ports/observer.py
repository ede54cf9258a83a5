"""Eyes on what an action would change; they never change anything."""

from collections.abc import Mapping
from typing import Protocol

from app.domain.action import ActionSpec
from app.domain.canonical import Json


class Observer(Protocol):
    """Reads the state an action would change."""

    def observe(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> Mapping[str, Json]:
        """The precondition's values (may be empty if the entry names none); raises Unavailable."""
        ...
