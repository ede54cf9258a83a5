"""Log lines are read from the end of the file, within bounds, whatever stands in it."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.adapters.logs import FileLogs, files
from app.adapters.logs.files import lines_backwards
from app.domain.errors import Unavailable
from app.ports.logs import LogLine

START = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
END = START + timedelta(hours=1)


def line(seconds: float, message: str = "hello", level: str = "info") -> str:
    return json.dumps({"time": (START + timedelta(seconds=seconds)).isoformat(), "level": level, "message": message})


def write(folder: Path, *lines: str | bytes, name: str = "checkout.jsonl") -> None:
    raw = [text.encode() if isinstance(text, str) else text for text in lines]
    (folder / name).write_bytes(b"".join(item + b"\n" for item in raw))


def messages(folder: Path, limit: int = 500) -> list[str]:
    return [found.message for found in FileLogs(folder).between("checkout", START, END, limit)]


def test_a_line_is_read_as_it_was_written(tmp_path: Path) -> None:
    write(tmp_path, line(1, "pool exhausted", "error"))
    assert FileLogs(tmp_path).between("checkout", START, END) == [
        LogLine(START + timedelta(seconds=1), "checkout", "error", "pool exhausted")
    ]


def test_epoch_seconds_are_a_time_too(tmp_path: Path) -> None:
    write(tmp_path, json.dumps({"time": START.timestamp() + 5, "message": "x"}))
    assert FileLogs(tmp_path).between("checkout", START, END)[0].at == START + timedelta(seconds=5)


def test_the_newest_lines_within_the_window_come_oldest_first(tmp_path: Path) -> None:
    write(tmp_path, *(line(n, str(n)) for n in range(-10, 3700, 10)))
    assert messages(tmp_path, limit=3) == ["3580", "3590", "3600"]
    assert messages(tmp_path, limit=0) == []
    assert len(messages(tmp_path, limit=10_000)) == 361


def test_the_rotated_file_is_read_on(tmp_path: Path) -> None:
    write(tmp_path, line(1, "old"), name="checkout.jsonl.1")
    write(tmp_path, line(2, "new"))
    assert messages(tmp_path) == ["old", "new"]


def test_lines_slightly_out_of_order_are_all_found_and_sorted(tmp_path: Path) -> None:
    write(tmp_path, line(3, "c"), line(-1, "before"), line(1, "a"), line(2, "b"))
    assert messages(tmp_path) == ["a", "b", "c"]


def test_a_line_that_is_none_is_skipped(tmp_path: Path) -> None:
    odd = [b"", b"\xff\xfe", b"{", b"[" * 50_000, b"1", b"null", b'{"time": 1}', b'{"time": "x", "message": "y"}']
    odd += [
        b'{"time": 1e300, "message": "y"}',
        b'{"time": true, "message": "y"}',
        b'{"time": "2026-11-24T03:10:00", "message": "y"}',
    ]
    odd += [b"x" * 70_000, json.dumps({"time": START.isoformat(), "message": ["y"]}).encode(), b'{"time": NaN, "message": "y"}']
    write(tmp_path, line(1, "a"), *odd, line(2, "b"))
    with (tmp_path / "checkout.jsonl").open("ab") as file:
        file.write(b'{"time": "2026-11-24T03:')  # a torn last line
    assert messages(tmp_path) == ["a", "b"]


def test_a_long_message_is_cut(tmp_path: Path) -> None:
    write(tmp_path, line(1, "x" * 10_000))
    assert len(messages(tmp_path)[0]) == 4000


def test_no_more_than_the_end_of_a_huge_file_is_read(tmp_path: Path) -> None:
    filler = (b"x" * 1023 + b"\n") * 1024
    with (tmp_path / "checkout.jsonl").open("wb") as file:
        file.write(line(1, "too far back").encode() + b"\n")
        for _ in range(files.MAX_BYTES // len(filler)):
            file.write(filler)
        file.write(line(2, "at the end").encode() + b"\n")
    assert messages(tmp_path) == ["at the end"]


def test_millions_of_unreadable_lines_cost_little(tmp_path: Path) -> None:
    (tmp_path / "checkout.jsonl").write_bytes(b"{\n" * 4_000_000 + line(2, "at the end").encode())
    began = time.monotonic()
    assert messages(tmp_path) == ["at the end"]
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("service", ["../secret", "/etc/passwd", "a/b", "", "a\0b", ".hidden"])
def test_a_service_name_never_leaves_the_folder(tmp_path: Path, service: str) -> None:
    inner = tmp_path / "logs"
    inner.mkdir()
    write(tmp_path, line(1), name="secret.jsonl")
    assert FileLogs(inner).between(service, START, END) == ()


def test_a_service_without_logs_has_none_and_a_missing_folder_is_unavailable(tmp_path: Path) -> None:
    assert FileLogs(tmp_path).between("checkout", START, END) == []
    with pytest.raises(Unavailable, match="does not exist"):
        FileLogs(tmp_path / "gone").between("checkout", START, END)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b"") * 2000), max_size=6), st.booleans())
def test_backwards_is_the_reverse_of_forwards(tmp_path: Path, lines: list[bytes], ends_with_newline: bool) -> None:
    path = tmp_path / "any"
    path.write_bytes(b"\n".join(lines) + (b"\n" if ends_with_newline else b""))
    forwards = [item for item in path.read_bytes().split(b"\n") if item and len(item) <= files.MAX_LINE_BYTES]
    assert [item for item in lines_backwards(path) if item] == forwards[::-1]
