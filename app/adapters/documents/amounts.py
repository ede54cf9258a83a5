"""Times as people read them, and numbers as they stand on the axis of a plot."""

from datetime import UTC, datetime

from app.domain.wording import amount

_SCALED = frozenset({"bytes", "B", "s", "seconds"})


def clock_time(moment: datetime, seconds: bool = False) -> str:
    """`03:12 UTC`."""
    return moment.astimezone(UTC).strftime("%H:%M:%S UTC" if seconds else "%H:%M UTC")


def full_time(moment: datetime) -> str:
    """`2026-11-24 03:12 UTC`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def axis_unit(unit: str) -> str:
    """The unit that stands beside an axis once, empty if each of its numbers carries its own (`200 ms`, `1.2 s`)."""
    if unit in {"ratio", "share"}:
        return "%"
    return "" if unit in _SCALED else unit


def axis_number(value: float, unit: str) -> str:
    """A number of that axis."""
    if unit in _SCALED:
        return amount(value, unit) if value else "0"
    return amount(value, unit).removesuffix(axis_unit(unit) or " ").strip()
