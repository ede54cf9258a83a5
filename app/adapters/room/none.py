"""No chat: whoever asks is told so, and goes on with what was verified before."""

from collections.abc import Sequence

from app.domain.errors import Unavailable
from app.domain.messages import Message, Picture
from app.domain.outbox import MessageRef
from app.domain.person import Person


class NoRoom:
    """Implements the room port where no chat is connected: every call raises Unavailable."""

    def open(self, name: str, topic: str, invite: Sequence[str], op_id: str, *, is_private: bool = False) -> str:
        """Raises Unavailable."""
        raise nothing_here()

    def post(self, room: str, message: Message, op_id: str, thread: str = "") -> MessageRef:
        """Raises Unavailable."""
        raise nothing_here()

    def edit(self, ref: MessageRef, message: Message) -> None:
        """Raises Unavailable."""
        raise nothing_here()

    def whisper(self, room: str, user: str, message: Message) -> None:
        """Raises Unavailable."""
        raise nothing_here()

    def find(self, room: str, op_id: str) -> MessageRef | None:
        """Raises Unavailable."""
        raise nothing_here()

    def pin(self, ref: MessageRef) -> None:
        """Raises Unavailable."""
        raise nothing_here()

    def set_topic(self, room: str, topic: str) -> None:
        """Raises Unavailable."""
        raise nothing_here()

    def upload(self, room: str, picture: Picture, thread: str = "") -> None:
        """Raises Unavailable."""
        raise nothing_here()

    def person(self, user: str) -> Person:
        """Raises Unavailable."""
        raise nothing_here()

    def channel_named(self, name: str) -> str | None:
        """Raises Unavailable."""
        raise nothing_here()


def nothing_here() -> Unavailable:
    """The one answer."""
    return Unavailable("No chat is connected here.", "The running Sitrep says it in the channel.")
