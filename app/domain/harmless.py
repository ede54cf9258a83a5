"""Harmless text: words a model or a stranger wrote, with everything taken out that could act in a chat or on a page."""

import re
import unicodedata

from app.domain.redaction.view import is_invisible

_ANGLED_LINK = re.compile(r"<(?:https?:|mailto:|tel:|[@#!])[^<>|]{0,500}(?:\|([^<>]{0,200}))?>", re.IGNORECASE)
_IMAGE_OR_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()\s]{0,1000}[^()]{0,200}\)")
_ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,20}:/{2,}[^\s<>|]*|\b(?:javascript|data|vbscript|mailto|tel|file):[^\s<>|]+|\bwww\.[^\s<>|]+"
    r"|(?<![\w@.-])(?:[a-z0-9-]{1,63}\.){1,6}(?:com|net|org|io|dev|app|co|xyz|ru|cn|info|biz|me|ai|link|click|top|site|online|page)"
    r"(?::\d{1,5})?(?:/[^\s<>|]*|(?![\w.-]))",
    re.IGNORECASE,
)
_BROADCAST = re.compile(r"@(?=here|channel|everyone|group|all\b|[UWS][A-Z0-9]{6,})", re.IGNORECASE)
_OPENING = re.compile(r"<(?=[^\s\d=])")
_CLOSING = re.compile(r"(?<=[^\s=-])>")
_LINK_REMOVED = "(link removed)"


def harmless(text: str, limit: int = 400) -> str:
    """One line without mentions, broadcasts, links, tags, formula signs and invisible characters, at most `limit` long."""
    visible = "".join(" " if _is_control(char) else char for char in text[: limit * 8] if not is_invisible(char))
    folded = unicodedata.normalize("NFKC", visible)
    quiet = _IMAGE_OR_LINK.sub(r"\1", _ANGLED_LINK.sub(r"\1", folded))
    quiet = _ADDRESS.sub(_LINK_REMOVED, quiet)
    quiet = _CLOSING.sub("", _OPENING.sub("", quiet))
    quiet = _BROADCAST.sub("", quiet)
    flat = " ".join(quiet.split()).lstrip("=+@|\t -")
    return flat if len(flat) <= limit else flat[: limit - 1].rsplit(" ", 1)[0][: limit - 1] + "…"


def revealed(text: str) -> str:
    """The same text with invisible and control characters written out as `\\u{200b}`: nothing can hide in it."""
    return "".join(
        f"\\u{{{ord(char):x}}}" if is_invisible(char) or (_is_control(char) and char not in "\n\t") else char for char in text
    )


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
