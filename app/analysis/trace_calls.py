"""Who calls whom, and which calls are no longer made or are new, from traces."""

import numpy as np

from app.analysis.case import Integers, Spans
from app.analysis.share_shift import Happenings


def calls_of(spans: Spans) -> dict[str, list[str]]:
    """Who calls whom, from spans whose parent belongs to another service."""
    rows = np.flatnonzero(spans.parents >= 0)
    pairs = np.stack([spans.services[spans.parents[rows]], spans.services[rows]], axis=1)
    calls: dict[str, list[str]] = {}
    for caller, callee in np.unique(pairs, axis=0):
        if caller != callee:
            calls.setdefault(spans.service_names[caller], []).append(spans.service_names[callee])
    return calls


def service_of_operation(spans: Spans) -> Integers:
    """The service of each operation; operations are numbered per service."""
    services = np.zeros(len(spans.operation_names), dtype=np.int64)
    services[spans.operations] = spans.services
    return services


def call_shares(spans: Spans) -> tuple[Happenings, list[tuple[int, int]]]:
    """Calls of one operation by another as shares of the caller's spans, and the (caller, callee) operations of each.

    A service that throws or returns early stops making its later calls, while those it no longer calls are not to blame.
    """
    rows = np.flatnonzero(spans.parents >= 0)
    parents = spans.parents[rows]
    count = len(spans.operation_names)
    pairs, events = np.unique(spans.operations[parents] * count + spans.operations[rows], return_inverse=True)
    keys = np.unique(parents * max(len(pairs), 1) + events)
    callers, kinds = keys // max(len(pairs), 1), keys % max(len(pairs), 1)
    seen = Happenings(spans.starts[callers], kinds, pairs // count, spans.starts, spans.operations)
    return seen, [(int(pair // count), int(pair % count)) for pair in pairs]
