"""The redactor of one incident: text in, text without secrets and personal data out, and the way back."""

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.domain.redaction.checks import is_name, is_random
from app.domain.redaction.context import find_in_context
from app.domain.redaction.known import KnownValues
from app.domain.redaction.personal import find_personal
from app.domain.redaction.span import Span, merged
from app.domain.redaction.tokens import find_tokens
from app.domain.redaction.view import normalised

PLACEHOLDER = re.compile(r"\[(?:SECRET:[a-z_]{1,30}|EMAIL|PHONE|CARD|IBAN|SSN)#\d{1,9}\]")
_REMEMBERED_KINDS = frozenset(
    {"SECRET:password", "SECRET:db_password", "SECRET:url_password", "SECRET:api_key", "SECRET:token", "SECRET:authorization"}
)


@dataclass(frozen=True, slots=True)
class Redacted:
    """The text that may leave, and what each placeholder in it stands for."""

    text: str
    replaced: Mapping[str, str]


class Redactor:
    """Placeholders (`[SECRET:db_password#3]`, `[EMAIL#1]`) stay the same for a value as long as the redactor lives: one
    per incident, usable from many threads. A secret seen once is found again without its context.
    """

    def __init__(self, known_values: Sequence[str] = ()) -> None:
        self._known = KnownValues(known_values)
        self._placeholders: dict[str, str] = {}
        self._originals: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()

    def redact(self, text: str) -> Redacted:
        """The text with every find replaced; everything else keeps its characters."""
        with self._lock:
            return self._redact(text)

    def restore(self, text: str, *, secrets: bool = True) -> str:
        """The text with known placeholders turned back. With `secrets=False` only personal data comes back: for text that
        goes to a place where secrets must not be shown either.
        """

        def original(match: re.Match[str]) -> str:
            if match.group().startswith("[SECRET:") and not secrets:
                return match.group()
            return self._originals.get(match.group(), match.group())

        return PLACEHOLDER.sub(original, text)

    def _redact(self, text: str) -> Redacted:
        spans = merged(self._find(text))
        self._remember(text, spans)
        pieces: list[str] = []
        replaced: dict[str, str] = {}
        position = 0
        for span in spans:
            original = text[span.start : span.end]
            placeholder = self._placeholder(original, span.kind)
            pieces += [text[position : span.start], placeholder]
            replaced[placeholder] = original
            position = span.end
        return Redacted("".join([*pieces, text[position:]]), replaced)

    def _find(self, text: str) -> Iterator[Span]:
        taken = [match.span() for match in PLACEHOLDER.finditer(text)] if "#" in text else []
        found = [*self._find_in(text)]
        view = normalised(text)
        if view is not None:
            found += [view.back(span) for span in self._find_in(view.text) if span.end > span.start]
        for span in found:
            yield from _without(span, taken)

    def _find_in(self, text: str) -> Iterator[Span]:
        yield from self._known.find(text)
        yield from find_tokens(text)
        yield from find_in_context(text)
        yield from find_personal(text)

    def _remember(self, text: str, spans: Sequence[Span]) -> None:
        """What context gave away once is known from now on, if it cannot be mistaken for an ordinary word."""
        for span in spans:
            value = text[span.start : span.end]
            if span.kind in _REMEMBERED_KINDS and is_random(value) and not is_name(value):
                self._known.add(value)

    def _placeholder(self, original: str, kind: str) -> str:
        if original not in self._placeholders:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            placeholder = f"[{kind}#{self._counts[kind]}]"
            self._placeholders[original] = placeholder
            self._originals[placeholder] = original
        return self._placeholders[original]


def _without(span: Span, taken: Sequence[tuple[int, int]]) -> Iterator[Span]:
    """The parts of a span outside placeholders that already stand in the text."""
    start = span.start
    for low, high in taken:
        if low < span.end and high > start:
            yield Span(start, low, span.kind)
            start = high
    if start < span.end:
        yield Span(start, span.end, span.kind)
