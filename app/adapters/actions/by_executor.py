"""Sends an action to the runner of its executor, and refuses executors nobody registered."""

from collections.abc import Mapping

from app.domain.action import ActionSpec, Preview
from app.domain.canonical import Json
from app.domain.errors import ActionRefused
from app.ports.runner import Runner, RunResult


class RunnerByExecutor:
    """A runner made of runners, by the name that stands under `executor`."""

    def __init__(self, runners: Mapping[str, Runner]) -> None:
        self._runners = dict(runners)

    def observe(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> Mapping[str, Json]:
        """Asks the executor's runner."""
        return self._of(spec).observe(spec, target, parameters)

    def preview(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> Preview:
        """Asks the executor's runner what it would do."""
        return self._of(spec).preview(spec, target, parameters)

    def run(
        self,
        spec: ActionSpec,
        target: str,
        parameters: Mapping[str, Json],
        run_id: str,
        actor: str,
        seen: Mapping[str, Json] | None = None,
    ) -> RunResult:
        """Runs it with the executor's runner."""
        return self._of(spec).run(spec, target, parameters, run_id, actor, seen)

    def _of(self, spec: ActionSpec) -> Runner:
        try:
            return self._runners[spec.executor]
        except KeyError:
            known = ", ".join(sorted(self._runners)) or "none"
            raise ActionRefused(f"No executor is called '{spec.executor}'.", f"There are: {known}.") from None
