"""A person (or bot) in the chat, as the chat itself vouches for them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """`id` is the chat's user id. Guests, bots and people from other workspaces may look, never approve."""

    id: str
    name: str = ""
    is_bot: bool = False
    is_guest: bool = False
    is_external: bool = False
    is_deactivated: bool = False

    @property
    def is_member(self) -> bool:
        """A full human member of the configured workspace."""
        return not (self.is_bot or self.is_guest or self.is_external or self.is_deactivated)
