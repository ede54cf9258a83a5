"""Says what waits in the outbox: one lane at a time, in order, never twice."""

import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from app.domain.errors import BadInput, Conflict, NotFound, OutcomeUnknown, Refused, RoomBusy, Unavailable
from app.domain.incident import Incident
from app.domain.inventory import Inventory
from app.domain.messages import Message, Note, Picture
from app.domain.outbox import MessageRef, OutboxItem, OutboxKind, OutboxState
from app.domain.wording import slug
from app.domain.work import Task
from app.ports.clock import Clock
from app.ports.room import Room
from app.ports.store import Store
from app.services.compose import Compose, topic_of
from app.services.say import answer_from

RETRY_AFTER = (1.0, 2.0, 5.0, 15.0, 60.0)
MAX_ATTEMPTS = 50
GIVE_UP_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Send:
    """Empties a lane. What a card shows is read at the moment it is sent."""

    store: Store
    room: Room
    inventory: Inventory
    clock: Clock
    compose: Compose
    announce_in: str = "incidents"
    locks: defaultdict[str, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))
    in_hand: set[str] = field(default_factory=set)

    def __call__(self, lane: str) -> list[Task]:
        """Sends until the lane is empty or has to wait; a waiting lane is taken up again by the sweep."""
        with self.locks[lane]:
            while True:
                with self.store.begin() as tx:
                    item = tx.outbox.claim(lane, self.clock.now())
                if item is None or not self._take(item):
                    return []

    def keep(self) -> None:
        """Renews the lease of whatever is being sent now; called about once a second."""
        held = self.in_hand.copy()
        if held:
            with self.store.begin() as tx:
                tx.outbox.renew(held, self.clock.now())

    def _take(self, item: OutboxItem) -> bool:
        self.in_hand.add(item.id)
        try:
            return self._deliver(item)
        except Conflict as problem:
            # Something changed in between: look for the message first. Who has lost the item to another replica leaves it.
            with contextlib.suppress(Conflict):
                self._settle(item, OutboxState.UNKNOWN, problem.message, RETRY_AFTER[0])
            return False
        finally:
            self.in_hand.discard(item.id)

    def _deliver(self, item: OutboxItem) -> bool:
        """True when the lane may go on with its next item."""
        if item.attempts > MAX_ATTEMPTS and item.state is OutboxState.UNKNOWN:
            self._settle(item, OutboxState.FAILED, f"Given up after {MAX_ATTEMPTS} attempts. {item.error}".strip())
            return True
        try:
            self._say(item)
        except RoomBusy as wait:
            self._settle(item, OutboxState.PENDING, wait.message, wait.retry_after)
            return False
        except OutcomeUnknown as problem:
            self._settle(item, OutboxState.UNKNOWN, problem.message, RETRY_AFTER[min(item.attempts, 4)])
            return False
        except Unavailable as problem:
            is_old = self.clock.now() - item.created_at > GIVE_UP_AFTER
            state = OutboxState.FAILED if is_old else OutboxState.PENDING
            self._settle(item, state, problem.message, RETRY_AFTER[min(item.attempts, 4)])
            return False
        except (Refused, NotFound, BadInput) as refusal:
            self._settle(item, OutboxState.FAILED, str(refusal))
            return True
        self._settle(item, OutboxState.SENT)
        return True

    def _settle(self, item: OutboxItem, state: OutboxState, error: str = "", wait: float = 0.0) -> None:
        now = self.clock.now()
        with self.store.begin() as tx:
            tx.outbox.settle(item.id, state, now, error, now + timedelta(seconds=wait) if wait else None)

    def _say(self, item: OutboxItem) -> None:
        ways: dict[OutboxKind, Callable[[OutboxItem], None]] = {
            OutboxKind.OPEN_ROOM: self._open_room,
            OutboxKind.CARD: self._card,
            OutboxKind.APPROVAL: self._approval,
            OutboxKind.NOTE: self._note,
            OutboxKind.ANSWER: self._answer,
            OutboxKind.ANNOUNCE: self._announce,
            OutboxKind.TOPIC: self._topic,
            OutboxKind.POSTMORTEM: self._postmortem,
            OutboxKind.WHISPER: self._whisper,
        }
        ways[item.kind](item)

    def _open_room(self, item: OutboxItem) -> None:
        incident = self._incident(item)
        if incident.room:
            return
        name = f"inc-{incident.number}-{slug(incident.title)}"
        room = self.room.open(name, topic_of(incident), self._invited(incident), item.id, is_private=incident.is_private)
        with self.store.begin() as tx:
            tx.incidents.save(replace(tx.incidents.get(incident.number), room=room))

    def _invited(self, incident: Incident) -> tuple[str, ...]:
        """Owners, responders and whoever declared it; to a private one nobody but those who are in it already."""
        service = self.inventory.services.get(incident.service or "")
        everybody = () if incident.is_private else (*(service.owners if service else ()), *self.inventory.responders)
        people = [user for user in (incident.declared_by, incident.lead or "") if user.startswith(("U", "W"))]
        return tuple(dict.fromkeys([*everybody, *people]))

    def _card(self, item: OutboxItem) -> None:
        incident = self._incident(item)
        ref = self._post_or_edit(item, self._room_of(incident), self.compose.card(incident.number))
        if ref is not None:
            self.room.pin(ref)

    def _approval(self, item: OutboxItem) -> None:
        incident = self._incident(item)
        self._post_or_edit(item, self._room_of(incident), self.compose.approval(item.ref))

    def _announce(self, item: OutboxItem) -> None:
        incident = self._incident(item)
        room = None if incident.is_private else self.room.channel_named(self.announce_in)
        if room is not None:
            self._post_or_edit(item, room, self.compose.announcement(incident.number))

    def _note(self, item: OutboxItem) -> None:
        citations = item.payload.get("citations")
        note = Note(
            str(item.payload["text"]),
            citations=tuple(str(one) for one in citations) if isinstance(citations, list) else (),
            is_alarming=bool(item.payload.get("alarming")),
        )
        self._post_once(item, self._room_of(self._incident(item)), note, str(item.payload.get("thread", "")))

    def _answer(self, item: OutboxItem) -> None:
        self._post_once(item, item.room, answer_from(item.payload["answer"]), str(item.payload.get("thread", "")))

    def _topic(self, item: OutboxItem) -> None:
        incident = self._incident(item)
        self.room.set_topic(self._room_of(incident), topic_of(incident))

    def _postmortem(self, item: OutboxItem) -> None:
        incident = self._incident(item)
        room = self._room_of(incident)
        notice, picture = self.compose.postmortem(incident.number)
        self._post_once(item, room, notice)
        if picture is not None:
            self.room.upload(room, Picture(picture, f"{incident.name}: the worst metric", "The worst metric over the incident"))

    def _whisper(self, item: OutboxItem) -> None:
        answer = item.payload.get("answer")
        message: Message = answer_from(answer) if answer else Note(str(item.payload["text"]))
        self.room.whisper(item.room, str(item.payload["user"]), message)

    def _post_or_edit(self, item: OutboxItem, room: str, message: Message) -> MessageRef | None:
        """Edits the message with this key, or posts it and returns where; after an unknown outcome looks for it first."""
        with self.store.begin() as tx:
            ref = tx.outbox.message(item.message_key)
        if ref is not None:
            self.room.edit(ref, message)
            return None
        posted = self._post_once(item, room, message)
        with self.store.begin() as tx:
            tx.outbox.remember_message(item.message_key, posted)
        return posted

    def _post_once(self, item: OutboxItem, room: str, message: Message, thread: str = "") -> MessageRef:
        if item.state is OutboxState.UNKNOWN:
            arrived = self.room.find(room, item.id)
            if arrived is not None:
                return arrived
        with self.store.begin() as tx:
            if not tx.outbox.renew((item.id,), self.clock.now()):
                raise Conflict("Another replica sends this message.", "It looks for it first.")
        return self.room.post(room, message, item.id, thread)

    def _incident(self, item: OutboxItem) -> Incident:
        if item.incident is None:
            raise Refused("This message belongs to no incident.", "It is dropped.")
        with self.store.begin() as tx:
            return tx.incidents.get(item.incident)

    def _room_of(self, incident: Incident) -> str:
        if not incident.room:
            raise Unavailable(f"{incident.name} has no channel yet.", "Sitrep opens it as soon as the chat answers.")
        return incident.room
