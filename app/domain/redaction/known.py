"""Known values: secrets somebody told us about, found in any of the disguises a log may put them in."""

import base64
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from app.domain.redaction.span import Span
from app.domain.redaction.view import squeezed

_SHORTEST = 4
_MOST = 1000


class KnownValues:
    """The exact-match filter: plain, base64, hex, reversed, percent-encoded and spaced-out forms of each value."""

    def __init__(self, values: Sequence[str] = ()) -> None:
        self._plain: dict[str, None] = {}
        self._pattern: re.Pattern[str] | None = None
        self._squeezed: list[str] = []
        for value in values:
            self.add(value)

    def add(self, value: str) -> None:
        """Remembers one more; values under four characters would match everywhere and are ignored."""
        value = value.strip()
        if len(value) >= _SHORTEST and value not in self._plain and len(self._plain) < _MOST:
            self._plain[value] = None
            self._pattern = None

    def find(self, text: str) -> Iterator[Span]:
        """Every place where one of the values stands in some form."""
        if not self._plain:
            return
        if self._pattern is None:
            self._compile()
        if self._pattern is not None:
            for match in self._pattern.finditer(text):
                yield Span(*match.span(), "SECRET:known")
        yield from self._find_spread_out(text)

    def _compile(self) -> None:
        forms = {form for value in self._plain for form in _forms(value)}
        self._pattern = re.compile("|".join(re.escape(form) for form in sorted(forms, key=lambda form: (-len(form), form))))
        letters = ("".join(char for char in value if char.isalnum()) for value in self._plain)
        self._squeezed = [value for value in letters if len(value) >= 8]

    def _find_spread_out(self, text: str) -> Iterator[Span]:
        view = squeezed(text) if self._squeezed else None
        for value in self._squeezed:
            for form in (value, value[::-1]):
                at = view.text.find(form) if view else -1
                while view and at >= 0:
                    yield view.back(Span(at, at + len(form), "SECRET:known"))
                    at = view.text.find(form, at + 1)


def _forms(value: str) -> Iterator[str]:
    raw = value.encode("utf-8", "replace")
    yield value
    yield quote(value, safe="")
    if len(value) < 6:
        return
    yield value[::-1]
    yield raw.hex()
    yield raw.hex().upper()
    yield raw.hex(" ")
    yield raw.hex(":")
    yield "".join(f"\\x{byte:02x}" for byte in raw)
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw).decode()
        # The first and last characters mix with the neighbours' bits; what is between belongs to the value alone.
        start = (0, 2, 3)[shift]
        end = len(raw) * 8 // 6 + start - (1 if shift else 0)
        middle = encoded[start:end].rstrip("=")
        if len(middle) >= 6:
            yield middle
            yield middle.replace("+", "-").replace("/", "_")
