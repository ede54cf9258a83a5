"""Hands that touch a make-believe world, and say in a log what they did."""

import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.action import ActionSpec, Preview
from app.domain.canonical import Json
from app.domain.errors import SitrepError
from app.ports.runner import RunResult

World = dict[str, dict[str, Json]]


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that really happened to a target."""

    run_id: str
    action: str
    target: str
    parameters: Mapping[str, Json]


@dataclass
class FakeRunner:
    """`observe` reads the world of a target, `run` changes it. Implements the runner port.

    `answers` scripts the next runs: an error that is raised before any effect, `("after", error)` for one raised after it,
    or a RunResult. `while_looking` and `while_running` are called in the middle of either. With `log`, effects are also
    appended to a file, one JSON line each, written in one system call, so that several processes share it.
    """

    world: World = field(default_factory=dict)
    answers: list[SitrepError | RunResult | tuple[str, SitrepError]] = field(default_factory=list)
    while_looking: Callable[[], None] | None = None
    while_running: Callable[[], None] | None = None
    log: Path | None = None
    effects: list[Effect] = field(default_factory=list)
    actors: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def observe(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> Mapping[str, Json]:
        """The fields that the entry observes."""
        del parameters
        if self.while_looking is not None:
            self.while_looking()
        fields = spec.observe.get("fields")
        here = self.world.get(target, {})
        return {name: here.get(str(place)) for name, place in fields.items()} if isinstance(fields, dict) else {}

    def preview(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> Preview:
        """What `run` would do, in words."""
        return Preview(f"{spec.name} on {target} with {dict(parameters)}", True)

    def run(
        self,
        spec: ActionSpec,
        target: str,
        parameters: Mapping[str, Json],
        run_id: str,
        actor: str,
        seen: Mapping[str, Json] | None = None,
    ) -> RunResult:
        """Sets what the entry sets."""
        answer = self.answers.pop(0) if self.answers else RunResult(True, "ok")
        if isinstance(answer, SitrepError):
            raise answer
        if self.while_running is not None:
            self.while_running()
        self.actors.append(actor)
        self._happen(Effect(run_id, spec.name, target, dict(parameters)), spec)
        if isinstance(answer, tuple):
            raise answer[1]
        return answer

    def _happen(self, effect: Effect, spec: ActionSpec) -> None:
        with self._lock:
            self.effects.append(effect)
            for place, name in spec.call.items():
                self.world.setdefault(effect.target, {})[place] = effect.parameters.get(str(name))
        if self.log is not None:
            line = json.dumps([effect.run_id, effect.action, effect.target, dict(effect.parameters)]) + "\n"
            file = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, line.encode())
            finally:
                os.close(file)
