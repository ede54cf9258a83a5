"""Draws every message Sitrep can say as Slack blocks."""

from datetime import datetime
from typing import assert_never

from app.adapters.slack import answer, approval, card, help, note, postmortem  # noqa: A004 - the file is named like the command
from app.adapters.slack.blocks import Rendered
from app.domain.messages import Answer, ApprovalCard, CommandHelp, IncidentCard, Message, Note, PostmortemNotice

__all__ = ["Rendered", "render"]


def render(message: Message, now: datetime, link_hosts: frozenset[str] = frozenset()) -> Rendered:
    """The message at `now` (aware UTC). `link_hosts` (`host` or `host:port`) are the only places outside text may link to.

    Raises Refused if an approval cannot be shown in full.
    """
    match message:
        case IncidentCard():
            return card.draw(message, now, link_hosts)
        case ApprovalCard():
            return approval.draw(message, now)
        case Note():
            return note.draw(message)
        case Answer():
            return answer.draw(message, link_hosts)
        case PostmortemNotice():
            return postmortem.draw(message)
        case CommandHelp():
            return help.draw(message)
    assert_never(message)
