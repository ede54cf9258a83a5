"""Whoever turns the record into a postmortem people read."""

from typing import Protocol

from app.domain.postmortem import Postmortem, PostmortemFacts


class Documents(Protocol):
    """Draws documents."""

    def postmortem(self, facts: PostmortemFacts) -> Postmortem:
        """A draft (revision 0 until stored) with every factual sentence citing a timeline entry (`T3`) or evidence (`E2`)."""
        ...
