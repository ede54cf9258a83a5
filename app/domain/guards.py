"""Guards of an action: what must hold before it may run, and how often it may run at all."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.canonical import Json, canonical_json, plain

_UNSEEN = object()


@dataclass(frozen=True, slots=True)
class Requirement:
    """Something the target's observed state must show before the action may run: `field` is one of the names the
    entry observes. Exactly one of `equals`, `at_least` and `at_most` is set.
    """

    field: str
    equals: Json = None
    at_least: float | None = None
    at_most: float | None = None

    def problem(self, seen: Mapping[str, Json]) -> str:
        """What does not hold, in words; empty if it holds. A field that was not seen does not hold."""
        if self.field not in seen:
            return f"{self.field} was not seen"
        value = seen[self.field]
        if self.at_least is None and self.at_most is None:
            return "" if is_same(value, self.equals) else f"{self.field} is {value!r} and must be {self.equals!r}"
        if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
            return f"{self.field} is {value!r}, which is no number"
        if self.at_least is not None and value < self.at_least:
            return f"{self.field} is {value:g} and must be at least {self.at_least:g}"
        if self.at_most is not None and value > self.at_most:
            return f"{self.field} is {value:g} and must be at most {self.at_most:g}"
        return ""

    @property
    def sentence(self) -> str:
        """The requirement in words, as people approve it."""
        if self.at_least is not None:
            return f"{self.field} is at least {self.at_least:g}"
        if self.at_most is not None:
            return f"{self.field} is at most {self.at_most:g}"
        return f"{self.field} is {self.equals!r}"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `runs` runs of one action on one target within `per_s` seconds, whoever approved them."""

    runs: int
    per_s: float

    @property
    def sentence(self) -> str:
        """The limit in words."""
        return f"at most {self.runs} run{'s' if self.runs != 1 else ''} in {self.per_s:g} s"


def is_same(one: object, other: object) -> bool:
    """Compared as it is hashed, so that 1 and true differ and 1 and 1.0 do not; what has no spelling equals nothing."""
    if one is _UNSEEN or other is _UNSEEN:
        return one is other
    try:
        return canonical_json(plain(one)) == canonical_json(plain(other))
    except ValueError:
        return False


def difference(approved: Mapping[str, Json], seen: Mapping[str, Json]) -> str:
    """What differs between the state people saw and the state now, in words; empty if nothing does."""
    names = sorted({*approved, *seen})
    changed = [name for name in names if not is_same(approved.get(name, _UNSEEN), seen.get(name, _UNSEEN))]
    return ", ".join(f"{name} was {_state(approved, name)}, is {_state(seen, name)}" for name in changed)


def changes(old: Json, new: Json, place: str = "", most: int = 5) -> list[str]:
    """Where two JSON values differ, at most `most` places in words: `actions.restart.risk: 'low' became 'high'`."""
    if isinstance(old, dict) and isinstance(new, dict):
        found: list[str] = []
        for name in sorted({*old, *new}):
            inner = f"{place}.{name}" if place else name
            if name in old and name in new:
                found += changes(old[name], new[name], inner, most)
            else:
                found.append(f"{inner}: {_shown(old.get(name))} became {_shown(new.get(name))}")
        return found[:most]
    if is_same(old, new):
        return []
    return [f"{place or 'value'}: {_shown(old)} became {_shown(new)}"]


def _state(state: Mapping[str, Json], name: str) -> str:
    return _shown(state[name]) if name in state else "not seen"


def _shown(value: Json) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 80 else text[:79] + "\N{HORIZONTAL ELLIPSIS}"
