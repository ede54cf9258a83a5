"""The folder of series: same paths, same text, one score a row, whole or not at all."""

import csv
from pathlib import Path

import pytest

from app.domain.errors import BadInput
from app.entrypoints.cli.evals.anomaly import score_folder


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def series(count: int, spike: int) -> list[str]:
    lines = ["timestamp,value"]
    for row in range(count):
        value = 99.5 if row == spike else row % 7
        lines.append(f"2024-01-{1 + row // 288:02d} {row // 12 % 24:02d}:{row * 5 % 60:02d}:00,{value}")
    return lines


def test_paths_and_text_stay_and_the_spike_is_loudest(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "deep" / "out"
    (source / "aws").mkdir(parents=True)
    lines = series(2000, 1500)
    lines[700] = "2024-01-03 10:15:00, 1.50 "
    (source / "aws" / "cpu.csv").write_text("\n".join(lines) + "\n")
    (source / "empty.csv").write_text("timestamp,value\n")
    assert score_folder(source, out)[:2] == (2, 2000)
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()) == ["aws/cpu.csv", "empty.csv"]
    written = rows_of(out / "aws" / "cpu.csv")
    assert written[0] == ["timestamp", "value", "anomaly_score"]
    assert [",".join(row[:2]) for row in written[1:]] == lines[1:]
    scores = [float(row[2]) for row in written[1:]]
    assert max(range(2000), key=scores.__getitem__) == 1500
    assert (out / "empty.csv").read_text() == "timestamp,value,anomaly_score\n"


def test_bad_rows_keep_their_place_and_score_zero(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    bad = ["2024-01-02 00:00:00,NaN", "2024-01-02 00:00:01,inf", "yesterday,5", "2024-01-02 00:00:02,", ",", "2023-01-01 00:00:00,1e9",
           "2024-01-02 00:00:02", '"a ""b"", c",1e999', "2024-01-01T00:00+01,7"]  # fmt: skip
    (source / "a.csv").write_text("\n".join([*series(200, -1), *bad]) + "\n")
    score_folder(source, out)
    written = rows_of(out / "a.csv")
    assert len(written) == 201 + len(bad)
    assert [row[2] for row in written[201:]] == ["0.0"] * len(bad)
    assert [row[:2] for row in written[207:209]] == [["2024-01-02 00:00:02", ""], ['a "b", c', "1e999"]]


@pytest.mark.parametrize("text", ["", "time,number\n1,2\n", "value\n3\n"])
def test_a_file_that_is_no_series_stops_the_run_and_nothing_is_written(tmp_path: Path, text: str) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    (source / "a.csv").write_text("timestamp,value\n1,2\n")
    (source / "b.csv").write_text(text)
    with pytest.raises(BadInput, match=r"b\.csv has no header"):
        score_folder(source, out)
    assert not out.exists()


def test_a_missing_folder_an_empty_one_and_one_inside_the_other_are_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is no folder"):
        score_folder(tmp_path / "nowhere", tmp_path / "out")
    (tmp_path / "in").mkdir()
    with pytest.raises(BadInput, match="no CSV file"):
        score_folder(tmp_path / "in", tmp_path / "out")
    with pytest.raises(BadInput, match="lies in"):
        score_folder(tmp_path / "in", tmp_path / "in" / "out")
    (tmp_path / "in" / "a.csv").write_text("timestamp,value\n")
    (tmp_path / "out").write_text("a file")
    with pytest.raises(BadInput, match="cannot be written"):
        score_folder(tmp_path / "in", tmp_path / "out")
