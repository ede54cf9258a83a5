"""Finds, opens and names Slack channels, so that one incident never gets two rooms."""

import re
import threading
from collections.abc import Callable, Sequence

import structlog

from app.adapters.slack.failures import CALL_ERRORS, error_code, explain
from app.adapters.slack.wire import Wire, inner, objects, text
from app.adapters.slack.wording import visible
from app.domain.canonical import Json
from app.domain.errors import NotFound, Refused, SitrepError

log = structlog.get_logger(__name__)

_LONGEST_NAME, _LONGEST_TOPIC, _INVITED_AT_ONCE, _TRIES = 80, 250, 30, 20
_HARMLESS_INVITES = frozenset({"already_in_channel", "cant_invite_self"})
_FRESH_S, _NOT_AGAIN_S = 300.0, 30.0


class Channels:
    """The workspace's channels. The list is kept for 5 minutes and read again at most every 30 s for an unknown name."""

    def __init__(self, wire: Wire, monotonic: Callable[[], float], own_user: Callable[[], str]) -> None:
        self._wire = wire
        self._monotonic = monotonic
        self._own_user = own_user
        self._lock = threading.Lock()
        self._by_name: dict[str, dict[str, Json]] = {}
        self._read_at: float | None = None

    def open(self, name: str, topic: str, invite: Sequence[str], op_id: str, *, is_private: bool = False) -> str:
        """The id of the channel this operation made, now or earlier, with people invited and the topic set."""
        room = self._create(channel_name(name), op_id, is_private=is_private)
        self._invite(room, invite)
        self.set_topic(room, topic)
        return room

    def named(self, name: str) -> str | None:
        """The id of a channel people call `name` (with or without #)."""
        wanted = name.removeprefix("#").lower()
        with self._lock:
            age = None if self._read_at is None else self._monotonic() - self._read_at
            stale = age is None or age > _FRESH_S or (wanted not in self._by_name and age > _NOT_AGAIN_S)
            if stale:
                self._read_all()
            return text(inner(self._by_name.get(wanted), "id")) or None

    def set_topic(self, room: str, topic: str) -> None:
        """Sets the topic, cut to 250 characters; it is written for people and never read back."""
        words = visible(" ".join(topic.split()))[:_LONGEST_TOPIC]
        self._wire.call("conversations.setTopic", {"channel": room, "topic": words}, repeatable=True)

    def join(self, room: str) -> None:
        """Joins a public channel."""
        self._wire.call("conversations.join", {"channel": room}, repeatable=True)

    def _create(self, name: str, op_id: str, *, is_private: bool) -> str:
        for number in range(1, _TRIES + 1):
            candidate = name if number == 1 else f"{name[: _LONGEST_NAME - 3]}-{number}"
            try:
                made = self._wire.attempt("conversations.create", {"name": candidate, "is_private": is_private})
            except CALL_ERRORS as problem:
                if error_code(problem) != "name_taken":
                    raise explain("conversations.create", problem, repeatable=False) from problem
                ours = self._ours(candidate, op_id, is_private=is_private)
                if ours:
                    return ours
                continue
            room = text(inner(made, "channel", "id"))
            self._mark(room, op_id)
            with self._lock:
                self._by_name[candidate] = {"id": room, "name": candidate}
            return room
        raise Refused(f"Twenty channels named like #{name} exist already.", "Archive or rename old incident channels.")

    def _ours(self, name: str, op_id: str, *, is_private: bool) -> str:
        """The existing channel's id if this operation made it. One that Sitrep made but could not mark any more is claimed."""
        with self._lock:
            self._read_all()
            found = self._by_name.get(name)
        if found is None or found.get("is_archived") or found.get("creator") != self._own_user():
            return ""
        if bool(found.get("is_private")) is not is_private:
            return ""
        purpose = text(inner(found, "purpose", "value"))
        room = text(found.get("id"))
        if purpose == _purpose(op_id):
            return room
        if purpose:
            return ""
        self._mark(room, op_id)
        return room

    def _mark(self, room: str, op_id: str) -> None:
        self._wire.call("conversations.setPurpose", {"channel": room, "purpose": _purpose(op_id)}, repeatable=True)

    def _invite(self, room: str, people: Sequence[str]) -> None:
        wanted = [person for person in dict.fromkeys(people) if person]
        for start in range(0, len(wanted), _INVITED_AT_ONCE):
            batch = wanted[start : start + _INVITED_AT_ONCE]
            if not self._invited(room, batch) and len(batch) > 1:
                # One person Slack does not accept refuses the whole batch; the others still have to come.
                for person in batch:
                    self._invited(room, [person])

    def _invited(self, room: str, batch: Sequence[str]) -> bool:
        try:
            self._wire.attempt("conversations.invite", {"channel": room, "users": ",".join(batch)})
        except CALL_ERRORS as problem:
            error: SitrepError = explain("conversations.invite", problem, repeatable=True)
            if error_code(problem) in _HARMLESS_INVITES:
                return len(batch) == 1
            if not isinstance(error, Refused | NotFound):
                raise error from problem
            log.warning("slack.invite_refused", room=room, people=len(batch), error=error_code(problem))
            return False
        return True

    def _read_all(self) -> None:
        names: dict[str, dict[str, Json]] = {}
        cursor = ""
        for _ in range(50):
            page = self._wire.read(
                "conversations.list", {"types": "public_channel,private_channel", "limit": 200, "cursor": cursor}
            )
            names.update({text(item.get("name")): item for item in objects(page.get("channels"))})
            cursor = text(inner(page, "response_metadata", "next_cursor"))
            if not cursor:
                break
        self._by_name = names
        self._read_at = self._monotonic()


def channel_name(wanted: str) -> str:
    """A name Slack accepts: lower case, letters, digits and hyphens, at most 80; raises Refused if nothing is left."""
    name = re.sub(r"[^a-z0-9]+", "-", wanted.lower()).strip("-")[:_LONGEST_NAME].rstrip("-")
    if not name:
        raise Refused(f"'{visible(wanted)}' is no channel name.", "Use letters and digits.")
    return name


def _purpose(op_id: str) -> str:
    return f"Incident room opened by Sitrep ({op_id})"
