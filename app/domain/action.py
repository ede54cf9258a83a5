"""Guarded actions: what may be done, to what, within which bounds, how we will know it helped, and how it is undone."""

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from app.domain.canonical import Json, digest, plain
from app.domain.errors import ActionRefused
from app.domain.guards import RateLimit, Requirement
from app.domain.series import Bad

# Beyond this a JSON integer is not exact any more, so it cannot be sealed (RFC 8785).
_EXACT = 2**53 - 1
# Control and format characters (bidi marks among them), surrogates, line and paragraph separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class Risk(IntEnum):
    """How much can go wrong; medium and above need a second person, high needs two."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def label(self) -> str:
        """`low`, `medium` or `high`."""
        return self.name.lower()


class ParameterKind(StrEnum):
    """The type of a parameter."""

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    STRING = "string"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One typed, bounded parameter. Strings need `choices` or `pattern` (matched whole); numbers need both bounds.

    `suggested` is the value code proposes when the evidence names none; None where people must choose.
    """

    name: str
    kind: ParameterKind
    description: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    unit: str = ""
    suggested: Json = None

    def check(self, value: Json) -> Json:
        """`value` if it is exactly of this type and within bounds; raises ActionRefused. Nothing is coerced."""
        if self.kind is ParameterKind.BOOLEAN:
            return self._require(isinstance(value, bool), value)
        if self.kind is ParameterKind.STRING:
            return self._require(isinstance(value, str) and self._is_allowed_text(value), value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refusal(value)
        if self.kind is ParameterKind.INTEGER and not isinstance(value, int):
            raise self._refusal(value)
        return self._require(self._is_within_bounds(value), value)

    def parse(self, text: str) -> Json:
        """`text` as people type it, turned into this parameter's type and checked; raises ActionRefused."""
        if self.kind is ParameterKind.STRING:
            return self.check(text)
        word = text.strip().lower()
        if self.kind is ParameterKind.BOOLEAN:
            if word in {"true", "on", "yes"}:
                return True
            if word in {"false", "off", "no"}:
                return False
            raise self._refusal(text)
        try:
            return self.check(int(word) if self.kind is ParameterKind.INTEGER else float(word))
        except ValueError:
            raise self._refusal(text) from None

    @property
    def bounds(self) -> str:
        """The allowed values in words."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.kind is ParameterKind.BOOLEAN:
            return "on or off"
        if self.pattern:
            return f"text matching {self.pattern}"
        return f"{self.kind.value} from {self.minimum:g} to {self.maximum:g}"

    def _is_allowed_text(self, value: str) -> bool:
        if self.choices:
            return value in self.choices
        return bool(self.pattern) and _is_plain(value) and re.fullmatch(self.pattern, value, re.ASCII) is not None

    def _is_within_bounds(self, value: float) -> bool:
        if self.minimum is None or self.maximum is None or (isinstance(value, int) and abs(value) > _EXACT):
            return False
        return math.isfinite(value) and self.minimum <= value <= self.maximum

    def _require(self, holds: bool, value: Json) -> Json:
        if not holds:
            raise self._refusal(value)
        return value

    def _refusal(self, value: Json) -> ActionRefused:
        return ActionRefused(f"{self.name} = {_shortened(value)} is not allowed.", f"It must be {self.bounds}.")


def _is_plain(text: str) -> bool:
    """True for a short text that reads as it is: no control or invisible characters, and nothing a program takes for an
    option, whatever the entry's pattern lets through.
    """
    return len(text) <= 200 and text[:1] != "-" and not any(unicodedata.category(mark) in _UNSEEN for mark in text)


def _shortened(value: Json) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python does not write out integers of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= 80 else text[:79] + "\N{HORIZONTAL ELLIPSIS}"


@dataclass(frozen=True, slots=True)
class Probe:
    """How we will know that an action helped: `metric` of `service` (the target when empty) must end up on the good side
    of `threshold` (above or below is bad) within `window_s` seconds after the run, and stay there for `hold_s`.
    """

    metric: str
    threshold: float
    bad: Bad = Bad.ABOVE
    service: str = ""
    window_s: float = 300.0
    hold_s: float = 15.0

    def is_good(self, value: float) -> bool:
        """True when `value` is on the good side."""
        return value <= self.threshold if self.bad is Bad.ABOVE else value >= self.threshold

    def sentence(self, unit: str = "") -> str:
        """The test in words, as people approve it."""
        side = "at or below" if self.bad is Bad.ABOVE else "at or above"
        amount = f"{self.threshold:g} {unit}".strip()
        return f"{self.metric} {side} {amount} within {self.window_s:g} s, held for {self.hold_s:g} s"


@dataclass(frozen=True, slots=True)
class Undo:
    """The inverse action, registered beforehand: a catalogue name and its parameters.

    A parameter written `{before}` takes the value the precondition saw; `{name}` takes the original request's parameter.
    """

    action: str
    parameters: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One catalogue entry. `executor` names the runner and `call` is that runner's own frozen template; people and models
    choose only the name, a target from `targets` and values for `parameters`.

    `observe` is the runner's template for reading the state the action will change (the precondition); empty if there is
    nothing to read. `requires` must hold in that state. `blast_radius` says in words who feels it while it runs, and
    `rate_limit` how often it may run. `helps_with` names metric names this action can bring back.
    """

    name: str
    title: str
    executor: str
    targets: tuple[str, ...]
    risk: Risk
    call: Mapping[str, Json]
    probe: Probe
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    observe: Mapping[str, Json] = field(default_factory=dict)
    undo: Undo | None = None
    is_reversible: bool = False
    is_idempotent: bool = False
    timeout_s: float = 30.0
    version: str = "1"
    helps_with: tuple[str, ...] = ()
    requires: tuple[Requirement, ...] = ()
    blast_radius: str = ""
    rate_limit: RateLimit | None = None

    def check(self, target: str, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """The parameters if target and every value are allowed, none is missing and none is extra; raises ActionRefused."""
        if target not in self.targets:
            raise ActionRefused(f"{self.name} has no target '{target}'.", f"Its targets are: {', '.join(self.targets)}.")
        known = {parameter.name: parameter for parameter in self.parameters}
        extra = sorted(set(parameters) - set(known))
        missing = sorted(set(known) - set(parameters))
        if extra or missing:
            names = ", ".join(f"{p.name} ({p.bounds})" for p in self.parameters) or "none"
            problem = f"does not know {', '.join(extra)}" if extra else f"needs {', '.join(missing)}"
            raise ActionRefused(f"{self.name} {problem}.", f"Its parameters are: {names}.")
        return {name: known[name].check(value) for name, value in parameters.items()}

    def check_state(self, seen: Mapping[str, Json]) -> None:
        """Raises ActionRefused unless everything the entry requires holds in the observed state."""
        problems = [problem for requirement in self.requires if (problem := requirement.problem(seen))]
        if problems:
            raise ActionRefused(f"{self.name} may not run now: {', '.join(problems)}.", "Look at the target, then ask again.")

    def parse(self, target: str, words: Mapping[str, str]) -> dict[str, Json]:
        """Like `check`, for values as people type them."""
        known = {parameter.name: parameter for parameter in self.parameters}
        typed = {name: known[name].parse(text) if name in known else text for name, text in words.items()}
        return self.check(target, typed)


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """The exact thing a person approves. `fingerprint` is the SHA-256 of its canonical JSON: displayed = approved = executed.

    `precondition` is the state of the target seen when the request was made; if it differs at run time nothing runs.
    """

    action: str
    action_version: str
    target: str
    parameters: Mapping[str, Json]
    environment: str
    incident: int
    proposal: str
    policy_version: str
    precondition: Mapping[str, Json] = field(default_factory=dict)

    @property
    def canonical(self) -> dict[str, Json]:
        """The value that is hashed."""
        return {
            "action": self.action,
            "action_version": self.action_version,
            "target": self.target,
            "parameters": plain(self.parameters),
            "environment": self.environment,
            "incident": self.incident,
            "proposal": self.proposal,
            "policy_version": self.policy_version,
            "precondition": plain(self.precondition),
        }

    @property
    def fingerprint(self) -> str:
        """SHA-256 in hex over the canonical JSON."""
        return digest(self.canonical)


@dataclass(frozen=True, slots=True)
class Preview:
    """A dry run in words: what would be sent or changed, secrets by their names only.

    `is_exact` is true when the text is all that would be sent, or when the target itself accepted the dry run; false when
    the target can still decide otherwise, as with rows that come and go.
    """

    text: str
    is_exact: bool
