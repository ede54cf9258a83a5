"""A chat in memory: channels, messages with their operation ids, and failures on demand."""

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from app.domain.errors import NotFound, OutcomeUnknown, Refused, RoomBusy, SitrepError, Unavailable
from app.domain.messages import Message, Note, Picture
from app.domain.outbox import MessageRef
from app.domain.person import Person

ALICE, BOB, GUEST = "U0ALICE01", "U0BOB0001", "U0GITA001"
PEOPLE = {
    ALICE: Person(ALICE, "alice"),
    BOB: Person(BOB, "bob"),
    GUEST: Person(GUEST, "gita", is_guest=True),
}


@dataclass(frozen=True, slots=True)
class Posted:
    """One message as it stands."""

    ts: str
    message: Message
    op_id: str = ""
    thread: str = ""
    only_for: str = ""


@dataclass
class Channel:
    """One channel as it stands."""

    id: str
    name: str
    topic: str = ""
    op_id: str = ""
    is_private: bool = False
    members: set[str] = field(default_factory=set)
    messages: list[Posted] = field(default_factory=list)
    pins: set[str] = field(default_factory=set)
    pictures: list[Picture] = field(default_factory=list)


class FakeRoom:
    """Implements the room port. `fail_next` makes the next call of a method go wrong; `calls` names every call in order."""

    def __init__(self) -> None:
        self.channels: dict[str, Channel] = {"C0INCIDENT": Channel("C0INCIDENT", "incidents")}
        self.calls: list[str] = []
        self._failures: deque[tuple[str, str]] = deque()
        self._numbers = itertools.count(1)

    def fail_next(self, method: str, kind: str) -> None:
        """`busy`, `down`, `refused`, `lost` (done, and no answer) or `never` (not done, and no answer)."""
        self._failures.append((method, kind))

    def named(self, name: str) -> Channel:
        """A channel by name."""
        return next(channel for channel in self.channels.values() if channel.name == name)

    def open(self, name: str, topic: str, invite: Sequence[str], op_id: str, *, is_private: bool = False) -> str:
        """Creates the channel, or finds the one this operation made."""
        lost = self._begin("open")
        for number in itertools.count(1):
            wanted = name if number == 1 else f"{name}-{number}"
            found = next((item for item in self.channels.values() if item.name == wanted), None)
            if found is None:
                found = Channel(f"C{next(self._numbers):08d}", wanted, topic, op_id, is_private)
                self.channels[found.id] = found
            if found.op_id == op_id:
                found.members |= {user for user in invite if user in PEOPLE}
                self._end(lost)
                return found.id
        raise AssertionError

    def post(self, room: str, message: Message, op_id: str, thread: str = "") -> MessageRef:
        """Posts one message."""
        lost = self._begin("post")
        posted = self._put(room, Posted(self._stamp(), message, op_id, thread))
        self._end(lost)
        return posted

    def edit(self, ref: MessageRef, message: Message) -> None:
        """Redraws it in place."""
        self._begin("edit")
        messages = self._channel(ref.room).messages
        at = next((index for index, item in enumerate(messages) if item.ts == ref.ts), None)
        if at is None:
            raise Refused("The message was deleted.", "A new one is posted with the next change.")
        messages[at] = replace(messages[at], message=message)

    def whisper(self, room: str, user: str, message: Message) -> None:
        """Shows it to one person."""
        lost = self._begin("whisper")
        self._put(room, Posted(self._stamp(), message, only_for=user))
        self._end(lost)

    def find(self, room: str, op_id: str) -> MessageRef | None:
        """The message that carries this operation id."""
        self._begin("find")
        return next((MessageRef(room, item.ts) for item in self._channel(room).messages if item.op_id == op_id), None)

    def pin(self, ref: MessageRef) -> None:
        """Pins it."""
        self._begin("pin")
        self._channel(ref.room).pins.add(ref.ts)

    def set_topic(self, room: str, topic: str) -> None:
        """Sets the topic."""
        self._begin("set_topic")
        self._channel(room).topic = topic

    def upload(self, room: str, picture: Picture, thread: str = "") -> None:
        """Keeps the picture."""
        lost = self._begin("upload")
        self._channel(room).pictures.append(picture)
        self._end(lost)

    def person(self, user: str) -> Person:
        """One of PEOPLE."""
        self._begin("person")
        if user not in PEOPLE:
            raise NotFound("Slack does not know this person.", "Check the user id.")
        return PEOPLE[user]

    def channel_named(self, name: str) -> str | None:
        """Its id."""
        self._begin("channel_named")
        return next((item.id for item in self.channels.values() if item.name == name.removeprefix("#")), None)

    def texts(self, room: str, user: str = "") -> list[str]:
        """The notes in a channel, oldest first; with a person, as they see it."""
        channel = self._channel(room)
        if user and channel.is_private and user not in channel.members:
            return []
        return [item.message.text for item in channel.messages if isinstance(item.message, Note) and item.only_for in {"", user}]

    def _begin(self, method: str) -> bool:
        """Raises what was asked for; True when the call shall be done and its answer lost."""
        self.calls.append(method)
        if not self._failures or self._failures[0][0] != method:
            return False
        kind = self._failures.popleft()[1]
        errors: dict[str, SitrepError] = {
            "busy": RoomBusy("Slack asks us to slow down.", 7.0),
            "down": Unavailable("Slack cannot be reached.", "Sitrep tries again."),
            "refused": Refused("The channel is archived.", "Unarchive it."),
            "never": OutcomeUnknown("The answer never came.", "Sitrep looks for it."),
        }
        if kind == "lost":
            return True
        raise errors[kind]

    def _end(self, lost: bool) -> None:
        if lost:
            raise OutcomeUnknown("The answer never came.", "Sitrep looks for it.")

    def _put(self, room: str, posted: Posted) -> MessageRef:
        self._channel(room).messages.append(posted)
        return MessageRef(room, posted.ts)

    def _channel(self, room: str) -> Channel:
        if room not in self.channels:
            raise Refused("Slack does not know this channel, or Sitrep may not see it.", "Invite Sitrep.")
        return self.channels[room]

    def _stamp(self) -> str:
        return f"1700000000.{next(self._numbers):06d}"
