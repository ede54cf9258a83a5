"""Online Boutique: 56 injected faults with numbers a minute (Nezha, MIT), read from the sample data beside the project."""

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from app.analysis.case import Case, Column, Floats
from tests.evals.incidents.truth import KnownIncident

FAULT_S = 300.0
NORMAL_ROWS = 120
_NO_NUMBERS = {"Time", "TimeStamp", "PodName"}


def boutique(root: Path) -> Iterator[KnownIncident]:
    """The faults in order of time; `root` is the folder `rootcause` of the sample data.

    The faults follow one another every eight minutes, so a case's normal time is made of the rows outside all faults: the
    earlier ones of the day, and before them quiet rows from after the last fault, a minute apart.
    """
    for day in sorted((root / "rca_data").iterdir()):
        times, columns, values = _numbers(day / "metric")
        faults = _faults(day)
        calls = _calls(day / "metric" / "dependency.csv.gz")
        quiet = np.ones(len(times), dtype=bool)
        for at, _, _ in faults:
            quiet &= (times < at - 60) | (times > at + FAULT_S + 120)
        after = np.flatnonzero(quiet & (times > faults[-1][0] + 1800))
        for at, cause, kind in faults:
            before = np.flatnonzero(quiet & (times < at))[-NORMAL_ROWS:]
            borrowed = after[: NORMAL_ROWS - len(before)]
            during = np.flatnonzero((times >= at) & (times <= at + FAULT_S))
            rows = np.r_[borrowed, before, during]
            steps = np.arange(len(borrowed) + len(before), 0, -1) * -60.0
            clock = np.r_[at + steps, times[during]]
            case = Case(at, at + FAULT_S, clock, columns, values[rows], calls)
            yield KnownIncident(f"{day.name}-{at:.0f}", case, cause, kind)


def _numbers(folder: Path) -> tuple[Floats, list[Column], Floats]:
    columns: list[Column] = []
    parts: list[Floats] = []
    times = np.empty(0)
    for path in sorted(folder.glob("*_metric.csv.gz")):
        service = path.name.rsplit("-", 2)[0]
        with gzip.open(path, "rt") as file:
            rows = list(csv.DictReader(file))
        numbers = [name for name in rows[0] if name not in _NO_NUMBERS]
        columns += [Column(service, name) for name in numbers]
        parts.append(np.array([[float(row[name] or "nan") for name in numbers] for row in rows]))
        times = np.array([float(row["TimeStamp"]) for row in rows])
    return times, columns, np.hstack(parts)


def _faults(day: Path) -> list[tuple[float, str, str]]:
    listed = json.loads((day / f"{day.name}-fault_list.json").read_text())
    return sorted(
        (float(fault["inject_timestamp"]), fault["inject_pod"].rsplit("-", 2)[0], fault["inject_type"])
        for hour in listed.values()
        for fault in hour
    )


def _calls(path: Path) -> dict[str, list[str]]:
    calls: dict[str, list[str]] = {}
    with gzip.open(path, "rt") as file:
        for row in csv.DictReader(file):
            if not row["Target"][0].isdigit():
                calls.setdefault(row["Source"], []).append(row["Target"])
    return calls
