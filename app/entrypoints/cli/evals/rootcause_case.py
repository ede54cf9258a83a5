"""A case folder read into arrays: what is wrong with it is said in one line, or noted where the rest is still of use."""

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from app.analysis.case import Case, ChangeSeen, Column, Floats
from app.analysis.suspects import services_of
from app.domain.errors import BadInput
from app.entrypoints.cli.evals.files import read_jsonl
from app.entrypoints.cli.evals.rootcause_lines import NOT_SECONDS_FROM, read_logs, read_spans, seconds

_CASE_HINT = 'case.json must be {"start", "end"} in epoch seconds, and "target": {"service", "metric"} where one is known.'
_METRICS_HINT = "metrics.csv needs a header with time and columns named service|metric, and numbers below it."
_CHANGE_HINT = 'Each line must be a JSON object with "time" and "service", and "kind" and "text" where known.'


def read_case(folder: Path) -> tuple[Case, list[str]]:
    """The case in `folder`, and in words what of it was left out.

    case.json and metrics.csv must be there. Rows are put in order of time, of rows with the same time the last counts;
    empty or odd cells count as not measured, columns without any number are left out. Raises BadInput where nothing could
    be ranked: no JSON, no window, no number in metrics.csv, or an incident that lies outside everything measured.
    """
    start, end, target = _window(folder / "case.json")
    notes: list[str] = []
    times, columns, values = _metrics(folder / "metrics.csv", notes)
    calls = _calls(folder / "graph.csv") if (folder / "graph.csv").exists() else {}
    spans = read_spans(folder / "spans.jsonl") if (folder / "spans.jsonl").exists() else None
    trace_numbers = spans.trace_numbers if spans is not None else {}
    logs = read_logs(folder / "logs.jsonl", trace_numbers) if (folder / "logs.jsonl").exists() else None
    changes = _changes(folder / "changes.jsonl") if (folder / "changes.jsonl").exists() else []
    if not np.any(times < start):
        raise BadInput(f"{folder} has no numbers before its start.", "metrics.csv must cover a normal time before start.")
    if not np.any((times >= start) & (times <= end)):
        if spans is None and logs is None:
            raise BadInput(f"{folder} has no numbers between start and end.", "Check that start and end lie within the data.")
        notes.append("metrics.csv has no rows between start and end, so only traces and logs speak")
    case = Case(start, end, times, columns, values, calls, logs, spans.spans if spans else None, changes)
    if target is not None and target.service not in services_of(case):
        notes.append(f"the target {target.service} is named nowhere else, so the ranking goes without it")
        target = None
    return replace(case, target=target), notes


def _window(path: Path) -> tuple[float, float, Column | None]:
    try:
        item = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as problem:
        raise BadInput(f"{path} cannot be read: {problem.strerror}.", _CASE_HINT) from None
    except (ValueError, RecursionError):
        raise BadInput(f"{path} is not JSON.", _CASE_HINT) from None
    if not isinstance(item, dict):
        raise BadInput(f"{path} is no JSON object.", _CASE_HINT)
    start, end = seconds(item.get("start")), seconds(item.get("end"))
    if start is None or end is None:
        raise BadInput(f"{path} has no start or no end in epoch seconds.", _CASE_HINT)
    if end <= start:
        raise BadInput(f"{path} ends before it starts.", _CASE_HINT)
    target = item.get("target")
    if target is None:
        return start, end, None
    if not isinstance(target, dict) or not isinstance(target.get("service"), str):
        raise BadInput(f"{path} has a target without a service.", _CASE_HINT)
    return start, end, Column(target["service"], str(target.get("metric") or ""))


def _metrics(path: Path, notes: list[str]) -> tuple[Floats, list[Column], Floats]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            header = [name.strip() for name in next(rows, [])]
            table = [row for row in rows if row]
    except OSError as problem:
        raise BadInput(f"{path} cannot be read: {problem.strerror}.", _METRICS_HINT) from None
    except (UnicodeDecodeError, csv.Error):
        raise BadInput(f"{path} is no CSV in UTF-8.", _METRICS_HINT) from None
    if "time" not in header:
        raise BadInput(f"{path} has no column time.", _METRICS_HINT)
    kept = [index for index, name in enumerate(header) if name != "time" and name.rpartition("|")[0]]
    if not kept:
        raise BadInput(f"{path} has no column named service|metric.", _METRICS_HINT)
    numbers = _cells(table, len(header))
    times, values = _in_order(numbers[:, header.index("time")], numbers[:, kept])
    named = [Column(*_split(header[index])) for index in kept]
    measured = np.isfinite(values).any(axis=0) if len(values) else np.zeros(len(kept), dtype=np.bool_)
    if not np.any(measured):
        raise BadInput(f"{path} has no numbers.", _METRICS_HINT)
    if not np.all(measured):
        notes.append(f"{int(np.sum(~measured))} empty columns of metrics.csv say nothing")
    return times, named, values


def _split(name: str) -> tuple[str, str]:
    service, _, metric = name.rpartition("|")
    return service, metric


def _cells(table: list[list[str]], width: int) -> Floats:
    """The cells as numbers; empty, missing and odd ones are not measured."""
    whole = [[cell or "nan" for cell in row] if len(row) == width else (row + ["nan"] * width)[:width] for row in table]
    try:
        return np.array(whole, dtype=np.float64).reshape(-1, width)
    except ValueError:
        return np.array([[_cell(cell) for cell in row] for row in whole], dtype=np.float64).reshape(-1, width)


def _cell(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _in_order(clock: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Rows by time in seconds without those that have none; the last of those with the same time."""
    known = np.isfinite(clock)
    while np.any(known) and float(np.median(clock[known])) >= NOT_SECONDS_FROM:
        clock = clock / 1000.0
    clock, values = clock[known], np.where(np.isfinite(values[known]), values[known], np.nan)
    order = np.argsort(clock, kind="stable")
    clock, values = clock[order], values[order]
    last = np.r_[clock[1:] != clock[:-1], True] if len(clock) else np.zeros(0, dtype=bool)
    return clock[last], values[last]


def _calls(path: Path) -> dict[str, list[str]]:
    hint = "graph.csv needs a header with caller and callee."
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, restval=""))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise BadInput(f"{path} is no CSV in UTF-8.", hint) from None
    calls: dict[str, list[str]] = {}
    for row in rows:
        if "caller" not in row or "callee" not in row:
            raise BadInput(f"{path} has no columns caller and callee.", hint)
        caller, callee = row["caller"].strip(), row["callee"].strip()
        if caller and callee and callee not in calls.setdefault(caller, []):
            calls[caller].append(callee)
    return calls


def _changes(path: Path) -> list[ChangeSeen]:
    found = []
    for number, item in read_jsonl(path, _CHANGE_HINT):
        at, service = seconds(item.get("time")), item.get("service")
        if at is None or not isinstance(service, str):
            raise BadInput(f'Line {number} of {path} has no "time" or no "service".', _CHANGE_HINT)
        found.append(ChangeSeen(at, service, str(item.get("kind") or "change"), str(item.get("text") or "")))
    return found
