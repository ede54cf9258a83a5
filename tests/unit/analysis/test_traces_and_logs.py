"""Traces and logs: whose time it is, whose errors, which lines are new."""

from collections.abc import Sequence

import numpy as np
import pytest

from app.analysis.case import LogLines, Spans
from app.analysis.log_shift import log_events, log_shares, named_in
from app.analysis.past import Windows, windows_of
from app.analysis.share_shift import share_shift
from app.analysis.trace_calls import call_shares, calls_of
from app.analysis.trace_time import own_times, trace_series
from tests.evals.incidents.spans import SpanRow, spans_of

FRONT, CART, STOCK = 0, 1, 2
NAMES = ("front", "cart", "stock")
START, END = 1200.0, 1500.0


def _row(
    start: float, length: float, parent: int, service: int, operation: str = "get", trace: int = 0, failed: bool = False
) -> SpanRow:
    return SpanRow(start, length, trace, parent, service, operation, failed)


def _spans(rows: Sequence[SpanRow]) -> Spans:
    return spans_of(rows, NAMES, with_errors=True)


def _windows(spans: Spans) -> Windows:
    return windows_of(spans.starts, START, END)


def test_parallel_calls_are_taken_from_the_caller_once() -> None:
    spans = _spans([_row(0, 100, -1, FRONT), _row(0.01, 50, 0, CART), _row(0.02, 60, 0, STOCK)])
    own, charged = own_times(spans)
    assert own.tolist() == pytest.approx([30, 50, 60])
    assert charged.tolist() == [-1, -1, -1]


def test_a_span_that_only_waits_is_charged_to_the_callee() -> None:
    spans = _spans([_row(0, 100, -1, FRONT), _row(0.01, 90, 0, FRONT, "call cart"), _row(0.05, 20, 1, CART)])
    own, charged = own_times(spans)
    assert own.tolist() == pytest.approx([10, 70, 20])
    assert charged.tolist() == [-1, CART, -1]


def test_a_child_whose_clock_is_off_still_counts_for_its_length() -> None:
    spans = _spans([_row(10, 100, -1, FRONT), _row(4, 80, 0, CART)])
    assert sorted(own_times(spans)[0].tolist()) == pytest.approx([20, 80])


def _requests(delay_ms: float, slow: float, seed: int = 0) -> Spans:
    """Front calls cart and stock, and sometimes only one; no waiting spans; what is odd is odd from the start on."""
    random = np.random.default_rng(seed)
    rows: list[SpanRow] = []
    for trace, at in enumerate(np.arange(0.0, END, 2.0)):
        late = at >= START
        work = 10 * random.uniform(0.8, 1.2) * (slow if late else 1)
        gap = delay_ms if late else 0.0
        callees = [(CART,), (STOCK,), (CART, STOCK), ()][trace % 4]
        total = work + sum(20 + (gap if callee == CART else 0) for callee in callees)
        root = len(rows)
        rows.append(_row(at, total, -1, FRONT, "get", trace))
        rows.extend(_row(at + 0.001 * place, 20, root, callee, "read", trace) for place, callee in enumerate(callees))
    return _spans(rows)


def test_a_slow_way_to_one_callee_is_told_from_a_slow_caller_without_waiting_spans() -> None:
    for delay, slow, own_is_larger in ((200.0, 1.0, False), (0.0, 12.0, True)):
        spans = _requests(delay, slow)
        seen = trace_series(spans, _windows(spans))
        late = seen.times >= START
        own, gap = seen.own[late, FRONT].mean(), seen.gap[late, CART].mean()
        assert (own > 3 * gap) if own_is_larger else (gap > 3 * own)
        assert seen.gap[late, STOCK].mean() < 0.3 * max(own, gap)


