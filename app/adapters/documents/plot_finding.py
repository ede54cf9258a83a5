"""What a metric did over an incident, as numbers and as one sentence that replaces the picture for whoever cannot see it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import isfinite
from statistics import median

from app.adapters.documents.amounts import clock_time
from app.adapters.documents.safe_text import one_line
from app.domain.series import Bad, MetricSpec, Point, Series
from app.domain.wording import amount, duration

Window = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Event:
    """A moment worth a tick: `kind` is `alert`, `change`, `approval`, `run`, `verdict` or `recovered`."""

    at: datetime
    label: str
    kind: str = "alert"


@dataclass(frozen=True, slots=True)
class Course:
    """What the points say. `since` and `until` bound the time on the bad side of the threshold; both None without one."""

    normal: float
    worst: Point
    since: datetime | None
    until: datetime | None

    @property
    def went_up(self) -> bool:
        """True when the worst value lies above the normal one."""
        return self.worst.value > self.normal


def measured(series: Series) -> Series:
    """The series without gaps: points that are not finite numbers (a ratio of nothing to nothing) are left out."""
    return replace(series, points=tuple(point for point in series.points if isfinite(point.value)))


def course(series: Series, spec: MetricSpec, window: Window) -> Course | None:
    """The numbers behind the finding, or None if the window has no points."""
    start, end = window
    inside = [point for point in series.points if start <= point.at <= end]
    if not inside:
        return None
    before = [point.value for point in series.points if point.at < start]
    calm = before or [point.value for point in series.points if not spec.is_bad(point.value)]
    normal = median(calm or [point.value for point in series.points])
    worst = _worst(inside, spec, normal)
    later = [point for point in series.points if point.at >= start]
    bad = [point for point in later if spec.is_bad(point.value)]
    if not bad:
        return Course(normal, worst, None, None)
    good_again = next((point.at for point in later if point.at > bad[-1].at), None)
    return Course(normal, worst, bad[0].at, good_again)


def _worst(points: Sequence[Point], spec: MetricSpec, normal: float) -> Point:
    if spec.bad is Bad.ABOVE:
        return max(points, key=lambda point: point.value)
    if spec.bad is Bad.BELOW:
        return min(points, key=lambda point: point.value)
    return max(points, key=lambda point: abs(point.value - normal))


def finding(series: Series, spec: MetricSpec, events: Sequence[Event], window: Window) -> str:
    """One sentence computed from the data, fit to stand in for the picture."""
    name = f"{one_line(spec.name, 60)} of {one_line(series.service, 60)}"
    seen = course(measured(series), spec, window)
    if seen is None:
        return f"No points of {name} between {clock_time(window[0])} and {clock_time(window[1])}"
    verb = "rose" if seen.went_up else "fell"
    if seen.worst.value == seen.normal:
        return f"{name} stayed at {amount(seen.normal, spec.unit)} from {clock_time(window[0])} to {clock_time(window[1])}"
    from_to = f"{name} {verb} from {amount(seen.normal, spec.unit)} to {amount(seen.worst.value, spec.unit)}"
    onset = seen.since or seen.worst.at
    return f"{from_to} at {clock_time(onset)}{_after_change(events, onset)}{_how_it_ended(seen, spec)}"


def _after_change(events: Sequence[Event], onset: datetime) -> str:
    changes = [event for event in events if event.kind == "change" and event.at <= onset]
    if not changes:
        return ""
    last = max(changes, key=lambda event: event.at)
    return f", {duration((onset - last.at).total_seconds())} after {one_line(last.label, 60)}"


def _how_it_ended(seen: Course, spec: MetricSpec) -> str:
    if seen.since is None or spec.threshold is None:
        return ""
    side = "above" if spec.bad is Bad.ABOVE else "below"
    limit = amount(spec.threshold, spec.unit)
    if seen.until is None:
        return f"; it was still {side} the {limit} threshold at the last point"
    return f"; it was back on the good side of the {limit} threshold at {clock_time(seen.until)}"
