"""The file of lines: same order, same ids, whole or not at all."""

import json
from pathlib import Path

import pytest

from app.domain.errors import BadInput
from app.entrypoints.cli.evals.redact import redact_lines

PASSWORD = "Falcon" + "4821"


def test_lines_keep_their_order_and_ids_and_lose_their_secrets(tmp_path: Path) -> None:
    rows = [{"id": 2, "text": f"password={PASSWORD}", "label": "x"}, {"id": "a", "text": "all good ü"}, {"id": 1, "text": ""}]
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    assert redact_lines(source, out) == 3
    assert [json.loads(line) for line in out.read_text().splitlines()] == [
        {"id": 2, "text": "password=[SECRET:password#1]"},
        {"id": "a", "text": "all good ü"},
        {"id": 1, "text": ""},
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


@pytest.mark.parametrize("bad", ["{", "[]", '{"id": 1}', '{"text": "x"}', '{"id": 1, "text": 5}', "\udcff", "[" * 100_000])
def test_a_bad_line_is_named_and_nothing_is_written(tmp_path: Path, bad: str) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    out.write_text("before")
    source.write_bytes(b'{"id": 1, "text": "x"}\n' + bad.encode("utf-8", "surrogateescape"))
    with pytest.raises(BadInput, match="Line 2 of") as caught:
        redact_lines(source, out)
    assert "\n" not in str(caught.value)
    assert out.read_text() == "before"


def test_a_missing_input_and_an_impossible_output_are_said_plainly(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    with pytest.raises(BadInput, match="cannot be read"):
        redact_lines(source, tmp_path / "out.jsonl")
    source.write_text('{"id": 1, "text": "x"}')
    with pytest.raises(BadInput, match="cannot be written"):
        redact_lines(source, tmp_path / "nowhere" / "out.jsonl")
