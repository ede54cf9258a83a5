"""Failures a test or a drill asks for: the next calls of a method go wrong in a chosen way."""

from dataclasses import dataclass

from app.workspace.errors import ControlRefused

KINDS = {"429", "500", "503", "timeout", "reset", "reset_after_commit", "timeout_after_commit"}


@dataclass
class Fault:
    """The next `times` calls of `method` (`*`: any) fail as `kind`; `retry_after` is in seconds, for 429."""

    method: str
    kind: str
    times: int = 1
    retry_after: int = 1


class Faults:
    """The failures still to come, in the order they were asked for."""

    def __init__(self) -> None:
        self._planned: list[Fault] = []

    def plan(self, fault: Fault) -> None:
        """Ask for a failure; an unknown kind is refused."""
        if fault.kind not in KINDS:
            raise ControlRefused(f"There is no fault {fault.kind!r}. Choose one of {', '.join(sorted(KINDS))}.")
        self._planned.append(fault)

    def clear(self) -> None:
        """Forget all that was asked for."""
        self._planned.clear()

    def take(self, method: str) -> Fault | None:
        """The fault that meets this call, counted down; None when it goes through."""
        for fault in self._planned:
            if fault.method in {method, "*"} and fault.times > 0:
                fault.times -= 1
                return fault
        return None
