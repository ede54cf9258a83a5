"""The postmortem on paper: the same words as its markdown, selectable, with the plot inside."""

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from app.adapters.documents.safe_text import visible

# The frame keeps 6 points on each side for itself.
MARGIN, WIDTH = 56.0, 471.0
_FACES = {
    "Sitrep": "DejaVuSans",
    "Sitrep-Bold": "DejaVuSans-Bold",
    "Sitrep-Italic": "DejaVuSans-Oblique",
    "Sitrep-Mono": "DejaVuSansMono",
}
_SIZES = {"h1": 18.0, "h2": 13.0, "h3": 10.5, "p": 9.0, "cell": 7.5}
_WRAPS: Mapping[str, tuple[str, str]] = {"strong": ("<b>", "</b>"), "em": ("<i>", "</i>"), "s": ("<strike>", "</strike>")}


def pdf(markdown: str, title: str, plot_png: bytes, written_at: datetime) -> bytes:
    """One A4 document. `plot_png` stands where the markdown shows its picture; the alternative text is its caption."""
    from reportlab.platypus import SimpleDocTemplate

    _use_fonts()
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=(595.0, 842.0), leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN,
        title=visible(title), author="Sitrep", subject=f"Postmortem, {written_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC", lang="en",
    )  # fmt: skip
    tree = SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(markdown))
    document.build(_Drawing(plot_png).flow(tree.children), onFirstPage=_numbered, onLaterPages=_numbered)
    return out.getvalue()


class _Drawing:
    """Turns parsed markdown into what reportlab lays out."""

    def __init__(self, plot_png: bytes) -> None:
        self._plot = plot_png
        self._styles = _styles()
        self._kinds: Mapping[str, Callable[[SyntaxTreeNode], list[Any]]] = {
            "heading": lambda node: [self._paragraph(node, node.tag)],
            "paragraph": self._text,
            "bullet_list": self._list,
            "ordered_list": self._list,
            "table": self._table,
            "fence": self._code,
            "code_block": self._code,
            "blockquote": lambda node: self.flow(node.children),
            "hr": self._rule,
        }

    def flow(self, nodes: Sequence[SyntaxTreeNode]) -> list[Any]:
        """What stands on the pages, in order; HTML in the markdown is left as the words it is."""
        return [item for node in nodes for item in self._kinds.get(node.type, self._code)(node)]

    def _paragraph(self, node: SyntaxTreeNode, style: str, *, bullet: str | None = None) -> Any:
        from reportlab.platypus import Paragraph

        words = "".join(_inline(child) for child in node.children)
        return Paragraph(words or "&nbsp;", self._styles.get(style, self._styles["h3"]), bulletText=bullet)

    def _text(self, node: SyntaxTreeNode) -> list[Any]:
        is_picture = any(child.type == "image" for child in node.walk())
        return [self._picture(), self._paragraph(node, "caption")] if is_picture and self._plot else [self._paragraph(node, "p")]

    def _picture(self) -> Any:
        from reportlab.lib.utils import ImageReader
        from reportlab.platypus import Image

        wide, high = ImageReader(io.BytesIO(self._plot)).getSize()
        return Image(io.BytesIO(self._plot), WIDTH, WIDTH * high / wide)

    def _list(self, node: SyntaxTreeNode) -> list[Any]:
        found: list[Any] = []
        for number, item in enumerate(node.children, start=1):
            bullet: str | None = f"{number}." if node.type == "ordered_list" else "•"
            for child in item.children:
                found += [self._paragraph(child, "item", bullet=bullet)] if child.type == "paragraph" else self.flow([child])
                bullet = None
        return found

    def _table(self, node: SyntaxTreeNode) -> list[Any]:
        from reportlab.lib.colors import HexColor
        from reportlab.platypus import LongTable, Spacer, TableStyle

        rows = [list(row.children) for part in node.children for row in part.children]
        drawn = [[self._paragraph(cell, "head" if at == 0 else "cell") for cell in row] for at, row in enumerate(rows)]
        table = LongTable(drawn, colWidths=_widths(rows), repeatRows=1)
        line = HexColor("#D9D9D4")
        look = [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.5, line),
            ("LEFTPADDING", (0, 0), (0, -1), 0),
        ]
        table.setStyle(TableStyle(look))
        return [table, Spacer(0, 8)]

    def _code(self, node: SyntaxTreeNode) -> list[Any]:
        from reportlab.platypus import XPreformatted

        return [XPreformatted(escape(visible(node.content.rstrip("\n"))), self._styles["code"])]

    def _rule(self, _: SyntaxTreeNode) -> list[Any]:
        from reportlab.lib.colors import HexColor
        from reportlab.platypus import HRFlowable

        return [HRFlowable(width="100%", thickness=0.5, color=HexColor("#D9D9D4"), spaceBefore=8, spaceAfter=8)]


