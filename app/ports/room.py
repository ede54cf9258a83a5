"""The chat, as the services see it. Calls are synchronous and made by the send lane only."""

from collections.abc import Sequence
from typing import Protocol

from app.domain.messages import Message, Picture
from app.domain.outbox import MessageRef
from app.domain.person import Person


class Room(Protocol):
    """Raises RoomBusy (wait), Unavailable (chat down), OutcomeUnknown (sent, no answer) or Refused (final) where it fails.

    `op_id` marks a message so that `find` can tell whether an unknown call arrived.
    """

    def open(self, name: str, topic: str, invite: Sequence[str], op_id: str, *, is_private: bool = False) -> str:
        """Creates (or finds, if this op already made it) the channel and returns its id. A taken name gets a suffix.

        Only those invited, and those they invite, can see a private channel.
        """
        ...

    def post(self, room: str, message: Message, op_id: str, thread: str = "") -> MessageRef:
        """Posts one message, never twice for one call."""
        ...

    def edit(self, ref: MessageRef, message: Message) -> None:
        """Redraws a message in place."""
        ...

    def whisper(self, room: str, user: str, message: Message) -> None:
        """Shows a message to one person only."""
        ...

    def find(self, room: str, op_id: str) -> MessageRef | None:
        """The message that carries this operation id, if it arrived."""
        ...

    def pin(self, ref: MessageRef) -> None:
        """Pins a message; already pinned is fine."""
        ...

    def set_topic(self, room: str, topic: str) -> None:
        """Sets the channel's topic."""
        ...

    def upload(self, room: str, picture: Picture, thread: str = "") -> None:
        """Shows a picture in the channel."""
        ...

    def person(self, user: str) -> Person:
        """Who this is, asked of the chat itself; raises NotFound."""
        ...

    def channel_named(self, name: str) -> str | None:
        """The id of a channel, such as the announcement channel."""
        ...
