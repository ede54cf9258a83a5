"""Did an event's share change: a log line among a service's lines, a call among the requests that used to make it?"""

from dataclasses import dataclass

import numpy as np

from app.analysis.case import Floats, Integers
from app.analysis.past import Windows


@dataclass(frozen=True, slots=True, eq=False)
class Happenings:
    """Events at `times` (n,) ascending, numbered by `events` (n,), each out of the units of its group.

    `groups` (events,) names each event's group; units, which an event may or may not be part of, are at `unit_times` (m,)
    ascending with their group in `unit_groups` (m,). An event happens at most once a unit.
    """

    times: Floats
    events: Integers
    groups: Integers
    unit_times: Floats
    unit_groups: Integers


@dataclass(frozen=True, slots=True, eq=False)
class ShareShift:
    """`scores` (windows, events), the incident last, and each event's share `before` and `now` (events,)."""

    scores: Floats
    before: Floats
    now: Floats


def share_shift(seen: Happenings, windows: Windows) -> ShareShift:
    """Root of the G statistic (log-likelihood ratio, Dunning 1993) of each event's share in each window.

    Every window, past or present, is compared with the normal time without it. A share is within its group, so whatever is
    merely asked less or more often does not shift.
    """
    normal = _counts(seen, windows.first, windows.normal_end)
    scores = np.zeros((len(windows.past) + 1, len(seen.groups)))
    share_now = share_before = np.zeros(len(seen.groups))
    for index, (begin, end) in enumerate(windows.spans()):
        now = _counts(seen, begin, end)
        rest = (
            [np.maximum(all_of - part, 0.0) for all_of, part in zip(normal, now, strict=True)]
            if begin < windows.normal_end
            else normal
        )
        scores[index] = np.sqrt(_g(now[0], now[1], rest[0], rest[1]))
        with np.errstate(invalid="ignore", divide="ignore"):
            share_now, share_before = np.nan_to_num(now[0] / now[1]), np.nan_to_num(rest[0] / rest[1])
    return ShareShift(scores, share_before, share_now)


def _counts(seen: Happenings, begin: float, end: float) -> tuple[Floats, Floats]:
    """How often each event happened, and how many units its group had."""
    events = seen.events[slice(*np.searchsorted(seen.times, [begin, end]))]
    units = seen.unit_groups[slice(*np.searchsorted(seen.unit_times, [begin, end]))]
    groups = int(seen.groups.max(initial=-1)) + 1
    happened = np.bincount(events, minlength=len(seen.groups)).astype(np.float64)
    out_of = np.bincount(units, minlength=groups)[seen.groups].astype(np.float64)
    return happened, out_of


def _g(now: Floats, out_of_now: Floats, before: Floats, out_of_before: Floats) -> Floats:
    """Twice the log-likelihood ratio of two shares against one; half an event is added, so that nothing is impossible.

    At the edge of a window a unit may begin outside and its event lie inside, so events may outnumber units.
    """
    a, n = now + 0.5, np.maximum(out_of_now, now) + 1.0
    b, m = before + 0.5, np.maximum(out_of_before, before) + 1.0
    both = (a + b) / (n + m)

    def part(happened: Floats, of: Floats) -> Floats:
        share = happened / of
        value: Floats = of * (share * np.log(share / both) + (1 - share) * np.log((1 - share) / (1 - both)))
        return value

    return np.maximum(2.0 * (part(a, n) + part(b, m)), 0.0)
