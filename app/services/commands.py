"""The `/inc` verbs, by slash command, mention or button: one table says what people can ask for."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.domain.errors import BadInput, Refused, SitrepError
from app.domain.incident import Status
from app.domain.inventory import Inventory
from app.domain.severity import Severity
from app.domain.timeline import check_chain
from app.ports.clock import Clock
from app.ports.store import Store
from app.services.answer import AnswerQuestion, similar_question
from app.services.command import Command, Reply, incident_of
from app.services.guarded_commands import GUARDED_HELP, GuardedCommands
from app.services.say import Say
from app.services.update import Update, look_at
from app.services.write_postmortem import WritePostmortem

HELP: tuple[tuple[str, str], ...] = (
    ("declare TITLE [--sev N] [--service NAME] [--private]", "opens an incident and its channel"),
    ("status [STATUS]", "says or sets where it stands (investigating, identified, fixing, monitoring, ...)"),
    ("sev N", "sets the severity, 1 (worst) to 4"),
    ("lead [@person]", "takes or gives the lead"),
    ("note TEXT", "writes into the timeline"),
    ("timeline", "shows the last entries, and whether the chain is whole"),
    ("similar", "finds past incidents like this one, and what helped then"),
    ("runbook [WORDS]", "finds the runbook that fits"),
    ("look", "investigates again, now"),
    ("resolve", "ends the incident and drafts the postmortem"),
    ("postmortem", "drafts the postmortem again"),
    ("list", "shows the open incidents"),
    *GUARDED_HELP,
    ("help", "shows this list"),
)


@dataclass(frozen=True, slots=True)
class Commands:
    """Understands and carries out. Raises SitrepError with words for the person."""

    store: Store
    inventory: Inventory
    update: Update
    guarded: GuardedCommands
    answer: AnswerQuestion
    write_postmortem: WritePostmortem
    clock: Clock
    say: Say

    def __call__(self, command: Command) -> Reply:
        """The words for the person (may be empty) and what happens next."""
        verb = self.table().get(command.verb)
        if verb is None:
            near = [name for name in self.table() if name[:2] == command.verb[:2]]
            hint = f"Did you mean `{near[0]}`?" if near else "`/inc help` lists what there is."
            raise BadInput(f"There is no verb '{command.verb[:40]}'.", hint)
        return verb(command)

    def table(self) -> Mapping[str, Callable[[Command], Reply]]:
        """Every verb."""
        return {
            "declare": self._declare,
            "status": self._status,
            "sev": self._sev,
            "lead": self._lead,
            "note": self._note,
            "timeline": self._timeline,
            "similar": self._similar,
            "runbook": self._runbook,
            "look": self._look,
            "resolve": lambda command: self._move(command, Status.RESOLVED),
            "postmortem": self._postmortem,
            "list": self._list,
            **self.guarded.table(),
            "help": self._help,
        }

    def _declare(self, command: Command) -> Reply:
        words, options = _options(command.rest)
        service = options.get("service")
        if service is not None:
            self.inventory.service(service)
        severity = Severity.parse(options["sev"]) if "sev" in options else Severity.SEV3
        return self.update.declare(
            words, command.person, severity, service or self._named_service(words), is_private="private" in options
        )

    def _named_service(self, words: str) -> str | None:
        tokens = re.findall(r"[a-z0-9_-]+", words.lower())
        return next((name for name in self.inventory.services if name.lower() in tokens), None)

    def _status(self, command: Command) -> Reply:
        incident, rest = incident_of(self.store, command)
        if not rest:
            lead = f"<@{incident.lead}>" if incident.lead else "nobody yet"
            return f"{incident.name} ({incident.title}): SEV{int(incident.severity)}, {incident.status.value}, led by {lead}.", []
        try:
            status = Status(rest.split()[0].lower())
        except ValueError:
            names = ", ".join(item.value for item in Status)
            raise BadInput(f"'{rest[:40]}' is not a status.", f"Use one of: {names}.") from None
        return self.update.status(incident.number, status, command.person)

    def _move(self, command: Command, status: Status) -> Reply:
        incident, _ = incident_of(self.store, command)
        return self.update.status(incident.number, status, command.person)

    def _sev(self, command: Command) -> Reply:
        incident, rest = incident_of(self.store, command)
        return self.update.severity(incident.number, Severity.parse(rest), command.person)

    def _lead(self, command: Command) -> Reply:
        incident, rest = incident_of(self.store, command)
        mention = re.search(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>", rest)
        if rest and mention is None and rest.strip().lower() not in {"me", ""}:
            raise BadInput(f"'{rest[:40]}' is nobody Sitrep can see.", "Mention the person: `/inc lead @name`.")
        return self.update.lead(incident.number, mention.group(1) if mention else command.person.id, command.person)

    def _note(self, command: Command) -> Reply:
        incident, rest = incident_of(self.store, command)
        return self.update.note(incident.number, rest, command.person)

    def _timeline(self, command: Command) -> Reply:
        incident, rest = incident_of(self.store, command)
        if rest.startswith("add "):
            return self.update.note(incident.number, rest.removeprefix("add "), command.person)
        with self.store.begin() as tx:
            entries = tx.timeline.of(incident.number)
        head = check_chain(entries)
        lines = [f"`T{entry.seq}` {entry.at:%H:%M:%S} {entry.text}" for entry in entries[-25:]]
        return "\n".join([*lines, f"_{len(entries)} entries, chain whole, head {head[:12]}_"]), []

    def _similar(self, command: Command) -> Reply:
        incident, _ = incident_of(self.store, command)
        return self._memory(command, similar_question(incident.number, self.store), "incident")

    def _runbook(self, command: Command) -> Reply:
        question = command.rest or similar_question(incident_of(self.store, command)[0].number, self.store)
        return self._memory(command, question, "runbook")

    def _memory(self, command: Command, question: str, kind: str) -> Reply:
        answer = self.answer(question, None, (kind,), 3)
        with self.store.begin() as tx:
            return "", [self.say.whisper_answer(tx, command.room, command.person.id, answer)]

    def _look(self, command: Command) -> Reply:
        incident, _ = incident_of(self.store, command)
        return "Looking again.", [look_at(incident.number, f"{self.clock.now().timestamp():.3f}")]

    def _postmortem(self, command: Command) -> Reply:
        incident, _ = incident_of(self.store, command)
        if incident.is_open:
            raise Refused(f"{incident.name} is still {incident.status.value}.", "Resolve it first with `/inc resolve`.")
        return "The draft is on its way.", self.write_postmortem(incident.number)

    def _list(self, command: Command) -> Reply:
        with self.store.begin() as tx:
            incidents = [item for item in tx.incidents.open_ones() if item.may_be_seen(command.person.id, command.room)]
        lines = [
            f"{item.name} SEV{int(item.severity)} {item.status.value}: {item.title}" + (f" <#{item.room}>" if item.room else "")
            for item in incidents
        ]
        return "\n".join(lines) or "No incident is open.", []

    def _help(self, command: Command) -> Reply:
        del command
        return "\n".join(f"`/inc {usage}` {what}" for usage, what in HELP), []


def apologise(problem: SitrepError) -> str:
    """The words for a person whose request was refused."""
    return f"{problem.message} {problem.hint}".strip()


def _options(text: str) -> tuple[str, dict[str, str]]:
    """Splits `--name value` pairs off a line."""
    options = dict(re.findall(r"--(sev|service)[ =](\S+)", text))
    options |= {"private": "yes"} if re.search(r"(?<!\S)--private(?!\S)", text) else {}
    return re.sub(r"--(sev|service)[ =]\S+|(?<!\S)--private(?!\S)", "", text).strip(), options
