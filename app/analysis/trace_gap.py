"""Whose fault is a caller's wait? Time that a caller loses beside its calls is shared between itself and those it calls."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.analysis.case import Floats, Integers, Spans

ROUNDS = 60
RIDGE = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """`kept` (spans,) is the part of each span's excess that is its own; the rest goes to `services` by `parts` of `rows`."""

    kept: Floats
    rows: Integers
    services: Integers
    parts: Floats


def shared_gaps(spans: Spans, excess: Floats, usual: Floats, is_wait: NDArray[np.bool_], during: NDArray[np.bool_]) -> Shares:
    """Splits the excess own time of spans that call other services, where no span of the waiting caller was recorded.

    A slow caller is slow in all it does, in proportion to its usual time; a slow way to a callee costs every caller of it
    the same for each call. The two are told apart by non-negative least squares over the incident's spans, one row for
    each operation and set of callees. `excess` and `usual` (spans,) are in ms.
    """
    rows, services, calls = _edges(spans, is_wait)
    if not len(rows):
        return Shares(np.ones(len(excess)), rows, services, np.zeros(0))
    slower, gaps = _fit(spans, excess, usual, during & ~is_wait, rows, services, calls)
    own = np.maximum(usual, 0.1) * slower[spans.services]
    lost = calls * gaps[services]
    predicted = own + np.bincount(rows, weights=lost, minlength=len(excess))
    known = np.maximum(predicted, 1e-9)
    kept = np.where(predicted > 1e-9, own / known, 1.0)
    return Shares(kept, rows, services, lost / known[rows])


def _edges(spans: Spans, is_wait: NDArray[np.bool_]) -> tuple[Integers, Integers, Floats]:
    """(caller's row, callee's service, calls) of every span that calls another service and is no mere wait."""
    children = np.flatnonzero(spans.parents >= 0)
    parents = spans.parents[children]
    chosen = (spans.services[children] != spans.services[parents]) & ~is_wait[parents]
    count = len(spans.service_names)
    keys, calls = np.unique(parents[chosen] * count + spans.services[children[chosen]], return_counts=True)
    return keys // count, keys % count, calls.astype(np.float64)


def _fit(
    spans: Spans, excess: Floats, usual: Floats, during: NDArray[np.bool_], rows: Integers, services: Integers, calls: Floats
) -> tuple[Floats, Floats]:
    """How much slower each service is, as a factor of its usual time, and the ms each call to it loses on the way."""
    count = len(spans.service_names)
    marks = np.random.default_rng(0).integers(1, 1 << 40, count)
    kinds = np.zeros(len(excess), dtype=np.int64)
    np.add.at(kinds, rows, marks[services] * calls.astype(np.int64))
    picked = np.flatnonzero(during)
    if not len(picked):
        return np.zeros(count), np.zeros(count)
    _, groups = np.unique(np.stack([spans.operations[picked], kinds[picked]]), axis=1, return_inverse=True)
    groups = groups.reshape(-1)
    sizes = np.bincount(groups).astype(np.float64)
    features = np.zeros((len(sizes), 2 * count))
    np.add.at(features, (groups, spans.services[picked]), np.maximum(usual[picked], 0.1) / sizes[groups])
    place = np.full(len(excess), -1, dtype=np.int64)
    place[picked] = groups
    seen = place[rows] >= 0
    at = place[rows[seen]]
    np.add.at(features, (at, count + services[seen]), calls[seen] / sizes[at])
    lost = np.bincount(groups, weights=excess[picked]) / sizes
    found = _non_negative(features * np.sqrt(sizes)[:, None], np.maximum(lost, 0.0) * np.sqrt(sizes))
    return found[:count], found[count:]


def _non_negative(features: Floats, target: Floats) -> Floats:
    """Least squares without negative factors, by coordinate descent; columns are scaled alike, a small ridge splits ties."""
    norms = np.sqrt((features**2).sum(axis=0))
    scaled = features / np.where(norms > 0, norms, 1.0)
    gram, aim = scaled.T @ scaled, scaled.T @ target
    found = np.zeros(features.shape[1])
    used = np.flatnonzero(norms > 0).tolist()
    for _ in range(ROUNDS):
        for index in used:
            rest = float(aim[index] - gram[index] @ found + gram[index, index] * found[index])
            found[index] = max(rest / (float(gram[index, index]) + RIDGE), 0.0)
    result: Floats = found / np.where(norms > 0, norms, 1.0)
    return result
