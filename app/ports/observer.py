"""Eyes on what an action would change; they never change anything."""

from collections.abc import Mapping
from typing import Protocol

from app.domain.action import ActionSpec, Preview
from app.domain.canonical import Json


class Observer(Protocol):
    """Reads the state an action would change, and says what it would do."""

    def observe(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> Mapping[str, Json]:
        """The precondition's values (may be empty if the entry names none); raises Unavailable."""
        ...

    def preview(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> Preview:
        """What a run would send or change, without doing it. Raises ActionRefused if a run would be refused, and
        Unavailable if the target must be asked and does not answer.
        """
        ...
