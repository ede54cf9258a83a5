"""Where the time of requests goes: a service's own time, the gap before it answers, and the errors that begin in it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.analysis.case import Floats, Integers, Spans
from app.analysis.past import Windows
from app.analysis.trace_gap import shared_gaps

BINS_A_WINDOW = 6
SHORTEST_BIN_S = 5.0
SMALL_SHARE = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class TraceSeries:
    """Per bin and service, per request: excess own time and excess gap in milliseconds, and errors that began there.

    `times` (bins,) are the bins' starts; each array is (bins, services) only bins with requests. `little`
    is the milliseconds that no request would notice: one hundredth of the usual length of a request.
    """

    times: Floats
    own: Floats
    gap: Floats
    errors: Floats
    little: float


def trace_series(spans: Spans, windows: Windows) -> TraceSeries:
    """The spans of a case as series of its services.

    Own time is a span's length minus what its children cover (their union, so parallel calls count once). A span that
    only waits for one call to another service is that call seen by the caller: what the callee did not use of it is the
    gap, charged to the callee, because that is where a slow network or a full queue sits. The excess is over the usual
    time of the same operation, so a new mix of requests is no excess.
    """
    filled, bins, inside = _bins(spans, windows)
    count = len(filled)
    requests = np.maximum(_distinct(bins, spans.traces, count), 1.0)
    own, charged = own_times(spans)
    is_wait = charged >= 0
    usual = _usual(own, spans.operations, spans.starts < windows.normal_end)
    excess = own - usual
    shares = shared_gaps(spans, excess, usual, is_wait, spans.starts >= windows.start)
    shape = (count, len(spans.service_names))

    def sums(values: Floats, rows: Integers, owners: Integers) -> Floats:
        seen = inside[rows]
        flat = bins[rows[seen]] * shape[1] + owners[seen]
        total = np.bincount(flat, weights=values[seen], minlength=shape[0] * shape[1]).reshape(shape)
        each: Floats = total / requests[:, None]
        return each

    roots = spans.lengths[(spans.parents < 0) & (spans.starts < windows.normal_end)]
    little = SMALL_SHARE * float(np.median(roots)) if len(roots) else 0.0
    began = np.flatnonzero(_errors_begin(spans))
    works, waits = np.flatnonzero(~is_wait), np.flatnonzero(is_wait)
    shared = sums(excess[shares.rows] * shares.parts, shares.rows, shares.services)
    return TraceSeries(
        filled,
        sums((excess * shares.kept)[works], works, spans.services[works]),
        sums(excess[waits], waits, charged[waits]) + shared,
        sums(np.ones(len(began)), began, spans.services[began]),
        max(little, 1e-3),
    )


def _bins(spans: Spans, windows: Windows) -> tuple[Floats, Integers, NDArray[np.bool_]]:
    """Starts of the bins that hold requests, each span's bin, and whether its request lies in the times looked at.

    A request belongs whole to the bin in which it begins; bins meet at the start of the incident.
    """
    width = max(windows.length / BINS_A_WINDOW, SHORTEST_BIN_S)
    begins = np.full(int(spans.traces.max()) + 1, np.inf)
    np.minimum.at(begins, spans.traces, spans.starts)
    numbers = np.floor((begins - windows.start) / width)
    inside = ((begins >= windows.first) & (begins < windows.end))[spans.traces]
    filled, bins = np.unique(numbers[spans.traces], return_inverse=True)
    return (windows.start + width * filled).astype(np.float64), bins.reshape(-1).astype(np.int64), inside


def own_times(spans: Spans) -> tuple[Floats, Integers]:
    """(milliseconds, charged): each span's length less its children's union; the callee's service for waits, else -1."""
    covered, children = _covered(spans)
    own = np.maximum(spans.lengths - covered, 0.0)
    charged = np.full(len(own), -1, dtype=np.int64)
    has_parent = spans.parents >= 0
    rows = np.flatnonzero(has_parent)
    parents = spans.parents[rows]
    crosses = spans.services[rows] != spans.services[parents]
    crossing = rows[crosses]
    charged[spans.parents[crossing]] = spans.services[crossing]
    local_parent = np.zeros(len(own), dtype=bool)
    local_parent[rows] = ~crosses
    charged[(children != 1) | ~local_parent] = -1
    return own, charged


def _covered(spans: Spans) -> tuple[Floats, Integers]:
    """Milliseconds of each span that its children cover, and how many children it has."""
    count = len(spans.lengths)
    rows = np.flatnonzero(spans.parents >= 0)
    children = np.bincount(spans.parents[rows], minlength=count)
    covered = np.zeros(count)
    if len(rows) == 0:
        return covered, children
    rows = rows[np.lexsort((spans.starts[rows], spans.parents[rows]))]
    parents = spans.parents[rows]
    begins = (spans.starts[rows] - spans.starts.min()) * 1000.0
    ends = begins + spans.lengths[rows]
    # One running maximum over all families: each family is lifted above the one before it.
    lift = np.cumsum(np.r_[False, parents[1:] != parents[:-1]]) * (float(ends.max()) + 1.0)
    reached = np.maximum.accumulate(ends + lift)
    so_far = np.r_[-np.inf, reached[:-1]]
    added = np.maximum(reached - np.maximum(begins + lift, so_far), 0.0)
    np.add.at(covered, parents, added)
    return covered, children


def _usual(own: Floats, operations: Integers, is_normal: NDArray[np.bool_]) -> Floats:
    """Median own time of each span's operation in normal time; 0 for an operation never seen before."""
    count = int(operations.max()) + 1 if len(operations) else 0
    usual = np.zeros(count)
    order = np.lexsort((own[is_normal], operations[is_normal]))
    sorted_operations, sorted_own = operations[is_normal][order], own[is_normal][order]
    first = np.searchsorted(sorted_operations, np.arange(count))
    sizes = np.searchsorted(sorted_operations, np.arange(count), side="right") - first
    has = sizes > 0
    usual[has] = sorted_own[first[has] + (sizes[has] - 1) // 2]
    each: Floats = usual[operations]
    return each


def _distinct(bins: Integers, traces: Integers, count: int) -> Floats:
    pairs = np.unique(np.stack([bins, traces], axis=1), axis=0)
    return np.bincount(pairs[:, 0], minlength=count).astype(np.float64)


def _errors_begin(spans: Spans) -> NDArray[np.bool_]:
    """Spans that failed although none of their calls did."""
    began = spans.errors.copy()
    passed_on = spans.parents[spans.errors & (spans.parents >= 0)]
    began[passed_on] = False
    return began
