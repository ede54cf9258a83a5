"""Which process has something in hand, and whether that process is still there."""

import os
import platform
import secrets
from dataclasses import dataclass
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")


@dataclass(frozen=True, slots=True)
class Process:
    """A process by the machine it runs on, its number there, and a mark that no other process has."""

    machine: str
    pid: int
    mark: str

    @property
    def name(self) -> str:
        """How rows name it."""
        return f"{self.machine}:{self.pid}:{self.mark}"

    def is_gone(self, name: str) -> bool:
        """True only if the process called `name` ran on this machine, in this process's own numbering, and runs no more.

        Of other machines nothing can be said; a lease that nobody renews decides there.
        """
        machine, _, rest = name.rpartition(":")[0].rpartition(":")
        if name == self.name or machine != self.machine or not rest.isdigit():
            return False
        return int(rest) == self.pid or not _runs(int(rest))


def this_process() -> Process:
    """This process. On Linux the machine is its boot and the namespace that numbers its processes."""
    return Process(_machine(), os.getpid(), secrets.token_hex(4))


def _machine() -> str:
    try:
        return f"{_BOOT.read_text('ascii').strip()}/{_NAMESPACE.readlink()}".replace(":", "-")
    except OSError:
        return platform.node().replace(":", "-")


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
