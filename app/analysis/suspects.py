"""Where does it start? Every service, most suspicious first, from numbers, traces, logs, changes and the call graph."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from app.analysis.blame import NOTHING_KNOWN, Heard, blame
from app.analysis.case import Case, Floats, Integers, LogLines, Spans
from app.analysis.change_rank import change_weight
from app.analysis.clues import Clue, SignalKind
from app.analysis.log_shift import log_events, log_shares, named_in
from app.analysis.metric_meaning import Channel, meaning_of
from app.analysis.metric_shift import Judged, by_owner, judged_by, moves
from app.analysis.past import Windows, quantiles, surprises, windows_of
from app.analysis.share_shift import share_shift
from app.analysis.trace_calls import call_shares, calls_of, service_of_operation
from app.analysis.trace_time import trace_series

CHANGE_DOUBLINGS = 2.0
CLUES_A_SERVICE = 3
EXPLAINED_ANYWAY = 3
QUIET_LINE = 0.8


@dataclass(frozen=True, slots=True)
class Ranking:
    """`services`, best first, each exactly once, with their `scores`; `clues` in the same order, strongest first."""

    services: tuple[str, ...]
    scores: tuple[float, ...]
    clues: tuple[Clue, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Signal:
    """One kind of evidence: `surprise` (windows, columns) with the incident last, and what each column is about."""

    kind: SignalKind
    surprise: Floats
    owners: Integers
    subjects: tuple[str, ...]
    before: Floats
    now: Floats
    channel: Channel


def rank_suspects(case: Case, leave_out: frozenset[SignalKind] = frozenset()) -> Ranking:
    """Ranks every service that the case names by how likely the trouble starts there.

    Each signal is judged against the same signal in windows of the past, first per column, then per service, then against
    the loudest service of each past window; the best signal speaks for a service. What callers only inherit is taken from
    them and left to the callee (see `blame`). One fixed rule; ties are broken by name. `leave_out` is for measuring what
    a signal is worth.
    """
    names = services_of(case)
    signals = [(signal, windows) for signal, windows in _signals(case, names) if signal.kind not in leave_out]
    heard, clues = _hear(signals, names)
    if SignalKind.CHANGE not in leave_out:
        _hear_changes(case, names, heard, clues)
    calls = case.calls or (calls_of(case.spans) if case.spans is not None else {})
    target = case.target.service if case.target is not None else None
    scores = blame(names, heard, calls, target)
    order = sorted(range(len(names)), key=lambda index: (-scores[index], names[index]))
    best = [clue for place, index in enumerate(order) for clue in _spoken(clues[index], place < EXPLAINED_ANYWAY)]
    return Ranking(tuple(names[index] for index in order), tuple(float(scores[index]) for index in order), tuple(best))


def _spoken(clues: list[Clue], anyway: bool) -> list[Clue]:
    """The strongest clues of a service that surprise, and for the first services one in any case."""
    ordered = sorted(clues, key=lambda clue: -clue.score)
    return [clue for at, clue in enumerate(ordered[:CLUES_A_SERVICE]) if clue.score > 0 or (anyway and at == 0)]


def services_of(case: Case) -> list[str]:
    """Every service that a number, call, line, span, change or the target names, sorted."""
    found = {column.service for column in case.columns} | set(case.calls) | {change.service for change in case.changes}
    found.update(callee for callees in case.calls.values() for callee in callees)
    if case.logs is not None:
        found.update(case.logs.names)
    if case.spans is not None:
        found.update(case.spans.service_names)
    if case.target is not None:
        found.add(case.target.service)
    return sorted(found)


def _signals(case: Case, names: list[str]) -> Iterable[tuple[_Signal, Windows]]:
    """Every signal with the windows of its own source: numbers often reach further back than traces and logs."""
    place = {name: index for index, name in enumerate(names)}
    if case.columns and len(case.times):
        windows = windows_of(case.times, case.start, case.end)
        yield from ((signal, windows) for signal in _metric_signals(case, place, windows))
    if case.spans is not None and len(case.spans.starts):
        windows = windows_of(case.spans.starts, case.start, case.end)
        yield from ((signal, windows) for signal in _trace_signals(case.spans, place, windows))
        yield from ((signal, windows) for signal in _call_signal(case.spans, place, windows))
    if case.logs is not None and len(case.logs.times):
        windows = windows_of(case.logs.times, case.start, case.end)
        yield _log_signal(case.logs, place, windows), windows


def _metric_signals(case: Case, place: dict[str, int], windows: Windows) -> Iterable[_Signal]:
    meanings = [meaning_of(column.metric) for column in case.columns]
    signs = judged_by([(meaning.up > 0, meaning.down > 0, meaning.floor) for meaning in meanings])
    found = moves(case.times, case.values, signs, windows)
    rising = found.worst >= found.normal
    weights = np.array([meaning.up or meaning.down for meaning in meanings])
    falling = np.array([meaning.down or meaning.up for meaning in meanings])
    surprise = surprises(found.scores, windows.trusted) * np.where(rising, weights, falling)
    owners = np.array([place[column.service] for column in case.columns], dtype=np.int64)
    for channel in Channel:
        chosen = [index for index, meaning in enumerate(meanings) if meaning.channel is channel]
        subjects = tuple(case.columns[index].metric for index in chosen)
        if chosen:
            yield _Signal(
                SignalKind.METRIC,
                surprise[:, chosen],
                owners[chosen],
                subjects,
                found.normal[chosen],
                found.worst[chosen],
                channel,
            )


def _trace_signals(spans: Spans, place: dict[str, int], windows: Windows) -> Iterable[_Signal]:
    seen = trace_series(spans, windows)
    count = len(spans.service_names)
    owners = np.array([place[name] for name in spans.service_names], dtype=np.int64)
    kinds = (
        (SignalKind.OWN_TIME, seen.own, seen.little, Channel.OWN),
        (SignalKind.GAP, seen.gap, seen.little, Channel.OWN),
        (SignalKind.TRACE_ERRORS, seen.errors, 0.01, Channel.FAIL),
    )
    for kind, series, least, channel in kinds:
        judged = Judged(np.ones(count), np.zeros(count), np.zeros(count), np.full(count, least))
        found = moves(seen.times, series, judged, windows)
        yield _Signal(kind, surprises(found.scores, windows.trusted), owners, ("",) * count, found.normal, found.worst, channel)


def _call_signal(spans: Spans, place: dict[str, int], windows: Windows) -> Iterable[_Signal]:
    seen, pairs = call_shares(spans)
    if not len(pairs):
        return
    shift = share_shift(seen, windows)
    names, operations = spans.service_names, spans.operation_names
    services = service_of_operation(spans)
    owners = np.array([place[names[services[caller]]] for caller, _ in pairs], dtype=np.int64)
    subjects = tuple(
        f"{names[services[caller]]} calls {operations[callee]} of {names[services[callee]]} for {operations[caller]}"
        for caller, callee in pairs
    )
    yield _Signal(
        SignalKind.CALLS, surprises(shift.scores, windows.trusted), owners, subjects, shift.before, shift.now, Channel.FAIL
    )


def _log_signal(logs: LogLines, place: dict[str, int], windows: Windows) -> _Signal:
    found = log_events(logs)
    shift = share_shift(log_shares(logs, found), windows)
    surprise = surprises(shift.scores, windows.trusted) * np.where(found.loud > 0, 1.0, QUIET_LINE)
    writers = [logs.names[owner] for owner in found.owners.tolist()]
    meant = [
        named_in(line, writer, list(place)) if loud else writer
        for line, writer, loud in zip(found.examples, writers, found.loud > 0, strict=True)
    ]
    owners = np.array([place[name] for name in meant], dtype=np.int64)
    return _Signal(SignalKind.LOGS, surprise, owners, found.examples, shift.before, shift.now, Channel.FAIL)


def _hear(signals: list[tuple[_Signal, Windows]], names: list[str]) -> tuple[Heard, list[list[Clue]]]:
    count = len(names)
    heard = Heard({channel: np.full(count, NOTHING_KNOWN) for channel in Channel}, np.zeros(count, dtype=bool))
    clues: list[list[Clue]] = [[] for _ in names]
    for signal, windows in signals:
        best, column = by_owner(signal.surprise, signal.owners, count)
        beyond = _beyond_quiet_times(best, windows.trusted)
        has = column >= 0
        side = heard.by_channel[signal.channel]
        side[has] = np.maximum(side[has], beyond[has])
        if signal.channel is not Channel.OWN or signal.kind is SignalKind.OWN_TIME:
            heard.is_audible[has] = True
        for index in np.flatnonzero(has & (best[-1] > 0)):
            at = column[index]
            clues[index].append(
                Clue(
                    names[index],
                    signal.kind,
                    signal.subjects[at],
                    float(beyond[index]),
                    float(signal.before[at]),
                    float(signal.now[at]),
                    windows.covered,
                )
            )
    return heard, clues


def _beyond_quiet_times(best: Floats, level: float) -> Floats:
    """Surprise of each service beyond its own past, less what the loudest service shows in a quiet window."""
    own = quantiles(best[:-1], (level,))[0] if len(best) > 1 else np.zeros(best.shape[1])
    beyond = best - np.nan_to_num(own)
    loudest = beyond[:-1].max(axis=1, initial=0.0)
    quiet = float(quantiles(loudest[:, None], (level,))[0, 0]) if len(loudest) else 0.0
    now: Floats = beyond[-1] - quiet
    return now


def _hear_changes(case: Case, names: list[str], heard: Heard, clues: list[list[Clue]]) -> None:
    place = {name: index for index, name in enumerate(names)}
    for change in case.changes:
        index = place[change.service]
        moved = float(heard.total[index])
        bonus = CHANGE_DOUBLINGS * change_weight(change, case.start, moved)
        if bonus > 0:
            own = heard.by_channel[Channel.OWN]
            own[index] = max(moved, 0.0) + bonus
            text = f"{change.kind} {change.text}".strip()
            age = case.start - change.at
            clues[index].append(Clue(change.service, SignalKind.CHANGE, text, bonus, 0.0, age, 0.0))
