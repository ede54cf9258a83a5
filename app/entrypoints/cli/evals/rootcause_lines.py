"""Log lines and spans of a case, read into arrays in order of time."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.analysis.case import Integers, LogLines, Spans
from app.domain.errors import BadInput
from app.entrypoints.cli.evals.files import read_jsonl

MOST_LINES_WITH_TRACE = 0.8
_LOG_HINT = 'Each line must be a JSON object with "time", "service" and "message".'
_SPAN_HINT = 'Each line must be a JSON object with "trace", "span", "service", "operation", "start" and "duration_ms".'
_LONG_ID = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{16,36}(?![0-9A-Za-z])")
NOT_SECONDS_FROM = 1e11


@dataclass(frozen=True, slots=True, eq=False)
class SpansRead:
    """The spans and the number of each trace by its id."""

    spans: Spans
    trace_numbers: Mapping[str, int]


def read_logs(path: Path, trace_numbers: Mapping[str, int]) -> LogLines | None:
    """The log lines of a case in order of time; None for an empty file.

    The request of a line is its "trace" if it has one, or a long id in its message that is one of `trace_numbers`. Where
    most lines have none, requests are left out altogether.
    """
    names: dict[str, int] = {}
    rows: list[tuple[float, int, str, int]] = []
    for number, item in read_jsonl(path, _LOG_HINT):
        at, service, message = seconds(item.get("time")), item.get("service"), item.get("message")
        if at is None or not isinstance(service, str):
            raise BadInput(f'Line {number} of {path} has no "time" or no "service".', _LOG_HINT)
        text = message if isinstance(message, str) else ""
        rows.append((at, names.setdefault(service, len(names)), text, _trace_of(item, text, trace_numbers)))
    if not rows:
        return None
    rows.sort(key=lambda row: row[0])
    traces = np.array([row[3] for row in rows], dtype=np.int64)
    has_traces = float(np.mean(traces >= 0)) >= MOST_LINES_WITH_TRACE
    return LogLines(
        np.array([row[0] for row in rows]),
        np.array([row[1] for row in rows], dtype=np.int64),
        [row[2] for row in rows],
        tuple(names),
        traces if has_traces else None,
    )


def _trace_of(item: Mapping[str, object], message: str, trace_numbers: Mapping[str, int]) -> int:
    if not trace_numbers:
        return -1
    told = trace_numbers.get(str(item.get("trace", "")))
    if told is not None:
        return told
    return next((trace_numbers[found] for found in _LONG_ID.findall(message) if found in trace_numbers), -1)


def read_spans(path: Path) -> SpansRead | None:
    """The spans of a case in order of their start; None for an empty file. A parent that is not there counts as none."""
    items = [(_span(item, number, path)) for number, item in read_jsonl(path, _SPAN_HINT)]
    if not items:
        return None
    items.sort(key=lambda item: item[0])
    traces: dict[str, int] = {}
    services: dict[str, int] = {}
    operations: dict[tuple[str, str], int] = {}
    place = {(item[2], item[3]): row for row, item in enumerate(items)}
    parents = np.array([place.get((item[2], item[4]), -1) if item[4] else -1 for item in items], dtype=np.int64)
    parents[parents == np.arange(len(items))] = -1
    spans = Spans(
        np.array([item[0] for item in items]),
        np.array([item[1] for item in items]),
        _numbered([item[2] for item in items], traces),
        parents,
        _numbered([item[5] for item in items], services),
        np.array([operations.setdefault((item[5], item[6]), len(operations)) for item in items], dtype=np.int64),
        np.array([item[7] for item in items], dtype=bool),
        tuple(services),
        tuple(operation for _, operation in operations),
    )
    return SpansRead(spans, traces)


def _numbered(names: list[str], numbers: dict[str, int]) -> Integers:
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)


def _span(item: Mapping[str, object], number: int, path: Path) -> tuple[float, float, str, str, str, str, str, bool]:
    start, length = seconds(item.get("start")), _number(item.get("duration_ms"))
    service = item.get("service")
    if start is None or length is None or not isinstance(service, str) or item.get("span") is None or item.get("trace") is None:
        raise BadInput(f"Line {number} of {path} is no whole span.", _SPAN_HINT)
    parent = item.get("parent")
    return (
        start,
        max(length, 0.0),
        str(item["trace"]),
        str(item["span"]),
        "" if parent is None else str(parent),
        service,
        str(item.get("operation") or ""),
        is_true(item.get("error")),
    )


def seconds(value: object) -> float | None:
    """Epoch seconds; values too large for that are taken as milli-, micro- or nanoseconds."""
    found = _number(value)
    while found is not None and found >= NOT_SECONDS_FROM:
        found /= 1000.0
    return found


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def is_true(value: object) -> bool:
    """An error flag in any usual spelling: true, 1, "true", "error", a status code of 500 and above."""
    if isinstance(value, str):
        text = value.strip().lower()
        if text.isdigit():
            return is_true(int(text))
        return text not in {"", "false", "no", "ok", "none", "null", "unset"}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value == 1 or value >= 500
    return bool(value)
