"""Simulated large shop with traces, logs and numbers; each fault shows in some of them only, and some services are always loud."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from app.analysis.case import Case, Column, Floats, LogLines
from tests.evals.incidents.shops import Shop, heavy_noise, shop
from tests.evals.incidents.spans import SpanRow, spans_of
from tests.evals.incidents.truth import KnownIncident

SERVICES, KINDS = 45, 14
WINDOW_S = 180.0
FAULTS = ("cpu", "network delay", "exception", "early return")


@dataclass(slots=True)
class _Step:
    """One operation of a request: what it calls, in order, and how long it works by itself, in ms."""

    service: int
    name: str
    own: float
    calls: "list[_Step]" = field(default_factory=list)


@dataclass(slots=True)
class _Fault:
    """`step` is the operation that throws or returns; `after` how many of its calls come before that."""

    kind: str
    service: int
    start: float
    step: str
    after: int
    says_so: bool
    size: float
    part: float


@dataclass(slots=True)
class _Tape:
    """What the run left behind."""

    random: np.random.Generator
    fault: _Fault
    has_waits: bool
    names_callees: bool
    spans: list[SpanRow] = field(default_factory=list)
    lines: list[tuple[float, int, str, int]] = field(default_factory=list)

    def say(self, at: float, service: int, text: str, trace: int) -> None:
        """Writes a log line."""
        self.lines.append((at, service, text, trace))


def requests(count: int, seed: int = 1) -> Iterator[KnownIncident]:
    """`count` incidents. Half have spans of waiting callers, half lines with request ids, a third only three minutes of past."""
    for number in range(count):
        yield _incident(np.random.default_rng([seed, 11, number]), number)


def _incident(random: np.random.Generator, number: int) -> KnownIncident:
    made = shop(random, SERVICES)
    kinds = [_tree(random, made) for _ in range(KINDS)]
    start = 1.7e9 + float(random.integers(0, 86400))
    past = 180.0 if number % 3 == 2 else 1200.0
    used = [step for kind in kinds for step in _steps(kind) if step.service != 0]
    chosen = used[int(random.integers(len(used)))]
    fault = _Fault(
        FAULTS[number % 4],
        chosen.service,
        start,
        chosen.name,
        int(random.integers(0, len(chosen.calls) + 1)),
        bool(random.random() < 0.5),
        float(random.uniform(1.5, 6)),
        float(random.choice([0.5, 1.0])),
    )
    tape = _Tape(random, fault, bool(random.random() < 0.5), bool(random.random() < 0.5))
    mix = random.dirichlet(np.full(KINDS, 3.0))
    for trace in range(int((past + WINDOW_S) * 0.6)):
        at = start - past + float(random.uniform(0, past + WINDOW_S))
        _run(tape, made, kinds[int(random.choice(KINDS, p=mix))], at, -1, trace)
    _always_loud(tape, made, start - past)
    columns, values, times = _numbers(random, made, kinds, fault)
    case = Case(
        start,
        start + WINDOW_S,
        times,
        columns,
        values,
        {},
        _lines(tape, made, random),
        spans_of(tape.spans, made.names, number % 8 < 4),
    )
    return KnownIncident(f"requests-{number:03d}", case, made.names[chosen.service], fault.kind)


def _tree(random: np.random.Generator, made: Shop, service: int = 0, depth: int = 0) -> _Step:
    step = _Step(service, f"op{random.integers(0, 4)}", float(np.exp(random.normal(1.5, 0.9))))
    for callee, part in made.calls[service]:
        if depth < 5 and random.random() < max(part, 0.4):
            step.calls.append(_tree(random, made, callee, depth + 1))
    return step


def _steps(step: _Step) -> Iterator[_Step]:
    yield step
    for call in step.calls:
        yield from _steps(call)


def _run(tape: _Tape, made: Shop, step: _Step, at: float, parent: int, trace: int) -> tuple[float, bool]:
    """Runs an operation; its length in ms as the caller sees it, and whether it failed."""
    random, fault = tape.random, tape.fault
    hit = at >= fault.start and step.service == fault.service and random.random() < fault.part
    row = len(tape.spans)
    tape.spans.append(SpanRow(at, 0.0, trace, parent, step.service, step.name, failed=False))
    tape.say(at, step.service, f"{step.name} started id={random.integers(1 << 30)} user={random.integers(999)}", trace)
    spent = step.own * float(heavy_noise(random, (), 0.2)) * (fault.size if hit and fault.kind == "cpu" else 1.0)
    breaks = hit and fault.kind in {"exception", "early return"} and step.name == fault.step
    failed = False
    for place, call in enumerate(step.calls):
        if breaks and place >= fault.after:
            break
        took, call_failed = _call(tape, made, call, at + spent / 1000, row, trace)
        spent += took
        if call_failed:
            whom = made.names[call.service] if tape.names_callees else "downstream"
            tape.say(at + spent / 1000, step.service, f"error calling {whom}: status 500", trace)
            failed = True
            break
    if breaks and fault.kind == "exception":
        failed = True
        if fault.says_so:
            tape.say(at + spent / 1000, step.service, f"java.lang.NullPointerException: at {step.name}.handle(Handler:42)", trace)
    if not failed and not breaks:
        tape.say(at + spent / 1000, step.service, f"{step.name} done in {spent:.0f} ms", trace)
    tape.spans[row] = tape.spans[row]._replace(length=spent, failed=failed)
    return spent, failed and bool(random.random() < 0.6)


def _call(tape: _Tape, made: Shop, call: _Step, at: float, parent: int, trace: int) -> tuple[float, bool]:
    """A call over the network, with a span of the waiting caller where those are recorded."""
    random, fault = tape.random, tape.fault
    gap = float(random.exponential(0.8))
    if fault.kind == "network delay" and call.service == fault.service and at >= fault.start:
        gap += fault.size * 40 * float(random.uniform(0.7, 1.3))
    if not tape.has_waits:
        took, failed = _run(tape, made, call, at + gap / 2000, parent, trace)
        return took + gap, failed
    row = len(tape.spans)
    tape.spans.append(SpanRow(at, 0.0, trace, parent, tape.spans[parent].service, f"call {call.name}", failed=False))
    took, failed = _run(tape, made, call, at + gap / 2000, row, trace)
    tape.spans[row] = tape.spans[row]._replace(length=took + gap, failed=failed)
    return took + gap, failed


def _always_loud(tape: _Tape, made: Shop, first: float) -> None:
    """Six services complain all the time, in bursts, with more than one kind of complaint."""
    random = tape.random
    end = tape.fault.start + WINDOW_S
    for service in random.choice(len(made.names), 6, replace=False):
        for minute in np.arange(first, end, 30.0):
            for _ in range(int(random.poisson(float(random.gamma(0.7, 4))))):
                text = ("connection reset by peer, retrying", "ERROR cannot parse header", "WARN pool is exhausted")[
                    int(random.integers(3))
                ]
                tape.say(float(minute + random.uniform(0, 30)), int(service), f"{text} {random.integers(9999)}", -1)


def _lines(tape: _Tape, made: Shop, random: np.random.Generator) -> LogLines:
    tape.lines.sort(key=lambda line: line[0])
    times, services, messages, traces = zip(*tape.lines, strict=True)
    known = np.array(traces, dtype=np.int64) if random.random() < 0.5 else None
    return LogLines(np.array(times), np.array(services, dtype=np.int64), messages, made.names, known)


def _numbers(random: np.random.Generator, made: Shop, kinds: list[_Step], fault: _Fault) -> tuple[list[Column], Floats, Floats]:
    """Numbers a minute over two hours, noisy enough that most faults drown in them."""
    times = fault.start + 60.0 * np.arange(-120, WINDOW_S / 60 + 1)
    shape = (len(times), len(made.names))
    during = (times > fault.start)[:, None] & (np.arange(shape[1]) == fault.service)[None, :]
    base = np.exp(random.normal(0, 1, shape[1]))
    columns: list[Column] = []
    parts: list[Floats] = []
    for metric, size in (
        ("CpuUsage", 0.3),
        ("MemoryUsage", 0.03),
        ("NetworkReceive", 0.4),
        ("ServerLatencyP95", 0.5),
        ("Workload", 0.4),
    ):
        series = base * heavy_noise(random, shape, size)
        if metric == "CpuUsage" and fault.kind == "cpu":
            series = np.where(during, series + base * fault.size, series)
        if metric == "ServerLatencyP95" and fault.kind == "cpu":
            series = np.where(during, series * fault.size / 2, series)
        spikes = random.random(shape) < 0.004
        parts.append(np.where(spikes, series * random.uniform(3, 20, shape), series))
        columns += [Column(name, metric) for name in made.names]
    return columns, np.hstack(parts), times
