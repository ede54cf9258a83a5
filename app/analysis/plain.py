"""State as plain JSON values: what a detector remembers can be written down and read back."""

import math
from collections.abc import Iterable, Mapping, Sequence

Plain = None | bool | int | float | str | Sequence["Plain"] | Mapping[str, "Plain"]


def number(value: Plain) -> float:
    """A number, NaN for null; raises ValueError for anything else."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("a number or null was expected in the state")  # noqa: TRY004 - one error for all that cannot be read back
    return float(value)


def numbers(values: Iterable[float]) -> list[Plain]:
    """Numbers as JSON knows them: null stands for NaN and the infinities."""
    return [value if math.isfinite(value) else None for value in values]


def read_numbers(value: Plain, size: int) -> list[float]:
    """The inverse of `numbers`; raises ValueError unless there are `size` of them."""
    return [number(item) for item in items(value, size)]


def items(value: Plain, size: int) -> Sequence[Plain]:
    """A list of `size` items; raises ValueError otherwise."""
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != size:
        raise ValueError(f"a list of {size} items was expected in the state")
    return value


def field(value: Plain, name: str) -> Plain:
    """A field of an object; raises ValueError when there is none."""
    if not isinstance(value, Mapping) or name not in value:
        raise ValueError(f"the state has no {name!r}")
    return value[name]
