"""The scorer of the Numenta Anomaly Benchmark (Lavin and Ahmad, ICMLA 2015), and its series where they are at hand."""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
PROFILES = {"standard": (0.11, 1.0), "low FP": (0.22, 1.0), "low FN": (0.11, 2.0)}
DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "nab_half"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A series with the windows of rows (first, last) in which something is wrong."""

    name: str
    times: list[float]
    values: list[float]
    windows: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Detections:
    """What one series' scores are worth at any threshold: `scores` that fall outside of windows or improve on none cost
    or bring `worth`, those inside window `window` (-1 outside) bring at most the best of them."""

    scores: Floats
    window: NDArray[np.int64]
    worth: Floats
    windows: int


def load(folder: Path = DATA) -> list[Labelled]:
    """The labelled series below a folder with `data/` and `windows.json`."""
    return [
        _load(folder / "data" / name, name, windows)
        for name, windows in json.loads((folder / "windows.json").read_text()).items()
    ]


def detections(scores: Sequence[float], windows: Sequence[tuple[int, int]]) -> Detections:
    """Each positive score after the probation (15 % of the rows, at most 750) with its worth before weights."""
    known = np.asarray(scores, dtype=float)
    rows = np.flatnonzero(known > 0)
    rows = rows[rows >= min(int(0.15 * len(known)), 750)]
    judged = [_judge(int(row), windows) for row in rows]
    window = np.array([place for place, _ in judged], dtype=np.int64)
    return Detections(known[rows], window, np.array([worth for _, worth in judged], dtype=float), len(windows))


def curve(found: Sequence[Detections], thresholds: Floats, profile: str) -> Floats:
    """The benchmark's score (0 for silence, 100 for perfection) of all series together at each threshold."""
    false_weight, missed_weight = PROFILES[profile]
    raw, count = np.zeros(len(thresholds)), sum(each.windows for each in found)
    for each in found:
        for place in range(each.windows):
            best = np.full(len(thresholds), -missed_weight)
            for row in np.flatnonzero(each.window == place):
                reached = thresholds <= each.scores[row]
                best[reached] = np.maximum(best[reached], each.worth[row])
            raw += best
        for row in np.flatnonzero(each.window < 0):
            raw[thresholds <= each.scores[row]] += false_weight * each.worth[row]
    return np.asarray(100 * (raw + missed_weight * count) / (count * (1 + missed_weight)), dtype=float)


def held_out(found: Mapping[str, Detections], profile: str, seeds: int = 5) -> tuple[float, float]:
    """Mean and standard deviation of the score on half of each category's series, threshold from the other half."""
    thresholds = thresholds_of(list(found.values()))
    results = []
    for seed in range(seeds):
        one, other = _halves(sorted(found), np.random.default_rng(seed))
        for chosen, scored in ((one, other), (other, one)):
            best = int(np.argmax(curve([found[name] for name in chosen], thresholds, profile)))
            results.append(curve([found[name] for name in scored], thresholds[best : best + 1], profile)[0])
    return float(np.mean(results)), float(np.std(results))


def thresholds_of(found: Sequence[Detections]) -> Floats:
    """Every score there is, rising, and one above all."""
    return np.append(np.unique(np.concatenate([each.scores for each in found])), np.inf)


def _halves(names: Sequence[str], random: np.random.Generator) -> tuple[list[str], list[str]]:
    halves: tuple[list[str], list[str]] = ([], [])
    for category in sorted({name.split("/")[0] for name in names}):
        members = [name for name in names if name.split("/")[0] == category]
        for place, member in enumerate(random.permutation(members)):
            halves[place % 2].append(str(member))
    return halves


def _judge(row: int, windows: Sequence[tuple[int, int]]) -> tuple[int, float]:
    before = None
    for place, (first, last) in enumerate(windows):
        if first <= row <= last:
            return place, _sigmoid(-(last - row + 1) / (last - first + 1)) / _sigmoid(-1.0)
        if last < row:
            before = (first, last)
    if before is None:
        return -1, -1.0
    return -1, _sigmoid((row - before[1]) / (before[1] - before[0]))


def _sigmoid(position: float) -> float:
    return -1.0 if position > 3 else 2 / (1 + math.exp(5 * position)) - 1


def _load(path: Path, name: str, windows: Sequence[Sequence[str]]) -> Labelled:
    with path.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    times = [_seconds(stamp) for stamp, _ in rows]
    spans = [
        (int(np.searchsorted(times, _seconds(first), "left")), int(np.searchsorted(times, _seconds(last), "right")) - 1)
        for first, last in windows
    ]
    return Labelled(name, times, [float(value) for _, value in rows], spans)


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).replace(tzinfo=UTC).timestamp()
