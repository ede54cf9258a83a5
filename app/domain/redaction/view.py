"""A view: the text as a reader would understand it, with the way back to the characters that were really there."""

import html
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from app.domain.redaction.span import Span

_ESCAPED = re.compile(
    r"\\\r?\n[ \t]{0,40}"  # a shell line continuation
    r"|%[0-7][0-9A-Fa-f](?:%[89A-Fa-f][0-9A-Fa-f]){0,3}"
    r"|\\u00[0-7][0-9A-Fa-f]|\\x[0-7][0-9A-Fa-f]"
    r"|&(?:amp|lt|gt|quot|apos|#\d{2,3}|#x[0-9A-Fa-f]{2});"
    r"|[\"'][ \t]{0,3}\+[ \t]{0,3}[\"']"  # "glued" + "together"
)
_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'"}
_INVISIBLE = frozenset({0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFEFF, 0xFFA0})


@dataclass(frozen=True, slots=True)
class View:
    """`text` with, for each character, where the original characters behind it start and end."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def back(self, span: Span) -> Span:
        """The span (not empty) in the original text."""
        return Span(self.starts[span.start], self.ends[span.end - 1], span.kind)


def is_invisible(char: str) -> bool:
    """True for characters nobody sees: zero-width, bidi controls, tags, variation selectors."""
    code = ord(char)
    return (
        code in _INVISIBLE
        or 0x180B <= code <= 0x180F
        or 0x200B <= code <= 0x200F
        or 0x202A <= code <= 0x202E
        or 0x2060 <= code <= 0x206F
        or 0xFE00 <= code <= 0xFE0F
        or 0xE0000 <= code <= 0xE01EF
    )


def normalised(text: str) -> View | None:
    """NFKC, without invisible characters, escapes and line continuations undone; None when that changes nothing."""
    if text.isascii() and not _ESCAPED.search(text):
        return None
    chars: list[str] = []
    starts: list[int] = []
    ends: list[int] = []

    def add(piece: str, start: int, end: int) -> None:
        chars.extend(piece)
        starts.extend([start] * len(piece))
        ends.extend([end] * len(piece))

    position = 0
    for match in _ESCAPED.finditer(text):
        _add_folded(text, position, match.start(), add)
        add(_unescaped(match.group()), match.start(), match.end())
        position = match.end()
    _add_folded(text, position, len(text), add)
    result = "".join(chars)
    return None if result == text else View(result, tuple(starts), tuple(ends))


def squeezed(text: str) -> View:
    """Letters and digits only: finds a value whose characters were spread out."""
    kept = [index for index, char in enumerate(text) if char.isalnum()]
    return View("".join(text[index] for index in kept), tuple(kept), tuple(index + 1 for index in kept))


def _add_folded(text: str, start: int, end: int, add: Callable[[str, int, int], None]) -> None:
    for index in range(start, end):
        char = text[index]
        if char < "\x80":
            add(char, index, index + 1)
        elif not is_invisible(char):
            add(unicodedata.normalize("NFKC", char), index, index + 1)


def _unescaped(piece: str) -> str:
    if piece[0] == "%":
        return chr(int(piece[1:3], 16)) + ("?" if len(piece) > 3 else "")
    if piece[:2] in {"\\u", "\\x"}:
        return chr(int(piece[-2:], 16))
    if piece[:2] == "&#":
        return html.unescape(piece)
    return _ENTITIES.get(piece, "")
