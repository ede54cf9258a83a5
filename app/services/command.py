"""One request by a person, and the incident it is about."""

import re
from dataclasses import dataclass

from app.domain.errors import BadInput, NotFound
from app.domain.incident import Incident
from app.domain.person import Person
from app.domain.work import Task
from app.ports.store import Store

Reply = tuple[str, list[Task]]


@dataclass(frozen=True, slots=True)
class Command:
    """One request by a person: who (as the chat vouches), where, the verb and the rest of the line."""

    person: Person
    room: str
    verb: str
    rest: str
    via: str = "command"


def incident_of(store: Store, command: Command) -> tuple[Incident, str]:
    """The incident meant: the one named first in the text, the channel's own, or the only open one."""
    named = re.match(r"(?:#|inc-)?(\d+)\b\s*", command.rest, re.IGNORECASE)
    is_number_meant = named is not None and (command.rest[:1] == "#" or command.rest[:4].lower() == "inc-")
    with store.begin() as tx:
        if named is not None and is_number_meant:
            meant = tx.incidents.get(int(named.group(1))).shown_to(command.person.id, command.room)
            return meant, command.rest[named.end() :]
        here = tx.incidents.in_room(command.room)
        if here is not None:
            return here, command.rest.strip()
        ones = [item for item in tx.incidents.open_ones() if item.may_be_seen(command.person.id, command.room)]
    if len(ones) == 1:
        return ones[0], command.rest.strip()
    if not ones:
        raise NotFound("No incident is open.", "Open one with `/inc declare TITLE`.")
    names = ", ".join(f"#{item.number} ({item.title[:40]})" for item in ones[:5])
    raise BadInput("Which incident?", f"Say it in its channel, or name it first: {names}.")
