"""Reads YAML the strict way: no aliases, no duplicate keys, no surprising types, and every value knows its line."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from app.domain.canonical import Json
from app.domain.errors import BadInput

MAX_BYTES = 256 * 1024
MAX_DEPTH = 16
MAX_VALUES = 20_000
LARGEST_INTEGER = 2**53

Path = tuple[str | int, ...]

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,4})?", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|nan)", re.IGNORECASE)
_WORDS: dict[str, Json] = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(slots=True)
class Document:
    """A parsed file: its value, and the line (from 1) on which each path stands."""

    source: str
    value: Json = None
    lines: dict[Path, int] = field(default_factory=dict)

    def problem(self, path: Path, what: str, hint: str = "") -> BadInput:
        """`file:line key: what`, ready to raise; a path that is not in the file takes the line of what encloses it."""
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        line = self.lines.get(known)
        place = f"{self.source}:{line}" if line else self.source
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
        return BadInput(f"{place} {key}: {what.rstrip('.')}." if key else f"{place}: {what.rstrip('.')}.", hint)


def parse(raw: bytes, source: str) -> Document:
    """The document in `raw`; raises BadInput. Only unquoted `true`, `false`, `null` and decimal numbers are not text."""
    if len(raw) > MAX_BYTES:
        raise BadInput(f"{source} has {len(raw)} bytes.", f"A configuration may have up to {MAX_BYTES} bytes.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{source} is not UTF-8 (byte {error.start}).", "Save the file as UTF-8.") from None
    builder = _Builder(Document(source))
    try:
        for event in _events(text):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadInput(f"{source}:{line}: not readable as YAML: {error.problem}.", "Correct that line.") from None
    except yaml.YAMLError as error:
        first = str(error).splitlines()[0]
        raise BadInput(f"{source}: not readable as YAML: {first}.", "Remove characters that are not text.") from None
    return builder.document


def _events(text: str) -> Iterator[yaml.Event]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    yield from yaml.parse(text, Loader=loader)


@dataclass(slots=True)
class _Frame:
    """An open mapping (with `key` while its value is awaited) or list."""

    path: Path
    value: dict[str, Json] | list[Json]
    key: str | None = None


class _Builder:
    """Builds the value from the parser's events without recursion, so that depth is a check and not a crash."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._stack: list[_Frame] = []
        self._count = 0
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Takes one more event."""
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._error(line, "a second document starts here", "Keep one document in the file.")
        elif isinstance(event, yaml.NodeEvent):
            self._check(event, line)
            self._node(event, line)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._stack.pop()

    def _check(self, event: yaml.NodeEvent, line: int) -> None:
        self._count += 1
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise self._error(line, "anchors (&) and aliases (*) are not allowed", "Write the value out, or quote the text.")
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise self._error(line, f"the tag {tag} is not allowed", "Write the plain value, or quote the text.")
        if len(self._stack) >= MAX_DEPTH:
            raise self._error(line, f"nested deeper than {MAX_DEPTH}", "Flatten this part.")
        if self._count > MAX_VALUES:
            raise self._error(line, f"more than {MAX_VALUES} values", "Split the configuration.")

    def _node(self, event: yaml.NodeEvent, line: int) -> None:
        top = self._stack[-1] if self._stack else None
        if top and isinstance(top.value, dict) and top.key is None:
            self._take_key(top, event, line)
            return
        path = self._path(top)
        self.document.lines.setdefault(path, line)
        if isinstance(event, yaml.ScalarEvent):
            self._place(top, self._scalar(event, line))
            return
        opened: dict[str, Json] | list[Json] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._place(top, opened)
        self._stack.append(_Frame(path, opened))

    def _take_key(self, frame: _Frame, event: yaml.NodeEvent, line: int) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._error(line, "a key must be text", "Quote it.")
        if isinstance(frame.value, dict) and event.value in frame.value:
            first = self.document.lines[(*frame.path, event.value)]
            raise self._error(line, f"the key '{event.value}' stands twice (first on line {first})", "Remove one of them.")
        frame.key = event.value
        self.document.lines[(*frame.path, event.value)] = line

    @staticmethod
    def _path(frame: _Frame | None) -> Path:
        if frame is None:
            return ()
        if isinstance(frame.value, dict):
            return (*frame.path, frame.key or "")
        return (*frame.path, len(frame.value))

    def _place(self, frame: _Frame | None, value: Json) -> None:
        if frame is None:
            self.document.value = value
        elif isinstance(frame.value, dict):
            frame.value[frame.key or ""] = value
            frame.key = None
        else:
            frame.value.append(value)

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> Json:
        text = event.value
        if not event.implicit[0]:  # quoted or a block: text, whatever it looks like
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text):
            number = int(text)
            if abs(number) > LARGEST_INTEGER:
                raise self._error(line, f"the number {text} is too large", "Quote it if it is text.")
            return number
        if _NOT_FINITE.fullmatch(text):
            raise self._error(line, f"{text} is not a finite number", "Give a number, or quote the text.")
        if _FLOAT.fullmatch(text):
            value = float(text)
            if not math.isfinite(value):
                raise self._error(line, f"{text} is not a finite number", "Give a smaller number.")
            return value
        return text

    def _error(self, line: int, what: str, hint: str) -> BadInput:
        return BadInput(f"{self.document.source}:{line}: {what}.", hint)
