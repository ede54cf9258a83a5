"""Turns any text into text that Slack shows as plain words: nothing in it can mention, link, format or hide."""

import re
import unicodedata
from datetime import datetime
from urllib.parse import quote, urlsplit

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Look-alikes, because Slack has no escape for its formatting characters.
_FORMATTING = {"*": "\u2217", "~": "\u223c", "`": "\u02cb"}
_EMOJI_NAME = re.compile(r":(?=[a-z0-9_+'-]*[a-z])([a-z0-9_+'-]{1,100}):", re.IGNORECASE)
_USER = re.compile(r"[UW][A-Z0-9]{2,20}")
_MENTION = re.compile(r"&lt;@([UW][A-Z0-9]{2,20})&gt;")
_ROOM = re.compile(r"&lt;#(C[A-Z0-9]{2,20})&gt;")
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters and marks that draw nothing: fillers, variation selectors, the grapheme joiner and the empty braille cell.
_HIDDEN = frozenset(map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)))
_SELECTORS = ((0x180B, 0x180D), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
_ELLIPSIS = "…"
_QUOTED_LINES = 12


def visible(text: str) -> str:
    """`text` with every invisible, bidirectional or control character spelled as `[U+202E]`; line breaks and tabs stay."""
    return "".join(_spelled(char) for char in text.replace("\r\n", "\n"))


def escaped(text: str, limit: int) -> str:
    """`text` made visible, its `& < >` escaped, at most `limit` characters long; entities and spellings are never cut."""
    units = [_ENTITIES.get(char, char) for char in map(_spelled, text.replace("\r\n", "\n")[: limit + 1])]
    return _cut(units, limit)


def plain(text: str, limit: int) -> str:
    """Text from outside, on one line, for a mrkdwn field: escaped, and without anything Slack would format or draw."""
    return escaped(_unformatted(" ".join(text[: 4 * limit].split())), limit)


def quoted(text: str, limit: int) -> str:
    """Text from outside on several lines, as a Slack quotation."""
    lines = [line.strip() for line in _unformatted(text[: 4 * limit]).splitlines() if line.strip()][:_QUOTED_LINES] or [""]
    body = escaped("\n".join(lines), limit - 2 * _QUOTED_LINES)
    return "\n".join(f"> {line}" for line in body.split("\n"))


def written(text: str, limit: int) -> str:
    """Text written by Sitrep's code: formatting, mentions of single users (`<@U…>`) and links to channels (`<#C…>`) work,
    everything else is escaped.
    """
    return _ROOM.sub(r"<#\1>", _MENTION.sub(r"<@\1>", escaped(text, limit)))


def user(identifier: str | None) -> str:
    """A mention if this is a user id, the plain name otherwise (`sitrep`), or `nobody`."""
    if not identifier:
        return "nobody"
    return f"<@{identifier}>" if _USER.fullmatch(identifier) else plain(identifier, 60)


def cited(identifiers: tuple[str, ...]) -> str:
    """Evidence ids as people read them, ` [E1, E3]`, or nothing."""
    return f" [{plain(', '.join(identifiers[:8]), 80)}]" if identifiers else ""


def link(url: str, label: str) -> str:
    """A Slack link to an address code vouches for, or just the label if it is no plain web address."""
    address = web_address(url)
    return f"<{address}|{plain(label, 75)}>" if address else plain(label, 75)


def web_address(url: str) -> str:
    """`url` if it is an absolute http(s) address of at most 300 characters with nothing Slack could misread; else empty."""
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
        safe = quote(url, safe="%/:?#[]@!$&'()*+,;=-._~")
    except ValueError:
        return ""
    return safe.replace("&", "&amp;") if is_web and len(safe) <= 300 else ""


def host(url: str) -> str:
    """The host and port of an address, lower case; empty if it has none."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


def utc(at: datetime) -> str:
    """`03:12 UTC, 24 Nov`."""
    return f"{at:%H:%M} UTC, {at.day} {at:%b}"


def moment(at: datetime) -> str:
    """A time in UTC, with the reader's own time beside it where Slack knows it."""
    return f"{utc(at)} (<!date^{int(at.timestamp())}^{{time}} your time|{at:%H:%M} UTC>)"


def clip(pieces: list[str], limit: int, separator: str = "\n") -> str:
    """As many whole pieces as fit into `limit`, then a count of what was left out."""
    kept: list[str] = []
    room = limit - 40
    for piece in pieces:
        room -= len(piece) + len(separator)
        if room < 0:
            break
        kept.append(piece)
    left = len(pieces) - len(kept)
    return separator.join([*kept, f"… and {left} more"] if left else kept)


def _unformatted(text: str) -> str:
    swapped = "".join(_FORMATTING.get(char, char) for char in text)
    return _EMOJI_NAME.sub("\u2236\\1:", swapped)


def _spelled(char: str) -> str:
    if char in "\n\t ":
        return char
    code = ord(char)
    is_hidden = (
        unicodedata.category(char) in _HIDDEN_CATEGORIES
        or char in _HIDDEN
        or any(low <= code <= high for low, high in _SELECTORS)
    )
    return f"[U+{code:04X}]" if is_hidden else " " if unicodedata.category(char) == "Zs" else char


def _cut(units: list[str], limit: int) -> str:
    total = sum(map(len, units))
    if total <= limit:
        return "".join(units)
    kept: list[str] = []
    room = limit - len(_ELLIPSIS)
    for unit in units:
        room -= len(unit)
        if room < 0:
            break
        kept.append(unit)
    return "".join(kept) + _ELLIPSIS
