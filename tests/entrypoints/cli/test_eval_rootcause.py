"""Case folders: what comes out, what is forgiven, and what stops the run with one clear line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.domain.errors import BadInput
from app.entrypoints.cli.evals.rootcause import rank_cases
from app.entrypoints.cli.evals.rootcause_case import read_case
from app.entrypoints.cli.main import main

START = 1_700_000_000.0


def _write(root: Path, name: str = "one", **files: str | bytes) -> Path:
    """A case in which cart's latency jumps; `files` replace or add files by their stem."""
    folder = root / name
    folder.mkdir(parents=True)
    random = np.random.default_rng(1)
    rows = ["time,front|latency,cart|latency,front|cpu"]
    for step in range(-60, 11):
        added = 400 if step >= 0 else 0
        noise = random.normal(0, 2, 3)
        rows.append(f"{START + 60 * step:.0f},{100 + added + noise[0]:.3f},{50 + added + noise[1]:.3f},{10 + noise[2]:.3f}")
    contents: dict[str, str | bytes] = {
        "case.json": json.dumps({"start": START, "end": START + 600, "target": {"service": "front", "metric": "latency"}}),
        "metrics.csv": "\n".join(rows),
        "graph.csv": "caller,callee\nfront,cart\n",
    }
    suffix = {"case": ".json", "metrics": ".csv", "graph": ".csv", "logs": ".jsonl", "spans": ".jsonl", "changes": ".jsonl"}
    contents.update({stem + suffix[stem]: text for stem, text in files.items()})
    for file, text in contents.items():
        (folder / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def _answers(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_cases_come_out_in_order_of_their_names_with_ranks_and_reasons(tmp_path: Path) -> None:
    for name in ("b", "a", "c10", "c9"):
        _write(tmp_path / "cases", name)
    count, notes = rank_cases(tmp_path / "cases", tmp_path / "out.jsonl")
    answers = _answers(tmp_path / "out.jsonl")
    assert (count, notes) == (4, [])
    assert [answer["case"] for answer in answers] == ["a", "b", "c10", "c9"]
    for answer in answers:
        assert set(answer) == {"case", "ranked", "evidence", "ms"}
        assert answer["ranked"] == ["cart", "front"]
        assert isinstance(answer["ms"], float)
        evidence = answer["evidence"]
        assert evidence[0].keys() == {"service", "signal", "score", "why"}
        assert evidence[0]["why"].startswith("cart latency rose from 5")


def test_the_command_prints_a_summary_and_ends_with_zero(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _write(tmp_path / "cases")
    assert main(["eval", "rootcause", "--cases", str(tmp_path / "cases"), "--out", str(tmp_path / "out.jsonl")]) == 0
    assert "1 cases ranked in" in capsys.readouterr().err


def test_all_sources_are_read_and_every_service_is_ranked_once(tmp_path: Path) -> None:
    spans: list[dict[str, Any]] = []
    for number in range(200):
        at = START - 1000 + 8 * number
        trace = f"{number:032x}"
        late = at >= START
        spans += [
            {
                "trace": trace,
                "span": "a",
                "parent": None,
                "service": "front",
                "operation": "GET",
                "start": at,
                "duration_ms": 50,
                "error": False,
            },
            {
                "trace": trace,
                "span": "b",
                "parent": "a",
                "service": "tax",
                "operation": "sum",
                "start": at,
                "duration_ms": 40 + 800 * late,
                "error": late,
            },
        ]
    logs = [
        {"time": span["start"], "service": span["service"], "message": f"done {span['trace']} in {number} ms"}
        for number, span in enumerate(spans)
    ]
    changes = [{"time": START - 120, "service": "billing", "kind": "deploy", "text": "v2"}]
    _write(
        tmp_path,
        spans="\n".join(map(json.dumps, reversed(spans))),
        logs="\n".join(map(json.dumps, logs)),
        changes="\n".join(map(json.dumps, changes)),
    )
    case, notes = read_case(tmp_path / "one")
    assert notes == []
    assert case.spans is not None
    assert np.all(np.diff(case.spans.starts) >= 0)
    assert case.logs is not None
    assert case.logs.traces is not None
    assert len(np.unique(case.logs.traces)) == 200
    rank_cases(tmp_path, tmp_path / "out.jsonl")
    ranked = _answers(tmp_path / "out.jsonl")[0]["ranked"]
    assert sorted(ranked) == ["billing", "cart", "front", "tax"]


def test_holes_disorder_and_odd_cells_are_forgiven(tmp_path: Path) -> None:
    folder = _write(tmp_path)
    header, *rows = (folder / "metrics.csv").read_text().splitlines()
    rows = rows[::-1] + rows[:3]
    rows[5] = rows[5].rsplit(",", 2)[0] + ",n/a"
    rows[7] = rows[7].rsplit(",", 1)[0] + ",inf"
    rows[9] = "oops" + rows[9][rows[9].index(",") :]
    (folder / "metrics.csv").write_text("\n".join([header + ",idle|cpu", *(row + "," for row in rows), "", ""]))
    case, notes = read_case(folder)
    assert np.all(np.diff(case.times) > 0)
    assert len(case.times) == 70
    assert not np.isinf(case.values).any()
    assert notes == ["1 empty columns of metrics.csv say nothing"]
    rank_cases(tmp_path, tmp_path / "out.jsonl")
    assert _answers(tmp_path / "out.jsonl")[0]["ranked"] == ["cart", "front", "idle"]


def test_a_target_that_nothing_else_names_is_dropped_with_a_note(tmp_path: Path) -> None:
    _write(tmp_path, case=json.dumps({"start": START, "end": START + 600, "target": {"service": "ghost", "metric": "x"}}))
    _, notes = rank_cases(tmp_path, tmp_path / "out.jsonl")
    assert notes == ["one: the target ghost is named nowhere else, so the ranking goes without it"]
    assert _answers(tmp_path / "out.jsonl")[0]["ranked"] == ["cart", "front"]


def test_milliseconds_are_understood(tmp_path: Path) -> None:
    _write(tmp_path, case=json.dumps({"start": START * 1000, "end": (START + 600) * 1000}))
    case, _ = read_case(tmp_path / "one")
    assert case.start == START


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"case": "{"}, "case.json is not JSON"),
        ({"case": "[]"}, "case.json is no JSON object"),
        ({"case": "{}"}, "has no start or no end"),
        ({"case": '{"start": NaN, "end": 5}'}, "has no start or no end"),
        ({"case": '{"start": 7, "end": 7}'}, "ends before it starts"),
        ({"case": '{"start": 1, "end": 2, "target": "front"}'}, "a target without a service"),
        ({"case": '{"start": 1, "end": 2}'}, "no numbers before its start"),
        ({"case": '{"start": 1800000000, "end": 1800000600}'}, "no numbers between start and end"),
        ({"metrics": ""}, "no column time"),
        ({"metrics": "when,a|b\n1,2\n"}, "no column time"),
        ({"metrics": "time,a,b\n1,2,3\n"}, "no column named service"),
        ({"metrics": "time,a|b\n"}, "has no numbers"),
        ({"metrics": "time,a|b\n1,\n2,nan\n"}, "has no numbers"),
        ({"metrics": b"time,a|b\n1,\xff\n"}, "is no CSV in UTF-8"),
        ({"graph": "from,to\na,b\n"}, "no columns caller and callee"),
        ({"logs": "{}\n"}, "Line 1 of"),
        ({"logs": "nonsense\n"}, "is not JSON"),
        ({"spans": '{"trace": "a"}\n'}, "is no whole span"),
        ({"changes": '{"time": "soon", "service": "a"}\n'}, "Line 1 of"),
    ],
)
def test_a_case_that_cannot_be_read_is_said_in_one_line_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], files: dict[str, str | bytes], says: str
) -> None:
    cases, out = tmp_path / "cases", tmp_path / "out.jsonl"
    _write(cases, "good")
    _write(cases, "wrong", **files)
    out.write_text("before")
    assert main(["eval", "rootcause", "--cases", str(cases), "--out", str(out)]) == 2
    said = capsys.readouterr().err.strip()
    assert says in said
    assert "\n" not in said
    assert out.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cases", "out.jsonl"]


@pytest.mark.parametrize("missing", ["case.json", "metrics.csv"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    (_write(tmp_path / "cases") / missing).unlink()
    with pytest.raises(BadInput, match=rf"{missing} cannot be read"):
        rank_cases(tmp_path / "cases", tmp_path / "out.jsonl")


def test_a_missing_or_empty_folder_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is no folder"):
        rank_cases(tmp_path / "nowhere", tmp_path / "out.jsonl")
    (tmp_path / "cases").mkdir()
    with pytest.raises(BadInput, match="has no case"):
        rank_cases(tmp_path / "cases", tmp_path / "out.jsonl")
