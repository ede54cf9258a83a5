"""Puts the parts of one workspace together."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from app.workspace.changes import Changes
from app.workspace.clocks import WorkspaceClock
from app.workspace.config import WorkspaceConfig
from app.workspace.connections import Connections
from app.workspace.delivery import Delivery
from app.workspace.faults import Faults
from app.workspace.feed import Feed
from app.workspace.journal import Journal
from app.workspace.modals import Modals
from app.workspace.people import People
from app.workspace.quotas import Quotas
from app.workspace.state import State
from app.workspace.tickets import Tickets


@dataclass
class Core:
    """All parts of a running workspace. `warnings` are what the page's status line shows, newest last."""

    config: WorkspaceConfig
    clock: WorkspaceClock
    state: State
    changes: Changes
    tickets: Tickets
    journal: Journal
    delivery: Delivery
    people: People
    modals: Modals
    feed: Feed
    quotas: Quotas
    faults: Faults
    connections: Connections
    warnings: list[str] = field(default_factory=list)
    socket_tickets: set[str] = field(default_factory=set)

    def warn(self, text: str) -> None:
        """Show a warning on every page."""
        del self.warnings[:-19]
        self.warnings.append(text)
        self.journal.add("warning", text=text)
        self.feed.publish({"kind": "status"})

    def new_socket_ticket(self) -> str:
        """A one-time permission to open a Socket Mode connection."""
        ticket = secrets.token_urlsafe(16)
        self.socket_tickets.add(ticket)
        return ticket


def build_core(config: WorkspaceConfig, wall: Callable[[], float]) -> Core:
    """Build a workspace that nobody has connected to yet."""
    clock = WorkspaceClock(wall)
    state, journal, feed = State(clock), Journal(clock), Feed()
    warnings: list[Callable[[str], None]] = []
    delivery = Delivery(config, clock, journal, lambda text: warnings[0](text))  # noqa: PLW0108 - filled in below
    changes = Changes(state, delivery.send_event, feed.publish)
    tickets = Tickets(clock, strict=config.strict)
    people = People(config, clock, state, changes, tickets, delivery)
    modals = Modals(state, changes, tickets, delivery)
    core = Core(
        config, clock, state, changes, tickets, journal, delivery, people, modals, feed, Quotas(clock), Faults(), Connections()
    )
    warnings.append(core.warn)
    delivery.on_sockets = lambda: feed.publish({"kind": "status"})
    return core
