"""Hands that touch production; only `services.act` may know this port."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from app.domain.action import ActionSpec
from app.domain.canonical import Json
from app.ports.observer import Observer


@dataclass(frozen=True, slots=True)
class RunResult:
    """What the target answered: whether it accepted, and its words (cut to 2,000 characters)."""

    accepted: bool
    output: str


class Runner(Observer, Protocol):
    """Runs one exact action of one executor kind."""

    def run(
        self,
        spec: ActionSpec,
        target: str,
        parameters: Mapping[str, Json],
        run_id: str,
        actor: str,
        seen: Mapping[str, Json] | None = None,
    ) -> RunResult:
        """Does it once. Raises ActionRefused if the call is not allowed (nothing left), Unavailable if nothing could have
        left, and OutcomeUnknown if it left without an answer.

        `seen` is the precondition people approved: an executor that can read and change in one step (Kubernetes, Postgres)
        refuses when the target says otherwise at that very moment.
        """
        ...
