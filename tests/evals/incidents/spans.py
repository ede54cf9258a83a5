"""Rows of spans as arrays."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from app.analysis.case import Spans


class SpanRow(NamedTuple):
    """One span: `start` in epoch seconds, `length` in ms, `parent` the row of its caller or -1."""

    start: float
    length: float
    trace: int
    parent: int
    service: int
    operation: str
    failed: bool


def spans_of(rows: Sequence[SpanRow], names: Sequence[str], with_errors: bool) -> Spans:
    """The rows by time of start; without `with_errors` no span says that it failed, as in many real traces."""
    order = np.argsort([row.start for row in rows], kind="stable")
    place = np.empty(len(rows) + 1, dtype=np.int64)
    place[order] = np.arange(len(rows))
    place[-1] = -1
    ordered = [rows[index] for index in order]
    numbers: dict[tuple[int, str], int] = {}
    operations = [numbers.setdefault((row.service, row.operation), len(numbers)) for row in ordered]
    return Spans(
        np.array([row.start for row in ordered]),
        np.array([row.length for row in ordered]),
        np.array([row.trace for row in ordered], dtype=np.int64),
        place[[row.parent for row in ordered]],
        np.array([row.service for row in ordered], dtype=np.int64),
        np.array(operations, dtype=np.int64),
        np.array([row.failed and with_errors for row in ordered], dtype=bool),
        names,
        tuple(operation for _, operation in numbers),
    )
