"""The file of alerts: same order, same ids, whole or not at all."""

import json
from pathlib import Path

import pytest

from app.domain.errors import BadInput
from app.entrypoints.cli.evals.correlate import fold_alerts
from app.entrypoints.cli.main import main


def _alert(name: str, time: object, service: str, status: str = "firing") -> dict[str, object]:
    return {"id": name, "time": time, "status": status, "labels": {"alertname": "Slow", "service": service}, "annotations": {}}


def test_alerts_keep_their_order_and_get_their_incident(tmp_path: Path) -> None:
    rows = [
        _alert("a", 1_000_000, "payments"),
        _alert("b", "1970-01-12T13:47:40Z", "checkout"),
        _alert("c", 1_000_090.5, "search"),
        _alert("d", 1_000_700, "payments", "resolved"),
    ]
    source, graph, out = tmp_path / "alerts.jsonl", tmp_path / "graph.csv", tmp_path / "out.jsonl"
    source.write_text("\n".join(json.dumps(row) for row in rows))
    graph.write_text("caller,callee\ncheckout,payments\nsearch,index\n")
    assert fold_alerts(source, graph, out) == (4, 2)
    answers = [json.loads(line) for line in out.read_text().splitlines()]
    assert [answer["id"] for answer in answers] == ["a", "b", "c", "d"]
    incidents = [answer["incident"] for answer in answers]
    assert incidents[0] == incidents[1] == incidents[3] != incidents[2]
    assert fold_alerts(source, None, out)[0] == 4


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        '{"id": 1}',
        '{"time": 1}',
        '{"id": 1, "time": true}',
        '{"id": 1, "time": NaN}',
        '{"id": 1, "time": "soon"}',
        '{"id": 1, "time": 1, "labels": []}',
        '{"id": 1, "time": 1, "status": "maybe"}',
        '{"id": 1, "time": 1, "status": []}',
    ],
)
def test_a_bad_line_is_named_and_nothing_is_written(tmp_path: Path, bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(json.dumps(_alert("x", 1, "web")) + "\n" + bad)
    with pytest.raises(BadInput, match="Line 2 of"):
        fold_alerts(source, None, out)
    assert not out.exists()
    assert main(["eval", "correlate", "--alerts", str(source), "--out", str(out)]) == 2
    assert "Line 2 of" in capsys.readouterr().err


@pytest.mark.parametrize("graph", [b"caller,callee\nalone\n", b"\xff\xfe"])
def test_a_bad_graph_is_said_plainly(tmp_path: Path, graph: bytes) -> None:
    source, calls = tmp_path / "in.jsonl", tmp_path / "graph.csv"
    source.write_text(json.dumps(_alert("x", 1, "web")))
    calls.write_bytes(graph)
    with pytest.raises(BadInput, match=r"graph\.csv"):
        fold_alerts(source, calls, tmp_path / "out.jsonl")
    with pytest.raises(BadInput, match="cannot be read"):
        fold_alerts(source, tmp_path / "none.csv", tmp_path / "out.jsonl")
