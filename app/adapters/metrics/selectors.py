"""Reads Prometheus instant selectors such as `requests_total{code=~"5.."}` and says which samples they mean.

The grammar is that of https://prometheus.io/docs/prometheus/latest/querying/basics/#instant-vector-selectors, with a name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from app.domain.errors import BadInput

_NAME = re.compile(r"\s*([A-Za-z_:][A-Za-z0-9_:]*)\s*", re.ASCII)
_MATCHER = re.compile(r"""\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')\s*""", re.ASCII)
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label; an absent label counts as empty."""

    label: str
    operator: str
    value: str

    def accepts(self, labels: Mapping[str, str]) -> bool:
        """True when the labels meet it."""
        actual = labels.get(self.label, "")
        if self.operator in {"=", "!="}:
            return (actual == self.value) is (self.operator == "=")
        return (_pattern(self.value).fullmatch(actual) is not None) is (self.operator == "=~")


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric name and conditions on its labels."""

    name: str
    matchers: tuple[Matcher, ...] = ()

    def accepts(self, name: str, labels: Mapping[str, str]) -> bool:
        """True when a sample of that name and labels is meant."""
        return name == self.name and all(matcher.accepts(labels) for matcher in self.matchers)

    def with_suffix(self, suffix: str) -> "Selector":
        """The same conditions on another name."""
        return Selector(self.name + suffix, self.matchers)

    def __str__(self) -> str:
        """The selector as Prometheus reads it."""
        inner = ",".join(f"{item.label}{item.operator}{_quoted(item.value)}" for item in self.matchers)
        return f"{self.name}{{{inner}}}" if inner else self.name


def parse_selector(text: str) -> Selector:
    """The selector in `text`; raises BadInput."""
    match = _NAME.match(text)
    if match is None:
        raise _not_a_selector(text)
    rest = text[match.end() :]
    if not rest:
        return Selector(match[1])
    if not rest.startswith("{") or not rest.rstrip().endswith("}"):
        raise _not_a_selector(text)
    return Selector(match[1], _matchers(rest.rstrip()[1:-1], text))


def _matchers(inner: str, text: str) -> tuple[Matcher, ...]:
    found = []
    position = 0
    while inner[position:].strip():
        match = _MATCHER.match(inner, position)
        if match is None:
            raise _not_a_selector(text)
        value = _ESCAPE.sub(lambda escape: _ESCAPED.get(escape[1], escape[1]), match[3][1:-1])
        if match[2] in {"=~", "!~"}:
            _check_pattern(value, text)
        found.append(Matcher(match[1], match[2], value))
        position = match.end()
        if position < len(inner) and inner[position] != ",":
            raise _not_a_selector(text)
        position += 1
    return tuple(found)


def _check_pattern(value: str, text: str) -> None:
    try:
        _pattern(value)
    except re.error as error:
        raise BadInput(f"'{text}' holds a regular expression that does not parse: {error}.", "Correct it.") from None


@lru_cache(maxsize=1024)
def _pattern(value: str) -> re.Pattern[str]:
    return re.compile(value, re.DOTALL)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _not_a_selector(text: str) -> BadInput:
    return BadInput(f"'{text}' is not a metric selector.", 'Write name or name{label="value",other=~"regex"}.')
