"""What was seen around one incident, as arrays: numbers, calls, log lines, spans and changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Calls = Mapping[str, Sequence[str]]


class Column(NamedTuple):
    """One number of one service."""

    service: str
    metric: str


class ChangeSeen(NamedTuple):
    """A deploy, a configuration, a flag, a scaling or the like, at `at` epoch seconds."""

    at: float
    service: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class LogLines:
    """Log lines by time: `times` (n,) epoch seconds ascending, `services` (n,) indexes into `names`.

    `traces` (n,) numbers the request of each line, -1 where it is unknown; None where lines do not carry requests.
    """

    times: Floats
    services: Integers
    messages: Sequence[str]
    names: Sequence[str]
    traces: Integers | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Spans of traces, ascending by `starts` (epoch seconds); `lengths` in milliseconds.

    `traces` (n,) numbers the traces and `parents` (n,) holds the row of the calling span, -1 where there is none.
    `services` and `operations` are indexes into their names.
    """

    starts: Floats
    lengths: Floats
    traces: Integers
    parents: Integers
    services: Integers
    operations: Integers
    errors: NDArray[np.bool_]
    service_names: Sequence[str]
    operation_names: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One incident: something was wrong between `start` and `end` (epoch seconds).

    `values` is (times, columns), ascending in `times`, NaN where nothing was measured, and covers a normal time before
    `start`. `target` is the number that was seen to be wrong, if anybody said so; its metric may be empty.
    """

    start: float
    end: float
    times: Floats
    columns: Sequence[Column]
    values: Floats
    calls: Calls = field(default_factory=dict)
    logs: LogLines | None = None
    spans: Spans | None = None
    changes: Sequence[ChangeSeen] = ()
    target: Column | None = None
