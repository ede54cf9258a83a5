"""Draws rich_text blocks and tables as safe HTML."""

from typing import Any

from markupsafe import Markup, escape

from app.workspace.emoji import drawn
from app.workspace.model import Json
from app.workspace.mrkdwn import Renderer, date, link

STYLES = {"bold": "strong", "italic": "em", "strike": "s", "code": "code"}


def rich_text(renderer: Renderer, block: Json) -> Markup:
    """A whole rich_text block."""
    return Markup("").join(_part(renderer, part) for part in block.get("elements", []))


def table_rows(renderer: Renderer, block: Json) -> list[list[Markup]]:
    """The cells of a table block, row by row."""
    return [[_cell(renderer, cell) for cell in row] for row in block.get("rows", [])]


def _cell(renderer: Renderer, cell: Any) -> Markup:
    if isinstance(cell, dict) and cell.get("type") == "rich_text":
        return rich_text(renderer, cell)
    text = cell.get("text", "") if isinstance(cell, dict) else cell
    return renderer.plain(str(text))


def _part(renderer: Renderer, part: Json) -> Markup:
    kind = part.get("type")
    if kind == "rich_text_list":
        tag = "ol" if part.get("style") == "ordered" else "ul"
        inner = Markup("").join(Markup("<li>{}</li>").format(_part(renderer, one)) for one in part.get("elements", []))
        return Markup("<{}>{}</{}>").format(Markup(tag), inner, Markup(tag))  # noqa: S704 - one of two fixed words
    inner = Markup("").join(_inline(renderer, one) for one in part.get("elements", []))
    if kind == "rich_text_preformatted":
        return Markup("<pre>{}</pre>").format(inner)
    if kind == "rich_text_quote":
        return Markup("<blockquote>{}</blockquote>").format(inner)
    return inner


def _inline(renderer: Renderer, element: Json) -> Markup:
    kind = element.get("type")
    text = str(element.get("text", ""))
    if kind == "link":
        target = str(element.get("url", ""))
        safe = target.lower().startswith(("http://", "https://"))
        made = Markup(link(target, text)) if safe else escape(text or target)  # noqa: S704 - link() escapes
    elif kind == "text":
        made = Markup("<br>").join(escape(line) for line in text.split("\n"))
    else:
        made = _reference(renderer, element)
    for name, tag in STYLES.items():
        if element.get("style", {}).get(name):
            made = Markup("<{}>{}</{}>").format(Markup(tag), made, Markup(tag))  # noqa: S704 - fixed words
    return made


def _reference(renderer: Renderer, element: Json) -> Markup:
    kind = element.get("type")
    if kind == "user":
        return Markup(renderer.person(str(element.get("user_id"))))  # noqa: S704 - person() escapes
    if kind == "channel":
        return Markup(renderer.channel(str(element.get("channel_id"))))  # noqa: S704 - channel() escapes
    if kind == "emoji":
        return escape(drawn(str(element.get("name", ""))))
    if kind == "broadcast":
        return renderer.mrkdwn(f"<!{element.get('range', 'here')}>")
    if kind == "usergroup":
        return renderer.mrkdwn(f"<!subteam^{element.get('usergroup_id', '')}>")
    if kind == "date":
        made = date(f"{element.get('timestamp', 0)}^{element.get('format', '{date}')}", str(element.get("fallback", "")))
        return Markup(made)  # noqa: S704 - date() escapes
    return escape(str(element.get("text", kind)))
