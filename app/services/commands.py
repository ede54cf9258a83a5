"""The `/inc` verbs, by slash command, mention or button: one table says what people can ask for."""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.domain.approval import Decision
from app.domain.errors import BadInput, NotFound, Refused, SitrepError
from app.domain.incident import Incident, Status
from app.domain.inventory import Inventory
from app.domain.person import Person
from app.domain.proposal import ProposalStatus
from app.domain.severity import Severity
from app.domain.timeline import check_chain
from app.domain.work import Task
from app.ports.clock import Clock
from app.ports.store import Store
from app.services.act import FREEZE
from app.services.answer import AnswerQuestion, similar_question
from app.services.approve import Approve
from app.services.propose import Propose
from app.services.say import Say
from app.services.update import Update, look_at, require_member
from app.services.write_postmortem import WritePostmortem

Reply = tuple[str, list[Task]]

HELP: tuple[tuple[str, str], ...] = (
    ("declare TITLE [--sev N] [--service NAME] [--private]", "opens an incident and its channel"),
    ("status [STATUS]", "says or sets where it stands (investigating, identified, fixing, monitoring, ...)"),
    ("sev N", "sets the severity, 1 (worst) to 4"),
    ("lead [@person]", "takes or gives the lead"),
    ("note TEXT", "writes into the timeline"),
    ("timeline", "shows the last entries, and whether the chain is whole"),
    ("similar", "finds past incidents like this one, and what helped then"),
    ("runbook [WORDS]", "finds the runbook that fits"),
    ("propose [ACTION TARGET [key=value ...]]", "lists what could be done, or asks for one exact action"),
    ("approve ID", "says yes to a proposal, as its button does"),
    ("deny ID", "says no to a proposal"),
    ("undo ID", "proposes the registered inverse of a finished run"),
    ("look", "investigates again, now"),
    ("resolve", "ends the incident and drafts the postmortem"),
    ("postmortem", "drafts the postmortem again"),
    ("list", "shows the open incidents"),
    ("freeze", "stops every new execution, everywhere; `unfreeze` lifts it"),
    ("help", "shows this list"),
)


@dataclass(frozen=True, slots=True)
class Command:
    """One request by a person: who (as the chat vouches), where, the verb and the rest of the line."""

    person: Person
    room: str
    verb: str
    rest: str
    via: str = "command"


