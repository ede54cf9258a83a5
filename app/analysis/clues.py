"""What speaks against a service, as facts and as plain sentences."""

from dataclasses import dataclass
from enum import StrEnum


class SignalKind(StrEnum):
    """Where a clue comes from."""

    METRIC = "metric"
    OWN_TIME = "own time"
    GAP = "gap"
    TRACE_ERRORS = "trace errors"
    CALLS = "calls"
    LOGS = "logs"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Clue:
    """One thing that speaks against `service`.

    `score` counts doublings beyond the service's own past and beyond what the loudest service shows in quiet times; 0 or
    less is no surprise. `subject` is the metric, the log line or the change; `before` and `now` are in the signal's unit
    (the metric's own; milliseconds or errors a request; share of the service's lines or calls; for a change, seconds before the
    start). `past_s` is how much past the comparison had.
    """

    service: str
    signal: SignalKind
    subject: str
    score: float
    before: float
    now: float
    past_s: float


def sentence(clue: Clue) -> str:
    """The clue in words for a responder."""
    return _SENTENCES[clue.signal](clue)


def _metric(clue: Clue) -> str:
    verb = "rose" if clue.now >= clue.before else "fell"
    return f"{clue.service} {clue.subject} {verb} from {_number(clue.before)} to {_number(clue.now)} in the window, {_past(clue)}"


def _own_time(clue: Clue) -> str:
    return f"{clue.service} itself takes {_number(clue.now - clue.before)} ms a request more than usual, {_past(clue)}"


def _gap(clue: Clue) -> str:
    return (
        f"Callers of {clue.service} wait {_number(clue.now - clue.before)} ms a request more than it works, "
        f"as with a slow network or a full queue, {_past(clue)}"
    )


def _trace_errors(clue: Clue) -> str:
    return f"{_number(clue.now)} failed calls a request begin in {clue.service}, {_number(clue.before)} before, {_past(clue)}"


def _logs(clue: Clue) -> str:
    verb = "is now" if clue.now >= clue.before else "fell to"
    line = f'The line "{_short(clue.subject)}" {verb} {clue.now:.1%} of what {clue.service} logs, {clue.before:.1%} before'
    return f"{line}, {_past(clue)}"


def _calls(clue: Clue) -> str:
    return f"{clue.subject} in {clue.now:.1%} of requests that reach it, {clue.before:.1%} before, {_past(clue)}"


def _change(clue: Clue) -> str:
    when = f"{clue.now / 60:.0f} min before the start" if clue.now >= 60 else "at the start"
    return f"{clue.service} was changed {when}: {_short(clue.subject)}"


_SENTENCES = {
    SignalKind.METRIC: _metric,
    SignalKind.OWN_TIME: _own_time,
    SignalKind.GAP: _gap,
    SignalKind.TRACE_ERRORS: _trace_errors,
    SignalKind.CALLS: _calls,
    SignalKind.LOGS: _logs,
    SignalKind.CHANGE: _change,
}


def _past(clue: Clue) -> str:
    hours = clue.past_s / 3600
    past = f"{hours:.0f} h" if hours >= 2 else f"{max(clue.past_s / 60, 1):.0f} min"
    return f"beyond its past {past}" if clue.score > 0 else f"which its past {past} or other services' also show"


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 160 else line[:159] + "…"
