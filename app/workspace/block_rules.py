"""The grammar of Block Kit as rules: which keys each block and element has, which it needs, and how long each may be."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.workspace.model import Json


@dataclass
class Report:
    """What is wrong, with the place of each fault as a JSON pointer."""

    surface: str
    faults: list[str] = field(default_factory=list)

    def add(self, message: str, pointer: str) -> None:
        """Record one fault in Slack's wording."""
        self.faults.append(f"{message} [json-pointer:{pointer}]")


Rule = Callable[[Report, Any, str], None]


@dataclass(frozen=True)
class Shape:
    """An object: a rule for each key it may have, and the keys it must have."""

    rules: dict[str, Rule]
    required: tuple[str, ...] = ()

    def __call__(self, report: Report, value: Any, pointer: str) -> None:
        """Check one object."""
        if not isinstance(value, dict):
            report.add("must be an object", pointer)
            return
        for key in self.required:
            if key not in value:
                report.add(f"missing required field: {key}", pointer)
        for key, inner in value.items():
            if key not in self.rules:
                report.add(f"invalid additional property: {key}", pointer)
            else:
                self.rules[key](report, inner, f"{pointer}/{key}")


def anything(_report: Report, _value: Any, _pointer: str) -> None:
    """Not checked."""


def string(longest: int) -> Rule:
    """A string of at most `longest` characters."""

    def check(report: Report, value: Any, pointer: str) -> None:
        if not isinstance(value, str):
            report.add("must be a string", pointer)
        elif len(value) > longest:
            report.add(f"must be less than {longest + 1} characters", pointer)

    return check


def text(longest: int, *, plain: bool = False) -> Rule:
    """A text object of 1 to `longest` characters."""

    def check(report: Report, value: Any, pointer: str) -> None:
        allowed = {"plain_text"} if plain else {"plain_text", "mrkdwn"}
        if not isinstance(value, dict) or value.get("type") not in allowed:
            report.add(f"must be a text object of type {' or '.join(sorted(allowed))}", pointer)
        elif extra := set(value) - {"type", "text", "emoji", "verbatim"}:
            report.add(f"invalid additional property: {min(extra)}", pointer)
        elif not isinstance(value.get("text"), str) or not value["text"]:
            report.add("must be more than 0 characters", f"{pointer}/text")
        elif len(value["text"]) > longest:
            report.add(f"must be less than {longest + 1} characters", f"{pointer}/text")

    return check


def items(rule: Rule, most: int, least: int = 1) -> Rule:
    """A list of `least` to `most` values."""

    def check(report: Report, value: Any, pointer: str) -> None:
        if not isinstance(value, list):
            report.add("must be an array", pointer)
            return
        if len(value) > most:
            report.add(f"no more than {most} items allowed", pointer)
        if len(value) < least:
            report.add(f"no fewer than {least} items allowed", pointer)
        for index, inner in enumerate(value):
            rule(report, inner, f"{pointer}/{index}")

    return check


def one_of(shapes: dict[str, Shape], types: set[str] | None = None, what: str = "element") -> Rule:
    """An object that says its own `type`, one of `types` (all known ones when None)."""

    def check(report: Report, value: Any, pointer: str) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind not in shapes or (types is not None and kind not in types):
            report.add(f"unsupported type: {kind} for {what}", f"{pointer}/type")
        else:
            shapes[kind](report, value, pointer)

    return check


def text_or(other: Rule, longest: int, other_types: set[str]) -> Rule:
    """A text object, or an element of another kind."""
    as_text = text(longest)

    def check(report: Report, value: Any, pointer: str) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        (other if kind in other_types else as_text)(report, value, pointer)

    return check


def count_text(value: Any) -> int:
    """All characters people could read in these blocks."""
    if isinstance(value, list):
        return sum(count_text(one) for one in value)
    if not isinstance(value, dict):
        return 0
    own = sum(len(one) for key, one in value.items() if key in {"text", "alt_text", "url"} and isinstance(one, str))
    return own + sum(count_text(one) for one in value.values())


def action_ids(block: Json) -> list[str]:
    """The `action_id` of every element of a block."""
    holders = [*block.get("elements", []), block.get("accessory"), block.get("element")]
    return [one["action_id"] for one in holders if isinstance(one, dict) and "action_id" in one]
