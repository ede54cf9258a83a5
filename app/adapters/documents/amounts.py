"""Numbers, durations and times as people read them."""

from datetime import UTC, datetime


def amount(value: float, unit: str = "") -> str:
    """`value` with its unit to three figures; a `ratio` is shown in per cent."""
    if unit == "ratio":
        value, unit = value * 100, "%"
    size = abs(value)
    if size >= 1000 or (value == int(value) and size < 1e6):
        figures = f"{value:,.0f}"
    elif size and size < 0.001:
        figures = f"{value:.2g}"
    else:
        figures = f"{value:.3g}"
    return f"{figures} {unit}".strip()


def duration(seconds: float) -> str:
    """Seconds as `40 s`, `13 min`, `2 h 5 min` or `3 d 4 h`."""
    whole = round(max(seconds, 0.0))
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 36:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def clock_time(moment: datetime, seconds: bool = False) -> str:
    """`03:12 UTC`."""
    return moment.astimezone(UTC).strftime("%H:%M:%S UTC" if seconds else "%H:%M UTC")


def full_time(moment: datetime) -> str:
    """`2026-11-24 03:12 UTC`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
