"""Values: where the value that belongs to a key ends, and whether it may be a secret at all."""

import re
from dataclasses import dataclass
from itertools import pairwise

from app.domain.redaction.checks import entropy, is_dense_name, is_hex, is_name, is_random, is_uuid
from app.domain.redaction.words import PLACEHOLDER, STATUS

_QUOTED = {
    '"': re.compile(r'"((?:[^"\\\n]|\\.){1,2000})'),
    "'": re.compile(r"'((?:[^'\\\n]|\\.){1,2000})"),
    "`": re.compile(r"`([^`\n]{1,2000})"),
    "“": re.compile(r"“([^”\n]{1,200})"),
    "„": re.compile(r"„([^“”\n]{1,200})"),
    "«": re.compile(r"«([^»\n]{1,200})"),
}
_ESCAPED_QUOTE = re.compile(r"\\{1,3}[\"']((?:[^\"'\\\n]){1,2000})")
_BARE = re.compile(r"(?:[^\s\"'`<>,;&|)\]}\\]|[,;&|)\]}\\](?![\s\"',;)\]}&|]|$|[\w.-]{1,40}[=:]|n)){1,4000}")
_WHOLE = re.compile(r"\S{1,400}")
_PROSE_END = ".,;:!?)]}>\"'\u3002\uff0c\u3001"


@dataclass(frozen=True, slots=True)
class Value:
    """The characters `start` to `end` of a text, and whether quotes stood around them."""

    text: str
    start: int
    end: int
    is_quoted: bool = False


def value_at(text: str, position: int) -> Value | None:
    """The value that begins at `position`: quoted, or up to the end of the argument; None if there is none."""
    first = text[position : position + 1]
    match = None
    if first in _QUOTED:
        match = _QUOTED[first].match(text, position)
    elif first == "\\":
        match = _ESCAPED_QUOTE.match(text, position)
    if match is not None:
        return Value(match[1], match.start(1), match.end(1), is_quoted=True)
    bare = _BARE.match(text, position)
    return Value(bare.group(), bare.start(), bare.end()) if bare else None


def word_at(text: str, position: int) -> Value | None:
    """The word of a sentence that begins at `position`, without the punctuation after it; quotes count as in `value_at`."""
    if text[position : position + 1] in _QUOTED:
        return value_at(text, position)
    match = _WHOLE.match(text, position)
    if match is None:
        return None
    word = match.group()
    bare = word.rstrip(_PROSE_END) or word
    if len(bare) < len(word) and word[len(bare)] in "!?" and any(char.isdigit() for char in bare):
        bare += word[len(bare)]
    return Value(bare, position, position + len(bare))


def is_placeholder(value: str) -> bool:
    """True for a mask, a template, a reference to where the secret lives, or a word about it."""
    return value.lower().strip(".,:;!") in STATUS or PLACEHOLDER.fullmatch(value) is not None


def is_password(value: Value) -> bool:
    """May follow `password=`: anything but a placeholder."""
    return not is_placeholder(value.text) and len(value.text) >= 3 and not value.text.isspace()


def is_password_in_prose(value: Value) -> bool:
    """May be the password of a sentence: quoted, or with digits or signs among letters, and not a name or a number."""
    text = value.text
    if is_placeholder(text) or len(text) < 4:
        return False
    if value.is_quoted:
        return " " not in text.strip()
    has_letter = any(char.isalpha() for char in text)
    has_digit = any(char.isdigit() for char in text)
    has_sign = any(char in "!@#$%^&*+=~?|" for char in text)
    has_hump = any(a.islower() and b.isupper() for a, b in pairwise(text))
    is_dull = is_name(text) and not has_sign and sum(char.isalpha() for char in text) > 0 and len(text) < 30 and "-" in text
    return not is_dull and ((has_letter and (has_digit or has_sign)) or has_hump) and not _is_measure(text)


def is_secret(value: Value) -> bool:
    """May follow `secret=` or `api_key=`."""
    text = value.text
    if is_placeholder(text) or len(text) < 6 or (value.is_quoted and " " in text):
        return False
    return (
        is_random(text)
        or is_dense_name(text)
        or is_uuid(text)
        or (is_hex(text) and len(text) >= 16)
        or (_has_sign(text) and not is_name(text))
    )


def is_token(value: Value) -> bool:
    """May follow `token=`, `session=` or a cookie's name."""
    text = value.text
    if is_placeholder(text) or (value.is_quoted and " " in text):
        return False
    is_id = is_uuid(text) or (is_hex(text) and len(text) >= 16) or is_dense_name(text)
    return is_id or (is_random(text) and len(text) >= 10 and not _is_measure(text)) or _is_long_mix(text)


def is_code(value: Value) -> bool:
    """Four to eight digits, as a PIN or a one-time code."""
    return value.text.isdigit() and 4 <= len(value.text) <= 8


def _has_sign(text: str) -> bool:
    return any(char in "!@#$%^&*+=~?" for char in text) and any(char.isalpha() for char in text)


def _is_long_mix(text: str) -> bool:
    return len(text) >= 20 and entropy(text) > 3.6 and not is_name(text) and text.lower() != text and " " not in text


_MEASURE = re.compile(
    r"[vV]?\d[\d.,:/]*(?:[a-zA-Z%µ]{1,3}|st|nd|rd|th|days?|hours?|min|mins|sec|secs|bits?|bytes|chars?)?|\d{4}-\d\d-\d\d\S*|\(?[\d.]+[a-zA-Z]{1,2}\)?|[a-zA-Z]{1,3}[-_]?\d{1,3}"
)


def _is_measure(text: str) -> bool:
    """Numbers with units, versions, dates, `sha256`-like names."""
    return _MEASURE.fullmatch(text) is not None
