"""Each action goes to the runner of its own executor."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from app.adapters.actions import RunnerByExecutor
from app.domain.action import ActionSpec, Preview
from app.domain.canonical import Json
from app.domain.errors import ActionRefused
from app.ports.runner import RunResult
from tests.adapters.actions.entries import command_entry, http_entry


class Answering:
    """A runner that says its own name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def observe(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> Mapping[str, Json]:
        return {"by": self.name}

    def preview(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> Preview:
        return Preview(f"{self.name} would", is_exact=True)

    def run(
        self,
        spec: ActionSpec,
        target: str,
        parameters: Mapping[str, Json],
        run_id: str,
        actor: str,
        seen: Mapping[str, Json] | None = None,
    ) -> RunResult:
        return RunResult(True, f"{self.name} {target} {run_id} {actor}{' ' + str(seen) if seen else ''}")


def test_the_executor_of_the_entry_decides() -> None:
    runner = RunnerByExecutor({"http": Answering("http"), "command": Answering("command")})
    assert runner.run(http_entry("http://127.0.0.1:1"), "checkout", {}, "run_1", "U1").output == "http checkout run_1 U1"
    assert runner.observe(command_entry(["true"]), "checkout", {}) == {"by": "command"}
    assert runner.preview(command_entry(["true"]), "checkout", {}).text == "command would"
    assert "{'before': 3}" in runner.run(http_entry("http://127.0.0.1:1"), "checkout", {}, "run_1", "U1", {"before": 3}).output


def test_an_unknown_executor_is_refused() -> None:
    runner = RunnerByExecutor({"http": Answering("http")})
    spec = replace(http_entry("http://127.0.0.1:1"), executor="shell")
    with pytest.raises(ActionRefused, match="'shell'"):
        runner.run(spec, "checkout", {}, "run_1", "U1")
    with pytest.raises(ActionRefused, match="'shell'"):
        runner.observe(spec, "checkout", {})
    with pytest.raises(ActionRefused, match="'shell'"):
        runner.preview(spec, "checkout", {})
