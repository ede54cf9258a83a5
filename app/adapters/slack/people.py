"""Who somebody is, asked of Slack itself and remembered for one minute."""

import threading
from collections.abc import Callable

from app.adapters.slack.wire import Wire, inner, text
from app.domain.canonical import Json
from app.domain.person import Person

_FRESH_S = 60.0
_MOST = 2000


class People:
    """Looks people up; approvals rest on what it says, so it never guesses and never answers from an old memory."""

    def __init__(self, wire: Wire, monotonic: Callable[[], float]) -> None:
        self._wire = wire
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[float, Person]] = {}
        self._own: tuple[str, str] | None = None

    def person(self, user: str) -> Person:
        """The person; raises NotFound, RoomBusy or Unavailable."""
        now = self._monotonic()
        with self._lock:
            known = self._seen.get(user)
        if known is not None and now - known[0] < _FRESH_S:
            return known[1]
        answer = self._wire.read("users.info", {"user": user})
        found = self._from(user, inner(answer, "user"))
        with self._lock:
            if len(self._seen) >= _MOST:
                self._seen.clear()
            self._seen[user] = (now, found)
        return found

    def own_user(self) -> str:
        """Sitrep's own user id."""
        return self._self()[1]

    def _from(self, user: str, record: Json) -> Person:
        team = text(inner(record, "team_id"))
        name = (
            text(inner(record, "profile", "display_name"))
            or text(inner(record, "profile", "real_name"))
            or text(inner(record, "real_name"))
            or text(inner(record, "name"))
        )
        return Person(
            id=user,
            name=name,
            is_bot=bool(inner(record, "is_bot")) or user == "USLACKBOT" or bool(inner(record, "is_workflow_bot")),
            is_guest=bool(inner(record, "is_restricted")) or bool(inner(record, "is_ultra_restricted")),
            is_external=bool(inner(record, "is_stranger")) or team != self._self()[0],
            is_deactivated=bool(inner(record, "deleted")),
        )

    def _self(self) -> tuple[str, str]:
        if self._own is None:
            answer = self._wire.read("auth.test", {})
            self._own = (text(answer.get("team_id")), text(answer.get("user_id")))
        return self._own
