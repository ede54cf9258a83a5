"""Rules beside the roles of approvers: who may ask, when nothing may run, and what people approved beforehand, exactly."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time

from app.domain.action import ActionSpec
from app.domain.canonical import Json
from app.domain.errors import ActionRefused
from app.domain.guards import is_same

ANYBODY = "*"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Requester:
    """People who may ask for actions: one user id, or `*` for every full member of the workspace."""

    user: str
    services: tuple[str, ...] = ("*",)
    actions: tuple[str, ...] = ("*",)

    def covers(self, user: str, action: str, target: str) -> bool:
        """True when this rule lets `user` ask for the action on that target."""
        return self.user in {ANYBODY, user} and reaches(self.actions, action) and reaches(self.services, target)


@dataclass(frozen=True, slots=True)
class FreezeWindow:
    """A time in which nothing starts: between `starts_at` and `ends_at`, or weekly on `days` between two times of day (UTC).

    A weekly window whose `until` is not after `since` reaches into the next day.
    """

    name: str
    services: tuple[str, ...] = ("*",)
    actions: tuple[str, ...] = ("*",)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    days: tuple[str, ...] = ()
    since: time = time(0, 0)
    until: time = time(0, 0)

    def holds(self, action: str, target: str, now: datetime) -> bool:
        """True when the action may not start on that target at `now`."""
        return reaches(self.actions, action) and reaches(self.services, target) and self._is_on(now.astimezone(UTC))

    def _is_on(self, now: datetime) -> bool:
        if self.starts_at is not None and self.ends_at is not None:
            return self.starts_at <= now < self.ends_at
        clock, today = now.time(), DAYS[now.weekday()]
        if self.since < self.until:
            return today in self.days and self.since <= clock < self.until
        yesterday = DAYS[now.weekday() - 1]
        return (today in self.days and clock >= self.since) or (yesterday in self.days and clock < self.until)


@dataclass(frozen=True, slots=True)
class Bound:
    """What a standing policy allows for one parameter: exactly `exactly`, or a number from `minimum` to `maximum`."""

    exactly: Json = None
    minimum: float | None = None
    maximum: float | None = None

    def allows(self, value: Json) -> bool:
        """True when the value was approved beforehand."""
        if self.minimum is None or self.maximum is None:
            return type(value) is type(self.exactly) and is_same(value, self.exactly)
        return not isinstance(value, bool) and isinstance(value, int | float) and self.minimum <= value <= self.maximum


@dataclass(frozen=True, slots=True)
class StandingPolicy:
    """One low-risk reversible action that people approved beforehand, exactly: where, with which values, on which alerts,
    how often, until when. It runs only after two approvers signed `digest` and while the track record clears `min_success`.

    `parameters` are the values it runs with, `bounds` what each of them may be; `digest` covers the policy and the
    catalogue entries it leads to, so a change of either voids the signatures.
    """

    name: str
    action: str
    target: str
    alerts: tuple[str, ...]
    expires_at: datetime
    parameters: Mapping[str, Json] = field(default_factory=dict)
    bounds: Mapping[str, Bound] = field(default_factory=dict)
    budget_per_hour: int = 1
    min_success: float = 0.5
    digest: str = ""

    def matches(self, service: str | None, alert: str) -> bool:
        """True when this alert on this service is one of those it was approved for."""
        return service == self.target and alert in self.alerts

    def check(self, parameters: Mapping[str, Json]) -> None:
        """Raises ActionRefused unless every value lies within what was approved beforehand."""
        for name, value in parameters.items():
            bound = self.bounds.get(name)
            if bound is None or not bound.allows(value):
                raise ActionRefused(f"The policy '{self.name}' does not cover {name} = {value!r}.", "A person has to decide.")


def is_fit_for_standing(spec: ActionSpec) -> str:
    """Why an action can never run by a standing policy; empty if it can."""
    if spec.risk.label != "low":
        return f"{spec.name} has {spec.risk.label} risk"
    if spec.undo is None:
        return f"{spec.name} has no undo"
    return ""


def reaches(names: tuple[str, ...], name: str) -> bool:
    """True when a list of names, or `*`, covers `name`."""
    return ANYBODY in names or name in names
