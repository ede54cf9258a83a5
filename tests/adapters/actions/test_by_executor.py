"""Each action goes to the runner of its own executor."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from app.adapters.actions import RunnerByExecutor
from app.domain.action import ActionSpec
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

    def run(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json], run_id: str, actor: str) -> RunResult:
        return RunResult(True, f"{self.name} {target} {run_id} {actor}")


def test_the_executor_of_the_entry_decides() -> None:
    runner = RunnerByExecutor({"http": Answering("http"), "command": Answering("command")})
    assert runner.run(http_entry("http://127.0.0.1:1"), "checkout", {}, "run_1", "U1").output == "http checkout run_1 U1"
    assert runner.observe(command_entry(["true"]), "checkout", {}) == {"by": "command"}


def test_an_unknown_executor_is_refused() -> None:
    runner = RunnerByExecutor({"http": Answering("http")})
    spec = replace(http_entry("http://127.0.0.1:1"), executor="shell")
    with pytest.raises(ActionRefused, match="'shell'"):
        runner.run(spec, "checkout", {}, "run_1", "U1")
    with pytest.raises(ActionRefused, match="'shell'"):
        runner.observe(spec, "checkout", {})
