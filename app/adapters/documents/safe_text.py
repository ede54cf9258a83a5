"""Text that others wrote, made safe to read and to draw: nothing in it can format, link, mention or cite."""

import re
import unicodedata

LIMIT = 400
_CITATION = re.compile(r"\[([TE]\d+)\]")
_SPECIAL = re.compile(r"([\\`*\[\]<|~&@]|(?<![^\W_])_|_(?![^\W_]))")
_ACTIVE_LINK = re.compile(r"://|(?<=\bwww)\.", re.IGNORECASE)
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


def visible(text: str) -> str:
    """`text` with control, invisible and direction-changing characters spelled out (`\\u202e`); line ends and tabs stay."""
    return "".join(
        f"\\u{ord(char):04x}" if unicodedata.category(char) in _HIDDEN and char not in "\n\t" else char for char in text
    )


def one_line(text: str, limit: int = LIMIT) -> str:
    """`text` on one line, visible, at most `limit` characters."""
    line = visible(" ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def foreign(text: str, limit: int = LIMIT) -> str:
    """Markdown in which `text` stays plain text: escaped, on one line, its look-alike citations turned into `(T3)`."""
    line = _CITATION.sub(r"(\1)", one_line(text, limit))
    return _ACTIVE_LINK.sub(lambda found: "\\" + found.group(), _SPECIAL.sub(r"\\\1", line))


def label(text: str, limit: int = 60) -> str:
    """`foreign` for names: a full stop inside does not end a sentence."""
    return foreign(text, limit).replace(". ", ".\u00a0")


def quoted(text: str, limit: int = LIMIT) -> str:
    """`text` as a quotation, so that a reader can tell it from what Sitrep computed."""
    inner = text.strip().removesuffix(".").replace("“", "'").replace("”", "'")
    return f"“{foreign(inner, limit)}”"


def code(text: str, limit: int = LIMIT) -> str:
    """`text` as a markdown code span that it cannot leave."""
    line = _CITATION.sub(r"(\1)", one_line(text, limit)) or " "
    runs = [len(run) for run in re.findall(r"`+", line)]
    fence = "`" * (max(runs, default=0) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def code_cell(text: str, limit: int = LIMIT) -> str:
    """A code span for a table cell, where a pipe would end the cell."""
    return code(text, limit).replace("|", "\\|")
