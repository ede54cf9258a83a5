"""The list of commands."""

from app.adapters.slack.blocks import Rendered, finished, header, section
from app.adapters.slack.wording import escaped, plain
from app.domain.messages import CommandHelp

_CHUNK = 2800
_MOST = 60


def draw(message: CommandHelp) -> Rendered:
    """Each command in monospace with one line on what it does; at most 60 of them."""
    lines = [_line(usage, meaning) for usage, meaning in message.commands[:_MOST]]
    name = plain(message.title, 150) or "Commands"
    chunks = [""]
    for line in lines:
        if len(chunks[-1]) + len(line) >= _CHUNK:
            chunks.append("")
        chunks[-1] += f"\n{line}" if chunks[-1] else line
    body = [section(chunk or "No commands are set up.") for chunk in chunks[:3]]
    return finished(name, [header(name), *body])


def _line(usage: str, meaning: str) -> str:
    return f"`{escaped(usage.replace('`', ''), 80) or '-'}`  {plain(meaning, 120)}"
