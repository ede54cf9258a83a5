"""Plain words from Sitrep, with what somebody else said kept apart as a quotation."""

from app.adapters.slack.blocks import Rendered, context, finished, section
from app.adapters.slack.wording import cited, quoted, written
from app.domain.messages import Note


def draw(note: Note) -> Rendered:
    """A note; only mentions that stand in `text` are active."""
    alarm = "🔺 *Needs attention.* " if note.is_alarming else ""
    text = written(note.text, 2800).strip() or "(nothing to say)"
    blocks = [section(alarm + text)]
    if note.quoted.strip():
        blocks.append(section(quoted(note.quoted, 2400)))
    if note.citations:
        blocks.append(context("Evidence:" + cited(note.citations)))
    return finished(alarm + text, blocks)
