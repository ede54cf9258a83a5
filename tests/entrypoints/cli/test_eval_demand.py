"""Replica plans by the file: same order, one number a step, whole or not at all."""

import json
from pathlib import Path

import pytest

from app.domain.errors import BadInput
from app.entrypoints.cli.evals.demand import plan_lines

WEB = {"id": "web", "step_s": 300, "values": [50, 54, None, 80], "per_replica": 10, "target_utilisation": 0.5, "min": 1, "max": 12,
       "startup_s": 600}  # fmt: skip


def test_each_step_gets_its_replicas_in_order(tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(json.dumps(row) for row in (WEB, {**WEB, "id": 7, "values": []})))
    assert plan_lines(source, out) == 2
    answers = [json.loads(line) for line in out.read_text().splitlines()]
    assert answers == [{"id": "web", "replicas": [10, 10, 10, 12]}, {"id": 7, "replicas": []}]


@pytest.mark.parametrize(
    "change", [{"min": 2.5}, {"min": 13}, {"target_utilisation": 1.1}, {"per_replica": 0}, {"values": "x"}, {"max": None}]
)
def test_a_bad_line_is_named_and_nothing_is_written(tmp_path: Path, change: dict[str, object]) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(json.dumps(WEB) + "\n" + json.dumps({**WEB, **change}))
    with pytest.raises(BadInput, match="Line 2 of"):
        plan_lines(source, out)
    assert not out.exists()
