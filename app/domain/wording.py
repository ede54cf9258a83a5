"""How numbers, times and machine text are put into words."""

import re

_NUMBER = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{8,}\b|\d+(?:\.\d+)?", re.IGNORECASE)
_SIZES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def amount(value: float, unit: str = "") -> str:
    """A value with its unit, rounded to what a person can use: `31 %`, `1.2 s`, `512 MB`."""
    if unit in {"ratio", "share"}:
        return f"{value * 100:.3g} %"
    if unit in {"bytes", "B"}:
        return _size(value)
    if unit in {"s", "seconds"}:
        return f"{value * 1000:.3g} ms" if 0 < abs(value) < 1 else f"{value:.3g} s"
    number = f"{value:.0f}" if abs(value) >= 1000 or float(value).is_integer() else f"{value:.3g}"
    return f"{number} {unit}".strip()


def duration(seconds: float) -> str:
    """A length of time in words: `42 s`, `7 min`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def log_shape(message: str) -> str:
    """A log message with its numbers and ids taken out, so that repetitions can be counted."""
    return _NUMBER.sub("#", message)[:200]


def slug(text: str, length: int = 40) -> str:
    """Lower-case words joined by hyphens, for names of channels."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return words[:length].rstrip("-") or "incident"


def _size(value: float) -> str:
    for size, unit in _SIZES:
        if abs(value) >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.0f} B"
