"""Fields of a line of cases, read with an error that names the line."""

import math
from collections.abc import Mapping
from pathlib import Path

from app.domain.errors import BadInput


class Line:
    """One JSON object of a file of cases; every reader raises BadInput naming the line and the field."""

    def __init__(self, number: int, item: Mapping[str, object], path: Path, hint: str) -> None:
        self._number, self._item, self._path, self._hint = number, item, path, hint

    def any(self, name: str) -> object:
        """The field, whatever it is."""
        if name not in self._item:
            raise self.problem(f'has no "{name}"')
        return self._item[name]

    def real(self, name: str, least: float = -math.inf, over: float = -math.inf) -> float:
        """A finite number of at least `least` and more than `over`."""
        value = self.any(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not _is_finite(value):
            raise self.problem(f'has a "{name}" that is no finite number')
        if value < least or value <= over:
            raise self.problem(f'has a "{name}" of {value:g}, which is too small')
        return float(value)

    def reals(self, name: str) -> list[float]:
        """A list of numbers; null and numbers beyond what a float holds are NaN."""
        values = self.any(name)
        if not isinstance(values, list):
            raise self.problem(f'has a "{name}" that is no list of numbers')
        return [self._gap_or_number(value, name) for value in values]

    def text(self, name: str) -> str:
        """A string."""
        value = self.any(name)
        if not isinstance(value, str):
            raise self.problem(f'has a "{name}" that is no string')
        return value

    def problem(self, what: str) -> BadInput:
        """The error to raise: which line, what is wrong with it, what a line must be."""
        return BadInput(f"Line {self._number} of {self._path} {what}.", self._hint)

    def _gap_or_number(self, value: object, name: str) -> float:
        if value is None:
            return math.nan
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.problem(f'has something else than numbers and null in "{name}"')
        return float(value) if _is_finite(value) else math.nan


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
