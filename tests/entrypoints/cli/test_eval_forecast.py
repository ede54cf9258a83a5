"""Forecasts by the file: same order, null where nothing is expected, whole or not at all."""

import json
from pathlib import Path

import pytest

from app.domain.errors import BadInput
from app.entrypoints.cli.evals.forecast import forecast_lines

RISING = {"id": "disk", "step_s": 60, "values": list(range(100)), "threshold": 120, "direction": "above", "horizon_s": 7200}


def test_answers_come_in_order_with_null_where_no_breach_is_expected(tmp_path: Path) -> None:
    flat = {**RISING, "id": 2, "values": [1, None, 1, 1e999] * 10, "note": "ignored"}
    falling = {**RISING, "id": 3, "values": [-value for value in range(100)], "threshold": -120, "direction": "below"}
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(json.dumps(row) for row in (RISING, flat, falling)))
    assert forecast_lines(source, out) == 3
    assert [json.loads(line) for line in out.read_text().splitlines()] == [
        {"id": "disk", "eta_s": 1260.0, "earliest_s": 1260.0, "latest_s": 1260.0},
        {"id": 2, "eta_s": None, "earliest_s": None, "latest_s": None},
        {"id": 3, "eta_s": 1260.0, "earliest_s": 1260.0, "latest_s": 1260.0},
    ]


@pytest.mark.parametrize(
    ("change", "what"),
    [({"step_s": 0}, "too small"), ({"values": 5}, "no list"), ({"values": ["a"]}, "something else"), ({"direction": "up"}, "neither"),
     ({"threshold": None}, "no finite number"), ({"horizon_s": True}, "no finite number")],
)  # fmt: skip
def test_a_bad_line_is_named_and_nothing_is_written(tmp_path: Path, change: dict[str, object], what: str) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(json.dumps(RISING) + "\n" + json.dumps({**RISING, **change}))
    with pytest.raises(BadInput, match=f"Line 2 of .*{what}"):
        forecast_lines(source, out)
    assert not out.exists()
