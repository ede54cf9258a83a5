"""A chat that only knows who people are, and can be down."""

from dataclasses import dataclass, field, replace

from app.adapters.room.none import NoRoom
from app.domain.errors import NotFound, SitrepError
from app.domain.person import Person


@dataclass
class FakeRoster(NoRoom):
    """Implements the room port as far as people go; everything else is down. `problem` is raised instead of an answer."""

    people: dict[str, Person] = field(default_factory=dict)
    problem: SitrepError | None = None

    def person(self, user: str) -> Person:
        """The person as the chat knows them now; raises NotFound."""
        if self.problem is not None:
            raise self.problem
        if user not in self.people:
            raise NotFound(f"Nobody is called {user}.", "Mention a person.")
        return self.people[user]

    def change(self, user: str, *, guest: bool = False, deactivated: bool = False) -> None:
        """Makes somebody a guest, or switches them off."""
        self.people[user] = replace(self.people[user], is_guest=guest, is_deactivated=deactivated)
