"""`sitrep inc`, `link`, `freeze` and `unfreeze`: what people do to an incident, from the terminal while the chat is down."""

import argparse
import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.domain.approval import Decision
from app.domain.errors import BadInput
from app.domain.person import Person

if TYPE_CHECKING:
    from app.bootstrap import Sitrep

_DECIDING = {"approve": Decision.APPROVE, "deny": Decision.DENY}


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the commands."""
    inc = commands.add_parser("inc", help="the verbs of /inc, from the terminal")
    inc.add_argument("--as", dest="user", default="", help="your chat user id, such as U0ALICE01")
    inc.add_argument("--link", default="", help="the link that lets you approve or deny")
    inc.add_argument("words", nargs=argparse.REMAINDER, help="a verb and what belongs to it; `sitrep inc help` lists them")
    inc.set_defaults(run=_inc)
    link = commands.add_parser("link", help="make a link by which one person decides one proposal, for when the chat is down")
    link.add_argument("proposal")
    link.add_argument("--user", required=True, help="the chat user id of the approver; you vouch for the person")
    link.set_defaults(run=_link)
    for verb, what in (("freeze", "stop every new execution, everywhere"), ("unfreeze", "let actions run again")):
        parser = commands.add_parser(verb, help=what)
        parser.set_defaults(run=_freeze, verb=verb)


@contextmanager
def at_the_terminal(options: argparse.Namespace) -> Iterator["Sitrep"]:
    """Everything but doors and workers, on the same database as the running Sitrep, which carries out what follows."""
    from app.adapters.room.none import NoRoom
    from app.bootstrap import bootstrap
    from app.entrypoints.cli.main import settings_of

    sitrep = bootstrap(settings_of(options), NoRoom())
    try:
        yield sitrep
    finally:
        sitrep.store.close()


def _inc(options: argparse.Namespace) -> int:
    from app.services.command import Command

    words = [*options.words, "", ""]
    verb, rest = words[0].lower() or "help", " ".join(options.words[1:])
    with at_the_terminal(options) as sitrep:
        if verb in _DECIDING:
            print(_decide(sitrep, verb, rest, options.link))
            return 0
        if verb == "policy" and rest.split()[:1] == ["sign"]:
            raise BadInput("A policy is signed in the chat, which vouches for who signs.", "`/inc policy sign NAME`.")
        if verb == "link":
            raise BadInput("The chat vouches for who asks for a link.", "Use `sitrep link ID --user USER`.")
        if verb in {"similar", "runbook"}:
            raise BadInput(f"`sitrep inc {verb}` has nowhere to answer.", "Use `sitrep search WORDS`.")
        person = Person(options.user or f"cli-{getpass.getuser()}", is_external=not options.user)
        reply, _ = sitrep.commands(Command(person, "", verb, rest, "terminal"))
    print(reply or "Done.")
    return 0


def _decide(sitrep: "Sitrep", verb: str, rest: str, link: str) -> str:
    if not link:
        raise BadInput(
            f"`sitrep inc {verb}` needs to know who you are.",
            "Get a link with `/inc link ID` in the chat, or from whoever runs Sitrep with `sitrep link ID --user YOU`.",
        )
    return sitrep.by_link(link, _DECIDING[verb], "terminal", rest.strip())[0]


def _link(options: argparse.Namespace) -> int:
    with at_the_terminal(options) as sitrep:
        person = sitrep.by_link.authority.person(options.user)
        address, grant = sitrep.by_link.issue(options.proposal, person, f"host:{getpass.getuser()}")
    print(f"{address}\nFor {options.user} only, once, until {grant.expires_at:%H:%M} UTC. The audit chain says that you made it.")
    return 0


def _freeze(options: argparse.Namespace) -> int:
    from app.bootstrap import open_store
    from app.domain.audit import AuditKind
    from app.entrypoints.cli.main import settings_of
    from app.services.act import FREEZE

    store, who = open_store(settings_of(options)), f"host:{getpass.getuser()}"
    is_freeze = options.verb == "freeze"
    with store.begin() as tx:
        now = tx.now()
        tx.set_setting(FREEZE, f"{who} at {now:%H:%M:%S} UTC" if is_freeze else "")
        tx.audit.append(AuditKind.FREEZE, f"{who} {'freezes all actions' if is_freeze else 'lifts the freeze'}", who, now)
    store.close()
    print("No new action runs until `sitrep unfreeze`." if is_freeze else "Actions may run again.")
    return 0
