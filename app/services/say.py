"""Puts what must be said into the outbox, in the same transaction as the change it reports."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from app.domain.canonical import Json, plain
from app.domain.incident import Incident
from app.domain.messages import Answer, Passage
from app.domain.outbox import OutboxItem, OutboxKind
from app.domain.work import Lane, Task
from app.ports.clock import Clock, Ids
from app.ports.store import Transaction


@dataclass(frozen=True, slots=True)
class Say:
    """Writes outbox items and returns the task that sends them."""

    ids: Ids
    clock: Clock

    def open_room(self, tx: Transaction, incident: Incident) -> Task:
        """Asks for the incident's channel; everything else of the incident waits behind it in the same lane."""
        return self._put(tx, OutboxKind.OPEN_ROOM, lane_of(incident.number), incident.number)

    def card(self, tx: Transaction, number: int) -> Task:
        """Draws the living card, or redraws it in place."""
        return self._put(tx, OutboxKind.CARD, lane_of(number), number, message_key=f"card:{number}")

    def topic(self, tx: Transaction, number: int) -> Task:
        """Sets the channel's topic."""
        return self._put(tx, OutboxKind.TOPIC, lane_of(number), number, message_key=f"topic:{number}")

    def approval(self, tx: Transaction, number: int, proposal: str) -> Task:
        """Draws a proposal's approval card, or redraws it in place."""
        return self._put(tx, OutboxKind.APPROVAL, lane_of(number), number, ref=proposal, message_key=f"approval:{proposal}")

    def note(
        self,
        tx: Transaction,
        number: int,
        text: str,
        *,
        thread: str = "",
        citations: tuple[str, ...] = (),
        alarming: bool = False,
    ) -> Task:
        """Says something in the incident's channel."""
        payload: dict[str, Json] = {"text": text, "thread": thread, "citations": list(citations), "alarming": alarming}
        return self._put(tx, OutboxKind.NOTE, lane_of(number), number, payload=payload)

    def announce(self, tx: Transaction, number: int) -> Task:
        """Tells the announcement channel that an incident opened."""
        return self._put(tx, OutboxKind.ANNOUNCE, lane_of(number), number, message_key=f"announce:{number}")

    def whisper(self, tx: Transaction, room: str, user: str, text: str) -> Task:
        """Answers one person where they are."""
        return self._put(tx, OutboxKind.WHISPER, f"room:{room}", None, room=room, payload={"user": user, "text": text})

    def answer(self, tx: Transaction, room: str, thread: str, answer: Answer) -> Task:
        """Answers a question in its thread."""
        body = plain(asdict(answer))
        return self._put(tx, OutboxKind.ANSWER, f"room:{room}", None, room=room, payload={"thread": thread, "answer": body})

    def whisper_answer(self, tx: Transaction, room: str, user: str, answer: Answer) -> Task:
        """Answers a question to one person only."""
        body = plain(asdict(answer))
        return self._put(tx, OutboxKind.WHISPER, f"room:{room}", None, room=room, payload={"user": user, "answer": body})

    def postmortem(self, tx: Transaction, number: int) -> Task:
        """Says that a draft is ready, with the metric's plot."""
        return self._put(tx, OutboxKind.POSTMORTEM, lane_of(number), number)

    def _put(
        self,
        tx: Transaction,
        kind: OutboxKind,
        lane: str,
        incident: int | None,
        *,
        room: str = "",
        ref: str = "",
        message_key: str = "",
        payload: Mapping[str, Json] | None = None,
    ) -> Task:
        item = OutboxItem(
            id=self.ids.new("msg"),
            lane=lane,
            kind=kind,
            created_at=self.clock.now(),
            incident=incident,
            room=room,
            ref=ref,
            message_key=message_key,
            payload=payload or {},
        )
        tx.outbox.put(item)
        return sending_of(lane, item.id)


def lane_of(number: int) -> str:
    """The lane in which everything about one incident is said, in order."""
    return f"inc:{number}"


def sending_of(lane: str, name: str) -> Task:
    """The task that empties a lane; `name` makes it unique."""
    return Task(f"send:{name}", Lane.SEND, "send", {"lane": lane})


def answer_from(body: Json) -> Answer:
    """The answer that `Say.answer` wrote."""
    if not isinstance(body, dict):
        msg = "an answer is stored as an object"
        raise TypeError(msg)
    passages = body["passages"]
    sentences = body["sentences"]
    if not isinstance(passages, list) or not isinstance(sentences, list):
        msg = "an answer holds lists"
        raise TypeError(msg)
    return Answer(
        question=str(body["question"]),
        sentences=tuple(str(sentence) for sentence in sentences),
        passages=tuple(_passage_from(item) for item in passages),
        tier=str(body["tier"]),
        is_confident=bool(body["is_confident"]),
    )


def _passage_from(item: Json) -> Passage:
    if not isinstance(item, dict):
        msg = "a passage is stored as an object"
        raise TypeError(msg)
    score = item["score"]
    return Passage(
        id=str(item["id"]),
        kind=str(item["kind"]),
        title=str(item["title"]),
        text=str(item["text"]),
        score=float(score) if isinstance(score, int | float) else 0.0,
        heading=str(item["heading"]),
        link=str(item["link"]),
    )
