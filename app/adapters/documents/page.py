"""Turns the markdown of a postmortem into one page that stands alone: no scripts, nothing loaded from elsewhere."""

import base64
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from app.adapters.documents.safe_text import visible

if TYPE_CHECKING:
    from jinja2 import Environment
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_REF = re.compile(r"\[([TE]\d+)\]")
_ID = re.compile(r"[TE]\d+")


@dataclass(frozen=True, slots=True)
class Figure:
    """The plot as SVG in both themes and two widths, with the sentence that says what it shows."""

    alt: str
    light: bytes
    dark: bytes
    narrow_light: bytes
    narrow_dark: bytes


@dataclass(frozen=True, slots=True)
class Heading:
    """An entry of the table of contents."""

    anchor: str
    text: str


def page(markdown: str, title: str, written_at: datetime, known: Collection[str], figure: Figure | None) -> str:
    """The whole page. `known` are the ids that become links; the image `plot.png` is replaced by `figure`."""
    from markdown_it import MarkdownIt
    from markupsafe import Markup

    templates = _templates()
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(markdown)
    headings = _mark_headings(tokens)
    _mark_tables(tokens, frozenset(known))
    drawn = templates.get_template("figure.html").render(figure=figure, uri=_data_uri) if figure else ""
    body = _render(parser, tokens, frozenset(known), drawn)
    return templates.get_template("postmortem.html").render(
        title=title,
        body=Markup(body),  # noqa: S704 - rendered by markdown-it with HTML disabled
        headings=headings,
        written_at=written_at.astimezone(UTC),
    )


def _templates() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("app.adapters.documents"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _shown(value: object) -> object:
    return visible(value) if type(value) is str else value


def _data_uri(svg: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode("ascii")


def _mark_headings(tokens: "Sequence[Token]") -> list[Heading]:
    found: list[Heading] = []
    for token, inside in pairwise(tokens):
        if token.type == "heading_open" and token.tag == "h2":
            anchor = re.sub(r"[^a-z]+", "-", inside.content.lower()).strip("-")
            token.attrSet("id", anchor)
            found.append(Heading(anchor, inside.content))
    return found


def _mark_tables(tokens: "Sequence[Token]", known: frozenset[str]) -> None:
    """Gives each row that names a known id its anchor, and each cell its column's name for narrow screens."""
    columns: list[str] = []
    row: Token | None = None
    position = 0
    for token, inside in pairwise(tokens):
        if token.type == "thead_open":
            columns = []
        elif token.type == "th_open":
            columns.append(inside.content.split(" (")[0])
        elif token.type == "tr_open":
            row, position = token, 0
        elif token.type == "td_open" and row is not None:
            if position == 0 and _ID.fullmatch(inside.content) and inside.content in known:
                row.attrSet("id", inside.content)
            token.attrSet("data-label", columns[position] if position < len(columns) else "")
            if not inside.content:
                token.attrSet("class", "is-empty")
            position += 1


def _render(parser: "MarkdownIt", tokens: "Sequence[Token]", known: frozenset[str], drawn: str) -> str:
    from markdown_it.common.utils import escapeHtml

    def text(tokens: "Sequence[Token]", index: int, *_: object) -> str:
        return _REF.sub(lambda found: _link(found.group(1), known), escapeHtml(tokens[index].content))

    def image(tokens: "Sequence[Token]", index: int, *_: object) -> str:
        return drawn if tokens[index].attrGet("src") == "plot.png" else ""

    def table_open(*_: object) -> str:
        return '<div class="table"><table>\n'

    def table_close(*_: object) -> str:
        return "</table></div>\n"

    def link_open(tokens: "Sequence[Token]", index: int, *_: object) -> str:
        return f'<a href="{escapeHtml(str(tokens[index].attrGet("href")))}" rel="noopener noreferrer">'

    rules = {"text": text, "image": image, "table_open": table_open, "table_close": table_close, "link_open": link_open}
    parser.renderer.rules.update(rules)  # type: ignore[attr-defined]
    return str(parser.renderer.render(tokens, parser.options, {}))


def _link(ref: str, known: frozenset[str]) -> str:
    return f'<a class="ref" href="#{ref}">{ref}</a>' if ref in known else f"[{ref}]"
