"""What still has to be said: rows written with the change they report, so that nothing said is lost or said twice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from app.domain.canonical import Json


class OutboxKind(StrEnum):
    """What to do in the chat. What a card shows is read when it is sent, so a late card is never an old card."""

    OPEN_ROOM = "open_room"
    CARD = "card"
    APPROVAL = "approval"
    NOTE = "note"
    ANSWER = "answer"
    ANNOUNCE = "announce"
    TOPIC = "topic"
    POSTMORTEM = "postmortem"
    WHISPER = "whisper"


class OutboxState(StrEnum):
    """`unknown` was sent without an answer: look for its operation id before sending again."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One thing to say. `id` is the operation id that marks the message itself. `lane` orders items: one lane is sent one
    item at a time (an incident's is `inc:<number>`). `room` is a chat channel id, empty for the incident's own room.
    `ref` names what to render (a proposal's id); `message_key` names the message that is edited if it exists already.
    """

    id: str
    lane: str
    kind: OutboxKind
    created_at: datetime
    incident: int | None = None
    room: str = ""
    ref: str = ""
    message_key: str = ""
    payload: Mapping[str, Json] = field(default_factory=dict)
    state: OutboxState = OutboxState.PENDING
    attempts: int = 0
    not_before: datetime | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class MessageRef:
    """Where a message stands: the chat channel's id and the message's timestamp id."""

    room: str
    ts: str
