"""Checks that every factual sentence of a postmortem names a timeline entry or evidence that exists."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.adapters.documents.record import citable
from app.adapters.documents.summary_sections import NOTHING, TO_FILL
from app.domain.postmortem import PostmortemFacts

if TYPE_CHECKING:
    from markdown_it.token import Token

COLOPHON = "Drafted by Sitrep"
_REF = re.compile(r"\[([TE]\d+)\]")
_QUOTE = re.compile(r"“[^”]*”")
_SENTENCE = re.compile(r"(?<=[.?!])[ \n]+")
_NOT_FACTS = (TO_FILL, NOTHING, COLOPHON, "What it rests on:", "Document: draft", f"Owner: {TO_FILL}")


def uncited(markdown: str, facts: PostmortemFacts) -> list[str]:
    """The sentences and table rows that cite nothing, or an id that does not exist; empty when all is well.

    Headings, questions, gaps ("Nothing in the record ...") and prompts for the team are no facts. Quoted words count as
    nothing: a citation inside a quotation is somebody else's.
    """
    known = citable(facts)
    return [unit for unit in _units(markdown) if not unit.startswith(_NOT_FACTS) and not _is_cited(unit, known)]


def _is_cited(unit: str, known: frozenset[str]) -> bool:
    bare = _QUOTE.sub("“”", unit)
    if bare.endswith("?"):
        return True
    refs = _REF.findall(bare)
    first_cell = bare.split(" | ", 1)[0]
    if " | " in bare and first_cell in known:
        refs.append(first_cell)
    return bool(refs) and all(ref in known for ref in refs)


def _units(markdown: str) -> list[str]:
    """Sentences of paragraphs and list items, and whole rows of tables, as plain text."""
    from markdown_it import MarkdownIt

    units: list[str] = []
    row: list[str] | None = None
    is_skipped = False
    for token in MarkdownIt("commonmark", {"html": False}).enable("table").parse(markdown):
        if token.type in {"heading_open", "thead_open"}:
            is_skipped = True
        elif token.type in {"heading_close", "thead_close"}:
            is_skipped = False
        elif token.type == "tr_open" and not is_skipped:
            row = []
        elif token.type == "tr_close" and row is not None:
            units.append(" | ".join(row))
            row = None
        elif token.type == "inline" and not is_skipped:
            text = _plain(token.children or [])
            if row is None:
                units += _sentences(text)
            else:
                row.append(text)
    return [unit for unit in units if unit]


def _plain(children: "Sequence[Token]") -> str:
    parts = {"softbreak": " ", "hardbreak": " "}
    return "".join(
        child.content.replace(" ", "\u00a0") if child.type == "code_inline" else parts.get(child.type, child.content)
        for child in children
        if child.type != "image"
    ).strip()


def _sentences(text: str) -> list[str]:
    """`text` cut after full stops and question marks that stand outside quotations."""
    quotes: list[str] = []

    def hide(found: "re.Match[str]") -> str:
        quotes.append(found.group())
        return "“”"

    waiting = iter(quotes)
    parts = _SENTENCE.split(_QUOTE.sub(hide, text))
    return [re.sub("“”", lambda _: next(waiting), part).strip() for part in parts]
