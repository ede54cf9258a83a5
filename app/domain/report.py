"""A report: what one delivery from outside says, with the parts nobody could understand."""

from dataclasses import dataclass

from app.domain.change import Change
from app.domain.signal import Signal

SHOWN_PARTS = 3


@dataclass(frozen=True, slots=True)
class Report:
    """What was understood. `refused` names the place and the reason of every part that was not; the rest still counts.

    `key` is the sender's own name of this delivery, empty where it has none. `note` says why nothing follows from a
    delivery that is well understood: a ping, an assignment, a build that deploys nothing.
    """

    signals: tuple[Signal, ...] = ()
    changes: tuple[Change, ...] = ()
    refused: tuple[str, ...] = ()
    key: str = ""
    note: str = ""

    @property
    def problem(self) -> str:
        """In one line how many parts could not be understood, and why; empty if all of it was."""
        if not self.refused:
            return ""
        total = len(self.refused) + len(self.signals) + len(self.changes)
        more = f" (and {len(self.refused) - SHOWN_PARTS} more)" if len(self.refused) > SHOWN_PARTS else ""
        why = " ".join(self.refused[:SHOWN_PARTS])
        return f"{len(self.refused)} of {total} could not be understood: {why}{more}"[:1000]
