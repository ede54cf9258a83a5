"""The few Block Kit shapes Sitrep uses, each within Slack's limits, and the limits of a whole message."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.adapters.slack.wording import written
from app.domain.canonical import Json
from app.domain.errors import Refused

MAX_BLOCKS = 45
MAX_CHARACTERS = 9000
SECTION = 2900

Block = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Rendered:
    """What Slack gets: `text` for notifications and screen readers, `blocks` for everyone else."""

    text: str
    blocks: list[Block]

    @property
    def size(self) -> int:
        """All characters people could see, as Slack's whole-message limit counts them."""
        return len(self.text) + sum(len(text) for block in self.blocks for text in _texts(block))


def finished(text: str, blocks: list[Block]) -> Rendered:
    """The message if it is within the house limits; raises Refused if it is not, rather than let Slack cut it."""
    rendered = Rendered(text, blocks)
    if len(blocks) > MAX_BLOCKS or rendered.size > MAX_CHARACTERS:
        raise Refused(
            f"This message is too long for Slack ({rendered.size} characters, {len(blocks)} blocks).",
            "Read it in the console or with `sitrep show`.",
        )
    return rendered


def header(text: str) -> Block:
    """A title of at most 150 characters; `text` is escaped already."""
    return {"type": "header", "text": {"type": "plain_text", "text": text, "emoji": False}}


def section(text: str) -> Block:
    """A paragraph. `verbatim` keeps Slack from turning plain words into links and mentions."""
    return {"type": "section", "text": _mrkdwn(text)}


def fields(pairs: list[tuple[str, str]]) -> Block:
    """Up to ten labelled values in two columns."""
    return {"type": "section", "fields": [_mrkdwn(f"*{label}*\n{value}") for label, value in pairs[:10]]}


def context(text: str) -> Block:
    """Small print."""
    return {"type": "context", "elements": [_mrkdwn(text)]}


def words(text: str) -> Block:
    """A paragraph of plain text in which nothing is formatted at all."""
    return {"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}}


def actions(*buttons: Block) -> Block:
    """A row of buttons."""
    return {"type": "actions", "elements": list(buttons)}


def button(action_id: str, text: str, value: str, style: str = "") -> Block:
    """One button; `text` says what it does and is at most 75 characters, escaped already."""
    shape: Block = {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": text, "emoji": False},
        "value": value,
    }
    return {**shape, "style": style} if style else shape


def paragraph(text: str) -> Block:
    """A paragraph written by code."""
    return section(written(text, SECTION))


def _mrkdwn(text: str) -> dict[str, Json]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "text" and isinstance(item, str):
                yield item
            else:
                yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
