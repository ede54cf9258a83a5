"""Figures: the numbers, times and names with digits in a sentence, and whether the evidence really holds them."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from app.domain.canonical import Json
from app.domain.evidence import Evidence
from app.domain.redaction.redactor import PLACEHOLDER

_TIME_UNITS = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "msec": 1e-3, "millisecond": 1e-3, "milliseconds": 1e-3, "s": 1.0,
    "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0, "m": 60.0, "min": 60.0, "mins": 60.0, "minute": 60.0, "minutes": 60.0,
    "h": 3600.0, "hr": 3600.0, "hrs": 3600.0, "hour": 3600.0, "hours": 3600.0, "d": 86400.0, "day": 86400.0, "days": 86400.0,
}  # fmt: skip
_SIZE_UNITS = {
    "b": 1.0, "byte": 1.0, "bytes": 1.0, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "kib": 2.0**10, "mib": 2.0**20,
    "gib": 2.0**30, "tib": 2.0**40,
}  # fmt: skip
_SHARE_UNITS = {"%": 0.01, "percent": 0.01, "per cent": 0.01, "percentage": 0.01, "ratio": 1.0}
_BIG_UNITS = {"k": 1e3, "thousand": 1e3, "million": 1e6, "billion": 1e9}
_UNITS = {
    **{name: ("time", factor) for name, factor in _TIME_UNITS.items()},
    **{name: ("size", factor) for name, factor in _SIZE_UNITS.items()},
    **{name: ("share", factor) for name, factor in _SHARE_UNITS.items()},
    **{name: ("count", factor) for name, factor in _BIG_UNITS.items()},
}
_SMALL = """two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {
    **{word: number for number, word in enumerate(_SMALL.split(), 2)},
    **{word: number * 10 for number, word in enumerate(_TENS.split(), 2)},
    "dozen": 12,
    "hundred": 100,
    "thousand": 1000,
    "million": 1_000_000,
}
_IN_UNIT = frozenset({"latest", "normal", "worst", "threshold", "value", "baseline", "observed", "before", "after"})
_WORD = re.compile(rf"\b(?:{'|'.join(_WORDS)})\b", re.IGNORECASE)
_DATE = re.compile(r"\b\d{4}-\d\d-\d\d(?=T|\b)")
_TIME = re.compile(r"(?<![\d:.])([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?(?![\d:]*\d)")
_CHUNK = re.compile(r"[A-Za-z0-9_][\w./-]*")
_MEASURE = re.compile(r"\d[\d.,]*(?:e[-+]?\d{1,3})?[-/]?[^\W\d_]{0,12}(?:[-/]\d[\d.,]*[^\W\d_]{0,12})?")
_DOTTED = re.compile(r"\d+(?:\.\d+){2,}")
_HASH = re.compile(r"(?=\d*[a-f])[0-9a-f]{7,64}")
_NUMBER = re.compile(
    r"(?<![\w.,])[-\u2212+]?(?P<digits>\d{1,3}(?:[ ,]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?(?:e[-+]?\d{1,3})?)"
    r"(?:[ -]?(?P<unit>%|[A-Za-zµμ]{1,12}(?![\w]))|(?=\W|$|[A-Za-z]))",
    re.IGNORECASE,
)
_HARMLESS_NAME = re.compile(
    r"[ES]\d{1,4}|p\d\d(?:\.?\d)?|sev-?[1-4]|[1-5]xx|inc-?\d+|http/?\d(?:\.\d)?|utf-?8|utc", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as written: its value, how many decimals it shows, and its unit's kind and size (empty and 1 without one)."""

    value: float
    decimals: int = 6
    dimension: str = ""
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Known:
    """Everything with digits that some evidence holds."""

    figures: tuple[Figure, ...]
    times: frozenset[str]
    text: str


def known_in(evidence: Iterable[Evidence], passages: Iterable[str] = ()) -> Known:
    """What the summaries, data and times of these pieces of evidence hold, and the text of these passages."""
    figures: list[Figure] = []
    moments: list[datetime] = []
    texts: list[str] = [*passages]
    for item in evidence:
        moments.append(item.observed_at)
        texts += [item.summary, item.service or "", item.source]
        unit = item.data.get("unit")
        dimension, factor = _unit(unit) if isinstance(unit, str) else ("", 1.0)
        for key, value in _leaves(item.data):
            if isinstance(value, str):
                texts.append(value)
            else:
                has_unit = key in _IN_UNIT
                figures.append(Figure(float(value), 6, dimension if has_unit else "", factor if has_unit else 1.0))
                if 1e9 < value < 4.2e9:
                    moments.append(datetime.fromtimestamp(value, UTC))
    text = unicodedata.normalize("NFKC", "\n".join(texts))
    figures += [figure for figure, _ in _figures(text)]
    times = {match.group() for match in _TIME.finditer(text)} | {match.group()[:-3] for match in _TIME.finditer(text) if match[3]}
    for moment in moments:
        times |= {moment.strftime(form) for form in ("%H:%M", "%H:%M:%S", "%Y-%m-%d")}
    return Known(tuple(figures), frozenset(time.zfill(5) for time in times), text.lower())


def invented_in(text: str, known: Known) -> str | None:
    """The first number, time or name with digits that the evidence does not hold, as written; None if all are there."""
    rest = PLACEHOLDER.sub(" ", unicodedata.normalize("NFKC", text))
    for pattern, is_there in ((_DATE, _is_known_date), (_TIME, _is_known_time)):
        for match in pattern.finditer(rest):
            if not is_there(match.group(), known):
                return match.group()
        rest = pattern.sub(" ", rest)
    return _invented_name(rest, known) or _invented_number(_CHUNK.sub(_without_name, rest), known)


def _invented_name(text: str, known: Known) -> str | None:
    chunks = (match.group() for match in _CHUNK.finditer(text))
    return next((chunk for chunk in chunks if _is_name(chunk) and not _is_known_name(chunk, known)), None)


def _without_name(match: re.Match[str]) -> str:
    return " " if _is_name(match.group()) else match.group()


def _invented_number(text: str, known: Known) -> str | None:
    for figure, written in _figures(text):
        if not any(_agree(figure, other) for other in known.figures):
            return written
    for match in _WORD.finditer(text):
        value = float(_WORDS[match.group().lower()])
        if match.group().lower() not in known.text and not any(other.value == value for other in known.figures):
            return match.group()
    return None


def _leaves(data: Mapping[str, Json]) -> Iterator[tuple[str, int | float | str]]:
    """Every number and text with the key it stands under."""
    waiting: list[tuple[str, Json]] = list(data.items())
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.items())
        elif isinstance(value, list):
            waiting.extend((key, item) for item in value)
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            yield key, value


