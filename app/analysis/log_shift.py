"""Which services log other things than they used to: events that appeared, burst or went silent."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.analysis.case import Floats, Integers, LogLines
from app.analysis.share_shift import Happenings

RARE = 3
LONGEST_KEY = 200
LONGEST_LINE = 2000
SHORTEST_NAME = 4
_DIGIT = re.compile(r"\d")
_LOUD = re.compile(r"(?i)error|exception|fail|fatal|panic|critical|refused|timed? ?out|unavailable")


@dataclass(frozen=True, slots=True, eq=False)
class LogEvents:
    """`events` (n,) indexes of each line's event; per event its `owners` (service), an `examples` line and if it is `loud`."""

    events: Integers
    owners: Integers
    examples: tuple[str, ...]
    loud: Floats


def log_events(logs: LogLines) -> LogEvents:
    """Lines of one service that are alike but for words with digits are one event.

    Events seen fewer than three times are one event a service, one for the loud and one for the quiet.
    """
    numbers: dict[tuple[int, str], int] = {}
    shapes: dict[str, str] = {}
    events = np.empty(len(logs.messages), dtype=np.int64)
    for row, (service, message) in enumerate(zip(logs.services.tolist(), logs.messages, strict=True)):
        shape = shapes.get(message)
        if shape is None:
            shape = shapes[message] = _shape(message)
        events[row] = numbers.setdefault((service, shape), len(numbers))
    return _with_rare_folded(logs, events, list(numbers))


def _shape(message: str) -> str:
    """The line with words that hold a digit masked; word by word, so that no line takes more than its length."""
    words = message[:LONGEST_LINE].split()
    return " ".join(["*" if not word.isalpha() and _DIGIT.search(word) else word for word in words])[:LONGEST_KEY]


def _with_rare_folded(logs: LogLines, events: Integers, keys: list[tuple[int, str]]) -> LogEvents:
    counts = np.bincount(events, minlength=len(keys))
    loud = np.array([bool(_LOUD.search(shape)) for _, shape in keys], dtype=bool)
    folded: dict[tuple[int, int, bool], int] = {}
    renamed = np.empty(len(keys), dtype=np.int64)
    for index, (service, _) in enumerate(keys):
        kind = index if counts[index] >= RARE else -1
        renamed[index] = folded.setdefault((service, kind, bool(loud[index])), len(folded))
    events = renamed[events]
    first = np.full(len(folded), -1, dtype=np.int64)
    first[events[::-1]] = np.arange(len(events))[::-1]
    owners = np.array([service for service, _, _ in folded], dtype=np.int64)
    is_loud = np.array([float(is_loud) for _, _, is_loud in folded])
    return LogEvents(events, owners, tuple(logs.messages[row] for row in first.tolist()), is_loud)


def log_shares(logs: LogLines, found: LogEvents) -> Happenings:
    """Events as shares: of the requests in which their service logged, where lines carry them, else of its lines."""
    count = len(logs.names)
    if logs.traces is None:
        return Happenings(logs.times, found.events, found.owners, logs.times, logs.services)
    events = _once(found.events, logs.traces, len(found.owners))
    units = _once(logs.services, logs.traces, count)
    return Happenings(logs.times[events], found.events[events], found.owners, logs.times[units], logs.services[units])


def _once(kinds: Integers, traces: Integers, count: int) -> Integers:
    """Rows of the first of each kind in each trace, in order; lines without a trace stand for themselves."""
    alone = traces < 0
    keys = np.where(alone, -1 - np.arange(len(kinds)), traces * count + kinds)
    rows: Integers = np.sort(np.unique(keys, return_index=True)[1]).astype(np.int64)
    return rows


def named_in(line: str, own: str, names: Sequence[str]) -> str:
    """The service that a loud line complains about: the longest other name in it, else its own service.

    A caller that logs "POST http://orders:8080 failed" speaks against orders.
    """
    words = line.lower()
    found = [name for name in names if name != own and len(name) >= SHORTEST_NAME and _stands_in(name.lower(), words)]
    return max(found, key=lambda name: (len(name), name), default=own)


def _stands_in(name: str, words: str) -> bool:
    at = words.find(name)
    while at >= 0:
        before, after = words[at - 1 : at], words[at + len(name) : at + len(name) + 1]
        if not _is_part(before) and not _is_part(after):
            return True
        at = words.find(name, at + 1)
    return False


def _is_part(letter: str) -> bool:
    return letter.isalnum() or letter in {"-", "_"} if letter else False
