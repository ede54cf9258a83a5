"""Every error Sitrep raises on purpose, in one tree, each written for the reader at 3 a.m.

SitrepError
├── BadInput               what came in cannot be understood; nothing was stored
├── NotFound               the named thing does not exist
├── Refused                understood, and not allowed
│   ├── TransitionRefused  an incident or a proposal cannot move that way
│   ├── ApprovalRefused    this person may not decide this, or not any more
│   └── ActionRefused      the action, its target or a parameter is outside the catalogue
├── Conflict               somebody else changed it first; read again and retry
├── Unavailable            something Sitrep depends on does not answer
│   └── RoomBusy           the chat asks us to wait `retry_after` seconds
├── OutcomeUnknown         a call left and its result never came back; do not repeat it blindly
└── AuditBroken            the timeline's hash chain does not add up; nothing may run
"""


class SitrepError(Exception):
    """What happened, and in `hint` what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class BadInput(SitrepError):
    """What came in cannot be understood; nothing was stored."""


class NotFound(SitrepError):
    """The named thing does not exist."""


class Refused(SitrepError):
    """Understood, and not allowed."""


class TransitionRefused(Refused):
    """An incident or a proposal cannot move that way from where it is."""


class ApprovalRefused(Refused):
    """This person may not decide this, or it can no longer be decided."""


class ActionRefused(Refused):
    """The action, its target or a parameter is outside the catalogue."""


class Conflict(SitrepError):
    """Somebody else changed it first; read again and retry."""


class Unavailable(SitrepError):
    """Something Sitrep depends on does not answer; the rest goes on without it."""


class RoomBusy(Unavailable):
    """The chat asks us to wait `retry_after` seconds before the next call."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message, f"Sitrep tries again in {retry_after:g} s.")
        self.retry_after = retry_after


class OutcomeUnknown(SitrepError):
    """A call left and its result never came back; look at the target before repeating it."""


class AuditBroken(SitrepError):
    """The timeline's hash chain does not add up; nothing may run until a person has looked."""