@dataclass(frozen=True, slots=True)
class Commands:
    """Understands and carries out. Raises SitrepError with words for the person."""

    store: Store
    inventory: Inventory
    update: Update
    propose: Propose
    approve: Approve
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
            "propose": self._propose,
            "approve": lambda command: self._decide(command, Decision.APPROVE),
            "deny": lambda command: self._decide(command, Decision.DENY),
            "undo": self._undo,
            "look": self._look,
            "resolve": lambda command: self._move(command, Status.RESOLVED),
            "postmortem": self._postmortem,
            "list": self._list,
            "freeze": lambda command: self._freeze(command, "on"),
            "unfreeze": lambda command: self._freeze(command, ""),
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
        incident, rest = self._incident(command)
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
        incident, _ = self._incident(command)
        return self.update.status(incident.number, status, command.person)

    def _sev(self, command: Command) -> Reply:
        incident, rest = self._incident(command)
        return self.update.severity(incident.number, Severity.parse(rest), command.person)

    def _lead(self, command: Command) -> Reply:
        incident, rest = self._incident(command)
        mention = re.search(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>", rest)
        if rest and mention is None and rest.strip().lower() not in {"me", ""}:
            raise BadInput(f"'{rest[:40]}' is nobody Sitrep can see.", "Mention the person: `/inc lead @name`.")
        return self.update.lead(incident.number, mention.group(1) if mention else command.person.id, command.person)

    def _note(self, command: Command) -> Reply:
        incident, rest = self._incident(command)
        return self.update.note(incident.number, rest, command.person)

    def _timeline(self, command: Command) -> Reply:
        incident, rest = self._incident(command)
        if rest.startswith("add "):
            return self.update.note(incident.number, rest.removeprefix("add "), command.person)
        with self.store.begin() as tx:
            entries = tx.timeline.of(incident.number)
        head = check_chain(entries)
        lines = [f"`T{entry.seq}` {entry.at:%H:%M:%S} {entry.text}" for entry in entries[-25:]]
        return "\n".join([*lines, f"_{len(entries)} entries, chain whole, head {head[:12]}_"]), []

    def _similar(self, command: Command) -> Reply:
        incident, _ = self._incident(command)
        return self._memory(command, similar_question(incident.number, self.store), "incident")

    def _runbook(self, command: Command) -> Reply:
        question = command.rest or similar_question(self._incident(command)[0].number, self.store)
        return self._memory(command, question, "runbook")

    def _memory(self, command: Command, question: str, kind: str) -> Reply:
        answer = self.answer(question, None, (kind,), 3)
        with self.store.begin() as tx:
            return "", [self.say.whisper_answer(tx, command.room, command.person.id, answer)]

    def _propose(self, command: Command) -> Reply:
        incident, rest = self._incident(command)
        if not rest:
            return self._options_of(incident), []
        require_member(command.person)
        action, target, words = self._requested(incident, _split(rest))
        proposal, tasks = self.propose.request(incident.number, action, target, words, command.person.id)
        return f"Asked for: {proposal.title}. The approval card is in the channel.", tasks

    def _requested(self, incident: Incident, parts: list[str]) -> tuple[str, str, dict[str, str]]:
        if re.fullmatch(r"[sS]\d+", parts[0]):
            with self.store.begin() as tx:
                latest = tx.assessments.latest(incident.number)
            for item in latest.suggestions if latest else ():
                if item.id.lower() == parts[0].lower():
                    values = {
                        name: str(value).lower() if isinstance(value, bool) else str(value)
                        for name, value in item.parameters.items()
                    }
                    return item.action, item.target, values
            raise NotFound(f"There is no suggestion {parts[0]}.", "`/inc propose` lists them.")
        if len(parts) < 2:
            raise BadInput("An action needs a target.", "For example `/inc propose restart_service checkout`.")
        words = dict(part.split("=", 1) for part in parts[2:] if "=" in part)
        if len(words) != len(parts) - 2:
            raise BadInput("Parameters are written key=value.", "For example `/inc propose scale_service checkout replicas=3`.")
        return parts[0], parts[1], words

    def _options_of(self, incident: Incident) -> str:
        with self.store.begin() as tx:
            latest, proposals = tx.assessments.latest(incident.number), tx.proposals.of(incident.number)
        lines = [
            f"Suggestion `{item.id}`: `{_line(item.action, item.target, item.parameters)}`: {item.why.text}"
            for item in (latest.suggestions if latest else ())
        ]
        lines += [f"Waiting `{item.id}`: {item.title}" for item in proposals if item.status is ProposalStatus.PENDING]
        for spec in self.inventory.actions.values():
            wants = " ".join(f"{parameter.name}=<{parameter.bounds}>" for parameter in spec.parameters)
            lines.append(
                f"`{spec.name} <{'|'.join(spec.targets)}> {wants}`: {spec.description or spec.title} ({spec.risk.label} risk)"
            )
        return "\n".join(lines) or "The catalogue is empty: add actions to the configuration."

    def _decide(self, command: Command, decision: Decision) -> Reply:
        parts = command.rest.split()
        if len(parts) != 1:
            raise BadInput("Which proposal?", f"`/inc {decision.value} ID`; the id stands on the approval card.")
        return self.approve(parts[0], command.person, decision, command.via)

    def _undo(self, command: Command) -> Reply:
        require_member(command.person)
        parts = command.rest.split()
        if len(parts) != 1:
            raise BadInput("Undo which run?", "`/inc undo ID`; the id stands on the approval card.")
        proposal, tasks = self.propose.undo(parts[0], command.person.id)
        return f"Asked for: {proposal.title}. The approval card is in the channel.", tasks

    def _look(self, command: Command) -> Reply:
        incident, _ = self._incident(command)
        return "Looking again.", [look_at(incident.number, f"{self.clock.now().timestamp():.3f}")]

    def _postmortem(self, command: Command) -> Reply:
        incident, _ = self._incident(command)
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

    def _freeze(self, command: Command, value: str) -> Reply:
        require_member(command.person)
        with self.store.begin() as tx:
            tx.set_setting(FREEZE, value and f"{command.person.id} at {self.clock.now():%H:%M:%S} UTC")
        return ("No new action runs until `/inc unfreeze`." if value else "Actions may run again."), []

    def _help(self, command: Command) -> Reply:
        del command
        return "\n".join(f"`/inc {usage}` {what}" for usage, what in HELP), []

    def _incident(self, command: Command) -> tuple[Incident, str]:
        """The incident meant: the one named first in the text, the channel's own, or the only open one."""
        named = re.match(r"(?:#|inc-)?(\d+)\b\s*", command.rest, re.IGNORECASE)
        is_number_meant = named is not None and (command.rest[:1] == "#" or command.rest[:4].lower() == "inc-")
        with self.store.begin() as tx:
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


def apologise(problem: SitrepError) -> str:
    """The words for a person whose request was refused."""
    return f"{problem.message} {problem.hint}".strip()


def _line(action: str, target: str, parameters: Mapping[str, object]) -> str:
    return " ".join([action, target, *(f"{name}={value}" for name, value in parameters.items())])


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise BadInput("A quote is not closed.", "Write values as key=value or key='two words'.") from None


def _options(text: str) -> tuple[str, dict[str, str]]:
    """Splits `--name value` pairs off a line."""
    options = dict(re.findall(r"--(sev|service)[ =](\S+)", text))
    options |= {"private": "yes"} if re.search(r"(?<!\S)--private(?!\S)", text) else {}
    return re.sub(r"--(sev|service)[ =]\S+|(?<!\S)--private(?!\S)", "", text).strip(), options
