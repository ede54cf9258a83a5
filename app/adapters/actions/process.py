"""Starts a program in its own process group, reads what it says, and ends the whole group when its time is up."""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

KEPT_BYTES = 64 * 1024
MEGABYTE = 1024**2
SPARE_CPU_S = 5

_LAUNCHER = Path(__file__).with_name("launcher.py")
_LOOK_EVERY_S = 0.05
_COUNT_EVERY_S = 0.2
_KILL_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Finished:
    """The exit code (negative: the signal that ended it), and the first 64 KiB of what it printed."""

    code: int
    output: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """What one command may use: CPU seconds (0: its time limit and five more), memory, open files, the size of a file it
    writes, and how many processes it may have at once. Files it creates are for its owner alone.

    The kernel counts processes by user and never limits root, so they are also counted here, a few times a second.
    """

    cpu_s: int = 0
    memory_mb: int = 4096
    open_files: int = 256
    file_mb: int = 4096
    processes: int = 64

    @property
    def sentence(self) -> str:
        """The limits in words."""
        cpu = f"{self.cpu_s} s of CPU, " if self.cpu_s else ""
        return f"{cpu}{self.memory_mb} MB of memory, {self.processes} processes, {self.open_files} open files"


@dataclass(frozen=True, slots=True)
class Command:
    """Everything that decides what starts. `argv[0]` is what the program sees as its own name."""

    program: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    folder: str
    limits: Limits


class NotStarted(Exception):
    """The operating system refused to start a process."""


class TookTooLong(Exception):
    """It was stopped, its whole group killed: the deadline passed, or it had become too many processes."""


def run_group(command: Command, timeout_s: float) -> Finished:
    """Runs the command and waits. Nothing it started in its group outlives it, and nothing at all if it had to be stopped.
    Raises NotStarted or TookTooLong.
    """
    # Limits are set by a launcher in the child: preexec_fn can deadlock in a process with threads.
    limits = command.limits
    numbers = (
        limits.cpu_s or int(timeout_s) + SPARE_CPU_S,
        limits.memory_mb * MEGABYTE,
        limits.open_files,
        limits.file_mb * MEGABYTE,
        limits.processes,
    )
    try:
        process = subprocess.Popen(  # noqa: S603 - a list from the catalogue, without a shell
            [sys.executable, "-I", "-S", str(_LAUNCHER), *map(str, numbers), command.program, *command.argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(command.environment),
            cwd=command.folder,
            start_new_session=True,
            umask=0o077,
        )
    except (OSError, ValueError) as error:
        raise NotStarted(str(error)) from None
    deadline = time.monotonic() + timeout_s
    with process:
        try:
            output, is_crowd = _follow(process, deadline, limits.processes)
        finally:
            has_ended = _has_exited(process)
            if not has_ended:
                _kill_family(process.pid)
            # Before the leader is reaped: until then no other group can have got its number.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if is_crowd:
        msg = f"started more than {limits.processes} processes"
        raise TookTooLong(msg)
    if not has_ended:
        msg = f"did not finish within {timeout_s:g} s"
        raise TookTooLong(msg)
    return Finished(process.returncode, output)


def _follow(process: subprocess.Popen[bytes], deadline: float, most: int) -> tuple[bytes, bool]:
    """What it printed until it ended, the deadline passed or it had become more than `most` processes (then True)."""
    pipe = process.stdout
    if pipe is None:  # cannot be: it was asked for above
        return b"", False
    os.set_blocking(pipe.fileno(), False)
    kept = bytearray()
    count_at = time.monotonic() + _COUNT_EVERY_S
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while (now := time.monotonic()) < deadline:
            _read_on(selector, pipe, kept)
            if _has_exited(process):
                _drain(pipe, kept)
                break
            if now >= count_at:
                count_at = now + _COUNT_EVERY_S
                if len(_family(process.pid)) > most:
                    return bytes(kept), True
    return bytes(kept), False


def _read_on(selector: selectors.BaseSelector, pipe: IO[bytes], kept: bytearray) -> None:
    """Waits a moment for more to read; a stream that has ended is waited for no longer."""
    if not selector.get_map():
        time.sleep(_LOOK_EVERY_S / 5)
    elif selector.select(_LOOK_EVERY_S) and not _drain(pipe, kept):
        selector.unregister(pipe)


def _family(leader: int) -> set[int]:
    """The leader's session and all its descendants, also those that left the session; empty where there is no /proc."""
    parents: dict[int, int] = {}
    found = set()
    with suppress(OSError):
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                with suppress(OSError):  # it has ended meanwhile
                    fields = Path(entry.path, "stat").read_bytes().rpartition(b")")[2].split()
                    parents[int(entry.name)] = int(fields[1])
                    if int(fields[3]) == leader:
                        found.add(int(entry.name))
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found and pid not in found}
        found |= more
        grown = bool(more)
    return found


def _kill_family(leader: int) -> None:
    """Ends the descendants first: while the leader lives, orphans are handed to it and stay findable."""
    for _ in range(_KILL_ROUNDS):
        others = _family(leader) - {leader}
        if not others:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.kill(leader, signal.SIGSTOP)
        for pid in others:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_LOOK_EVERY_S / 5)


def _drain(pipe: IO[bytes], kept: bytearray) -> bool:
    """Reads what is there, a bounded amount at a time; False at the end of the stream."""
    for _ in range(64):
        try:
            chunk = os.read(pipe.fileno(), 65_536)
        except BlockingIOError:
            return True
        if not chunk:
            return False
        kept += chunk[: max(0, KEPT_BYTES - len(kept))]
    return True


def _has_exited(process: subprocess.Popen[bytes]) -> bool:
    """Whether the leader has ended, without reaping it."""
    if process.returncode is not None:
        return True
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