def _inline(node: SyntaxTreeNode) -> str:
    inner = "".join(_inline(child) for child in node.children)
    if node.type in _WRAPS:
        before, after = _WRAPS[node.type]
        return f"{before}{inner}{after}"
    if node.type == "link":
        return f'<link href={quoteattr(str(node.attrs.get("href", "")))} color="#2457C5">{inner}</link>'
    if node.type == "code_inline":
        return f'<font name="Sitrep-Mono">{escape(visible(node.content))}</font>'
    if node.type in {"softbreak", "hardbreak"}:
        return " " if node.type == "softbreak" else "<br/>"
    return inner or escape(visible(node.content))


def _widths(rows: Sequence[Sequence[SyntaxTreeNode]]) -> list[float]:
    """Columns as wide as their longest words ask for, never narrower than a time or a source."""
    most = [0] * max(len(row) for row in rows)
    for row in rows:
        for at, cell in enumerate(row):
            most[at] = max(most[at], len("".join(one.content for one in cell.walk() if one.type in {"text", "code_inline"})))
    asked = [min(max(count, 5), 60) ** 0.75 for count in most]
    narrow = [max(WIDTH * one / sum(asked), 32.0) for one in asked]
    return [WIDTH * one / sum(narrow) for one in narrow]


def _use_fonts() -> None:
    """The fonts that matplotlib brings: they hold the letters of most languages, and the text stays selectable."""
    import matplotlib as mpl
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    for name, file in _FACES.items():
        pdfmetrics.registerFont(TTFont(name, str(folder / f"{file}.ttf")))
    pdfmetrics.registerFontFamily("Sitrep", "Sitrep", "Sitrep-Bold", "Sitrep-Italic", "Sitrep-Bold")


def _styles() -> dict[str, Any]:
    from reportlab.lib.colors import HexColor
    from reportlab.lib.styles import ParagraphStyle

    def style(name: str, font: str = "Sitrep", size: float = _SIZES["p"], above: float = 0.0, below: float = 5.0) -> Any:
        return ParagraphStyle(
            name,
            fontName=font,
            fontSize=size,
            leading=size * 1.45,
            spaceBefore=above,
            spaceAfter=below,
            textColor=HexColor("#1D1F21"),
        )

    found = {name: style(name, "Sitrep-Bold", _SIZES[name], 14 if name != "h1" else 0, 6) for name in ("h1", "h2", "h3")}
    found |= {
        "p": style("p"),
        "cell": style("cell", size=_SIZES["cell"], below=0),
        "caption": style("caption", "Sitrep-Italic", 8),
    }
    found |= {"head": style("head", "Sitrep-Bold", _SIZES["cell"], below=0), "code": style("code", "Sitrep-Mono", 7.5)}
    found["item"] = style("item", below=3)
    found["item"].leftIndent, found["item"].bulletFontName = 14, "Sitrep"
    return found


def _numbered(canvas: Any, document: Any) -> None:
    canvas.setFont("Sitrep", 7.5)
    canvas.drawRightString(MARGIN + WIDTH, MARGIN / 2, str(document.page))
