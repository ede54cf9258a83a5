"""The file of log lines: same order, same ids, whole or not at all."""

import json
from pathlib import Path

import pytest

from app.domain.errors import BadInput
from app.entrypoints.cli.evals.logs import group_lines
from app.entrypoints.cli.main import main


def test_lines_keep_their_order_and_get_the_id_of_their_template(tmp_path: Path) -> None:
    lines = ["took 5 ms for /a/b", "gave up", "took 17 ms for /c", "gave up"]
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(json.dumps({"id": f"l{number}", "line": line}) for number, line in enumerate(lines)))
    assert group_lines(source, out) == (4, 2)
    answers = [json.loads(line) for line in out.read_text().splitlines()]
    assert [answer["id"] for answer in answers] == ["l0", "l1", "l2", "l3"]
    ids = [answer["template_id"] for answer in answers]
    assert ids[0] == ids[2] != ids[1] == ids[3]


@pytest.mark.parametrize("bad", ["{", '{"id": 1}', '{"line": "x"}', '{"id": 1, "line": 5}'])
def test_a_bad_line_is_named_and_nothing_is_written(tmp_path: Path, bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"id": 1, "line": "x"}\n' + bad)
    with pytest.raises(BadInput, match="Line 2 of"):
        group_lines(source, out)
    assert not out.exists()
    assert main(["eval", "logs", "--lines", str(source), "--out", str(out)]) == 2
    assert "Line 2 of" in capsys.readouterr().err