def _unit(name: str) -> tuple[str, float]:
    """A unit's kind and size; `M` is a million, `m` a minute."""
    return ("count", 1e6) if name == "M" else _UNITS.get(name.lower(), ("", 1.0))


def _figures(text: str) -> Iterator[tuple[Figure, str]]:
    for match in _NUMBER.finditer(text):
        digits = match["digits"].replace(",", "").replace(" ", "")
        value = float(digits)
        decimals = len(digits.partition(".")[2].lower().partition("e")[0]) if "e" not in digits.lower() else 6
        unit = match["unit"] or ""
        dimension, factor = _unit(unit)
        written = match.group().strip() if dimension else match["digits"]
        yield Figure(value, decimals, dimension, factor), written


def _agree(said: Figure, held: Figure) -> bool:
    """True when `held`, spelled in the unit of `said` and rounded to its decimals, is `said`."""
    if said.dimension and held.dimension and said.dimension != held.dimension:
        return False
    if said.dimension and held.dimension:
        return _rounds_to(held.value * held.factor / said.factor, said)
    if not said.dimension:
        return _rounds_to(held.value, said) or _rounds_to(held.value * held.factor, said)
    scales = {1.0, 1.0 / said.factor} | ({1e-3 / said.factor} if said.dimension == "time" else set())
    return any(_rounds_to(held.value * scale, said) for scale in scales)


def _rounds_to(value: float, said: Figure) -> bool:
    value = abs(value)
    if said.decimals == 0 and not said.dimension and said.value < 10:
        return abs(value - said.value) < 1e-9
    if said.value == 0:
        return value < (1e-9 if said.decimals == 0 else 0.5 * 10.0**-said.decimals)
    return abs(value - said.value) <= 0.5 * _step(said) * (1 + 1e-9) + 1e-12 * value


def _step(said: Figure) -> float:
    """What the number was rounded to: its last decimal, or hundreds for `1200`; two digits always count."""
    if said.decimals or said.value < 1000:
        return 10.0**-said.decimals
    digits = f"{said.value:.0f}"
    zeros = len(digits) - len(digits.rstrip("0"))
    return 10.0 ** min(zeros, len(digits) - 2)


def _is_known_date(written: str, known: Known) -> bool:
    return written in known.times or written in known.text


def _is_known_time(written: str, known: Known) -> bool:
    return written.zfill(5) in known.times or written.zfill(8) in known.times


def _is_name(chunk: str) -> bool:
    """True for a name with digits in it: `web-2`, `p95`, `v1.2.3`, an address, a commit; False for a number with a unit."""
    bare = chunk.rstrip("./-")
    if _HARMLESS_NAME.fullmatch(bare):
        return True
    if not any(char.isdigit() for char in bare):
        return False
    return _MEASURE.fullmatch(bare) is None or _DOTTED.match(bare) is not None or _HASH.fullmatch(bare) is not None


def _is_known_name(written: str, known: Known) -> bool:
    bare = written.rstrip(".:/-")
    return _HARMLESS_NAME.fullmatch(bare) is not None or bare.lower() in known.text
