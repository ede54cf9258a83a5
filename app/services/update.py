"""What people do to an incident: declare, status, severity, lead, notes, resolve; each lands in the timeline."""

from dataclasses import dataclass, replace

from app.domain.errors import BadInput, Refused
from app.domain.evidence import Evidence, EvidenceKind
from app.domain.incident import Incident, Status
from app.domain.person import Person
from app.domain.severity import Severity
from app.domain.timeline import EntryKind
from app.domain.work import Lane, Task
from app.ports.clock import Clock
from app.ports.store import Store, Transaction
from app.services.say import Say


@dataclass(frozen=True, slots=True)
class Update:
    """Changes by people. Guests, bots and outsiders change nothing."""

    store: Store
    clock: Clock
    say: Say

    def declare(
        self,
        title: str,
        person: Person,
        severity: Severity = Severity.SEV3,
        service: str | None = None,
        *,
        is_private: bool = False,
    ) -> tuple[str, list[Task]]:
        """Opens an incident by hand. Of a private one only those in its channel learn, and no alert is folded into it."""
        require_member(person)
        words = " ".join(title.split())
        if not words:
            raise BadInput("An incident needs a title.", "For example `/inc declare Checkout returns errors`.")
        now = self.clock.now()
        with self.store.begin() as tx:
            incident = tx.incidents.add(
                Incident(
                    title=words[:150],
                    severity=severity,
                    opened_at=now,
                    started_at=now,
                    service=service,
                    declared_by=person.id,
                    correlation_key=service or f"person:{words[:80]}",
                    is_private=is_private,
                )
            )
            number = incident.number
            evidence = tx.evidence.put(
                number,
                Evidence(
                    EvidenceKind.PERSON,
                    f"declared:{number}",
                    f"<@{person.id}>",
                    f"<@{person.id}> says: {words}",
                    now,
                    service=service,
                ),
            )
            tx.timeline.append(
                number, EntryKind.OPENED, f"<@{person.id}> declares: {words}", person.id, now, {"evidence": evidence.id}
            )
            tasks = [self.say.open_room(tx, incident), self.say.card(tx, number)]
            if not is_private:
                tasks.append(self.say.announce(tx, number))
        return f"{incident.name} is open; its channel follows.", [*tasks, look_at(number, "declared")]

    def status(self, number: int, status: Status, person: Person) -> tuple[str, list[Task]]:
        """Moves the incident by hand."""
        require_member(person)
        now = self.clock.now()
        with self.store.begin() as tx:
            incident = tx.incidents.get(number)
            moved = incident.close(now) if status is Status.CLOSED else incident.move_to(status, now)
            if moved.status is incident.status:
                return f"{incident.name} is {status.value} already.", []
            tx.incidents.save(moved)
            verb = "reopens it" if not incident.is_open and moved.is_open else f"sets the status to {status.value}"
            tx.timeline.append(number, EntryKind.STATUS, f"<@{person.id}> {verb}", person.id, now)
            tasks = self._redraw(tx, number)
        if status is Status.RESOLVED:
            tasks += [
                Task(f"postmortem:{number}:{moved.version}", Lane.THINK, "write_postmortem", {"incident": number}),
                Task(f"learn:{number}:{moved.version}", Lane.THINK, "learn", {"incident": number}),
            ]
        return f"{incident.name} is now {status.value}.", tasks

    def severity(self, number: int, severity: Severity, person: Person) -> tuple[str, list[Task]]:
        """Sets how bad it is."""
        require_member(person)
        now = self.clock.now()
        with self.store.begin() as tx:
            incident = tx.incidents.get(number)
            tx.incidents.save(replace(incident, severity=severity))
            text = f"<@{person.id}> sets SEV{int(severity)} (was SEV{int(incident.severity)})"
            tx.timeline.append(number, EntryKind.SEVERITY, text, person.id, now)
            return f"{incident.name} is now SEV{int(severity)}.", self._redraw(tx, number)

    def lead(self, number: int, lead: str, person: Person) -> tuple[str, list[Task]]:
        """Names who decides."""
        require_member(person)
        now = self.clock.now()
        with self.store.begin() as tx:
            incident = tx.incidents.get(number)
            if not incident.is_open:
                raise Refused(f"{incident.name} is {incident.status.value}.", "Reopen it first with `/inc status investigating`.")
            tx.incidents.save(incident.led_by(lead, now))
            text = f"<@{lead}> leads" if lead == person.id else f"<@{person.id}> makes <@{lead}> lead"
            tx.timeline.append(number, EntryKind.ROLE, text, person.id, now)
            return f"<@{lead}> leads {incident.name}.", self._redraw(tx, number)

    def note(self, number: int, text: str, person: Person) -> tuple[str, list[Task]]:
        """Adds a person's words to the timeline, as evidence that can be cited."""
        require_member(person)
        words = text.strip()
        if not words:
            raise BadInput("The note is empty.", "For example `/inc note the database looks fine`.")
        now = self.clock.now()
        with self.store.begin() as tx:
            name = f"note:{now.timestamp():.6f}:{person.id}"
            evidence = tx.evidence.put(
                number, Evidence(EvidenceKind.PERSON, name, f"<@{person.id}>", f"<@{person.id}> notes: {words[:400]}", now)
            )
            entry = tx.timeline.append(number, EntryKind.NOTE, words[:1000], person.id, now, {"evidence": evidence.id})
            return f"Noted as T{entry.seq} ({evidence.id}).", self._redraw(tx, number)

    def _redraw(self, tx: Transaction, number: int) -> list[Task]:
        return [self.say.card(tx, number), self.say.topic(tx, number)]


def require_member(person: Person) -> None:
    """Raises Refused unless this is a full human member of the workspace."""
    if not person.is_member:
        raise Refused("Guests, bots and people from other workspaces can look, not change.", "Ask a member of the team.")


def look_at(number: int, reason: str) -> Task:
    """The task that investigates an incident; `reason` makes it unique."""
    return Task(f"look:{number}:{reason}", Lane.THINK, "investigate", {"incident": number})
