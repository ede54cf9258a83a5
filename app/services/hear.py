"""Understands what people do in the chat: commands, clicks, mentions, modals and messages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.domain.canonical import Json
from app.domain.errors import NotFound, SitrepError
from app.domain.person import Person
from app.domain.severity import Severity
from app.domain.timeline import EntryKind
from app.domain.work import Task
from app.ports.clock import Clock
from app.ports.room import Room
from app.ports.store import Store
from app.services.answer import AnswerQuestion
from app.services.command import Command
from app.services.commands import Commands, apologise
from app.services.say import Say

Payload = Mapping[str, Json]

_BUTTONS = {
    "approve": "approve",
    "deny": "deny",
    "undo": "undo",
    "confirm_done": "confirm",
    "confirm_failed": "confirm",
    "take_lead": "lead",
    "similar": "similar",
    "runbooks": "runbook",
    "resolve": "resolve",
}
_ABOUT_A_PROPOSAL: Mapping[str, str] = {
    "approve": "",
    "deny": "",
    "undo": "",
    "confirm_done": " done",
    "confirm_failed": " failed",
}


@dataclass(frozen=True, slots=True)
class Hear:
    """Turns one delivery from the chat into a command or a question; whoever spoke always gets an answer."""

    store: Store
    room: Room
    commands: Commands
    answer: AnswerQuestion
    clock: Clock
    say: Say

    def __call__(self, source: str, payload: Payload) -> list[Task]:
        """What happens next."""
        ways: Mapping[str, Callable[[Payload], list[Task]]] = {
            "slack.command": self._command,
            "slack.click": self._click,
            "slack.mention": self._mention,
            "slack.message": self._message,
            "slack.submit": self._submit,
        }
        way = ways.get(source)
        return way(payload) if way else []

    def _command(self, payload: Payload) -> list[Task]:
        verb, _, rest = _text(payload, "text").strip().partition(" ")
        return self._obey(payload, verb.lower() or "help", rest.strip(), "command")

    def _click(self, payload: Payload) -> list[Task]:
        action = _text(payload, "action_id")
        verb = _BUTTONS.get(action)
        if verb is None:
            return []
        value = _text(payload, "value")
        rest = f"{value}{_ABOUT_A_PROPOSAL[action]}" if action in _ABOUT_A_PROPOSAL else f"#{value}"
        return self._obey(payload, verb, rest, "button")

    def _submit(self, payload: Payload) -> list[Task]:
        values = payload.get("values")
        if _text(payload, "callback_id") != "declare" or not isinstance(values, dict):
            return []
        user, service = _text(payload, "user"), str(values.get("service") or "") or None
        try:
            severity = Severity.parse(str(values.get("severity") or "3"))
            return self.commands.update.declare(str(values.get("title", "")), self._person(user), severity, service)[1]
        except SitrepError as problem:
            # A form has no channel; the person's own conversation with Sitrep is where they read it.
            with self.store.begin() as tx:
                return [self.say.whisper(tx, user, user, apologise(problem))]

    def _mention(self, payload: Payload) -> list[Task]:
        text = _text(payload, "text").strip()
        verb, _, rest = text.partition(" ")
        if verb.lower() in self.commands.table() and not text.endswith("?"):
            return self._obey(payload, verb.lower(), rest.strip(), "mention")
        room, thread = _text(payload, "room"), _text(payload, "thread") or _text(payload, "ts")
        with self.store.begin() as tx:
            incident = tx.incidents.in_room(room)
        answer = self.answer(text or "What is happening?", incident.number if incident else None)
        with self.store.begin() as tx:
            return [self.say.answer(tx, room, thread, answer)]

    def _message(self, payload: Payload) -> list[Task]:
        """People's words in an incident's channel are kept in its timeline, edits and deletions included."""
        with self.store.begin() as tx:
            incident = tx.incidents.in_room(_text(payload, "room"))
            if incident is None:
                return []
            user, change = _text(payload, "user"), _text(payload, "change")
            verb = {"": "says", "changed": "edits", "deleted": "deletes a message"}.get(change, "says")
            text = f"<@{user}> {verb}: {_text(payload, 'text')[:500]}" if change != "deleted" else f"<@{user}> {verb}"
            tx.timeline.append(incident.number, EntryKind.MESSAGE, text, user, self.clock.now(), {"ts": _text(payload, "ts")})
        return []

    def _obey(self, payload: Payload, verb: str, rest: str, via: str) -> list[Task]:
        user, room = _text(payload, "user"), _text(payload, "room")
        try:
            reply, tasks = self.commands(Command(self._person(user), room, verb, rest, via))
        except SitrepError as problem:
            reply, tasks = apologise(problem), []
        if reply:
            with self.store.begin() as tx:
                tasks = [*tasks, self.say.whisper(tx, room, user, reply)]
        return tasks

    def _person(self, user: str) -> Person:
        try:
            return self.room.person(user)
        except NotFound:
            return Person(user, is_external=True)


def _text(payload: Payload, key: str) -> str:
    value = payload.get(key, "")
    return value if isinstance(value, str) else ""