def test_an_error_begins_where_no_call_failed() -> None:
    rows = [
        row
        for trace, at in enumerate(np.arange(0.0, END, 10.0))
        for row in (
            _row(at, 30, -1, FRONT, trace=trace, failed=bool(at >= START)),
            _row(at + 0.01, 10, 2 * trace, CART, trace=trace, failed=bool(at >= START)),
        )
    ]
    spans = _spans(rows)
    seen = trace_series(spans, _windows(spans))
    late = seen.times >= START
    assert seen.errors[late].mean(axis=0).tolist() == pytest.approx([0, 1, 0])
    assert seen.errors[~late].sum() == 0


def test_the_call_graph_comes_from_parents_in_other_services() -> None:
    assert calls_of(_requests(0, 1)) == {"front": ["cart", "stock"]}


def test_calls_no_longer_made_are_charged_to_the_caller() -> None:
    rows: list[SpanRow] = []
    for trace, at in enumerate(np.arange(0.0, END, 5.0)):
        rows.append(_row(at, 30, -1, FRONT, "get", trace))
        root = len(rows) - 1
        rows.append(_row(at + 0.01, 10, root, CART, "read", trace))
        if at < START:
            rows.append(_row(at + 0.012, 5, root + 1, STOCK, "count", trace))
    spans = _spans(rows)
    seen, pairs = call_shares(spans)
    shift = share_shift(seen, _windows(spans))
    operations = [(spans.operation_names[caller], spans.operation_names[callee]) for caller, callee in pairs]
    cut = operations.index(("read", "count"))
    assert shift.before[cut] == pytest.approx(1)
    assert shift.now[cut] == 0
    assert shift.scores[-1, cut] > 5 * max(shift.scores[-1, operations.index(("get", "read"))], 1)


def _logs(lines: Sequence[tuple[float, int, str]], traces: Sequence[int] | None = None) -> LogLines:
    return LogLines(
        np.array([line[0] for line in lines]),
        np.array([line[1] for line in lines], dtype=np.int64),
        [line[2] for line in lines],
        NAMES,
        None if traces is None else np.array(traces, dtype=np.int64),
    )


def test_a_new_line_stands_out_and_more_of_the_same_does_not() -> None:
    lines = []
    for at in np.arange(0.0, END, 1.0):
        lines += [(at, CART, f"cart {at:.0f} read in {at % 7:.0f} ms")] * (3 if at >= START else 1)
        if at >= START:
            lines.append((at, STOCK, f"NullPointerException at row {at:.0f}"))
        lines.append((at, STOCK, f"counted {at:.0f}"))
    logs = _logs(lines)
    found = log_events(logs)
    shift = share_shift(log_shares(logs, found), windows_of(logs.times, START, END))
    new = next(index for index, line in enumerate(found.examples) if line.startswith("NullPointerException"))
    assert found.loud[new] == 1
    assert shift.scores[-1, new] > 10
    assert shift.scores[-1][found.owners == CART].max() < 1


def test_lines_seen_once_are_folded_into_one_event_a_service() -> None:
    logs = _logs([(float(at), CART, f"unique words {chr(97 + at)}") for at in range(20)])
    found = log_events(logs)
    assert len(found.owners) == 1


def test_an_event_counts_once_a_request_where_lines_carry_requests() -> None:
    lines = [(float(at), CART, "retry") for at in range(60) for _ in range(4)]
    logs = _logs(lines, [at for at in range(60) for _ in range(4)])
    seen = log_shares(logs, log_events(logs))
    assert len(seen.times) == len(seen.unit_times) == 60


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("POST http://ts-order-service:8080/pay failed", "ts-order-service"),
        ("cannot reach ts-order-service-mongo: refused", "ts-order-service-mongo"),
        ("my-ts-order-services failed", "own"),
        ("own failed", "own"),
        ("failed", "own"),
    ],
)
def test_a_complaint_that_names_another_service_speaks_against_that_one(line: str, meant: str) -> None:
    assert named_in(line, "own", ["own", "ts-order-service", "ts-order-service-mongo", "pay"]) == meant
