"""Reads the YAML block at the top of a Markdown file, refusing what could be a trap: aliases, duplicates, sheer size."""

import re
from collections.abc import Hashable
from datetime import date, datetime
from typing import Any

import yaml

Fields = dict[str, str | tuple[str, ...]]

MAX_BYTES = 64_000
MAX_DEPTH = 4
MAX_VALUES = 2_000

_BLOCK = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_OPENED = re.compile(r"\A---[ \t]*\n[A-Za-z_][\w-]*:(?:\s|\Z)")  # a lone --- is a rule, not front matter


class FrontMatterError(ValueError):
    """The YAML block cannot be used; the message says why."""


class _StrictLoader(yaml.SafeLoader):
    """Plain values only: an alias could blow up in memory, a repeated key would silently win over the first."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.events.AliasEvent):  # type: ignore[no-untyped-call,unused-ignore]
            raise FrontMatterError("YAML aliases are not allowed; write the value out")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen:
                raise FrontMatterError(f"the key {name!r} stands twice; keep one")
            seen.add(name)
        return super().construct_mapping(node, deep)


def read_front_matter(text: str) -> tuple[Fields, str, str | None]:
    """Split a Markdown text into its fields and its body; the third value says why the fields were left out."""
    if not text.startswith("---"):
        return {}, text, None
    match = _BLOCK.match(text)
    if match is None:
        return {}, text, "front matter left out: its closing line --- is missing." if _OPENED.match(text) else None
    body = text[match.end() :]
    try:
        return parse_fields(match.group(1)), body, None
    except FrontMatterError as error:
        return {}, body, f"front matter left out: {error}."


def parse_fields(block: str) -> Fields:
    """Read a YAML mapping into strings and tuples of strings. Raises FrontMatterError."""
    if len(block.encode()) > MAX_BYTES:
        raise FrontMatterError(f"longer than {MAX_BYTES:,} bytes")
    try:
        raw = yaml.load(block, Loader=_StrictLoader)  # noqa: S506 - a SafeLoader made stricter
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at its line {mark.line + 1}" if mark is not None else ""
        raise FrontMatterError(f"not valid YAML{where} ({getattr(error, 'problem', None) or 'unreadable'})") from error
    except (RecursionError, ValueError) as error:
        raise FrontMatterError(str(error) or "nested too deeply") from error
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise FrontMatterError("a mapping `key: value` is expected")
    _check_size(raw, 0, [0])
    fields: Fields = {}
    for key, value in raw.items():
        fields.update(_field(str(key), value))
    return fields


def _check_size(value: object, depth: int, count: list[int]) -> None:
    count[0] += 1
    if depth > MAX_DEPTH or count[0] > MAX_VALUES:
        raise FrontMatterError(f"more than {MAX_DEPTH} levels or {MAX_VALUES} values")
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        _check_size(child, depth + 1, count)


def _field(name: str, value: object) -> Fields:
    if isinstance(value, dict):
        nested: Fields = {}
        for key, item in value.items():
            nested.update(_field(f"{name}.{key}", item))
        return nested
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        keys = dict.fromkeys(str(key) for item in value for key in item)
        return {f"{name}.{key}": tuple(_scalar(item.get(key)) for item in value) for key in keys}
    if isinstance(value, list):
        return {name: tuple(_scalar(item) for item in value)}
    return {name: _scalar(value)}


def _scalar(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict | list):
        return " ".join(_scalar(item) for item in (value.values() if isinstance(value, dict) else value))
    return str(value)
