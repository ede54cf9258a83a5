"""Starts a program in its own process group, reads what it says, and ends the whole group when its time is up."""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

KEPT_BYTES = 64 * 1024
MEMORY_BYTES = 4 * 1024**3
OPEN_FILES = 256

_LAUNCHER = Path(__file__).with_name("launcher.py")
_LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Finished:
    """The exit code (negative: the signal that ended it), and the first 64 KiB of what it printed."""

    code: int
    output: bytes


class NotStarted(Exception):
    """The operating system refused to start a process."""


class TookTooLong(Exception):
    """It was still running at the deadline; its group was killed."""


def run_group(program: str, argv: Sequence[str], environment: Mapping[str, str], folder: str, timeout_s: float) -> Finished:
    """Runs `program` with `argv` and waits. Nothing it started in its group outlives it. Raises NotStarted or TookTooLong."""
    # Limits are set by a launcher in the child: preexec_fn can deadlock in a process with threads.
    limits = [str(int(timeout_s) + 5), str(MEMORY_BYTES), str(OPEN_FILES)]
    command = [sys.executable, "-I", "-S", str(_LAUNCHER), *limits, program, *argv]
    try:
        process = subprocess.Popen(  # noqa: S603 - a list from the catalogue, without a shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=folder,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise NotStarted(str(error)) from None
    deadline = time.monotonic() + timeout_s
    with process:
        try:
            output = _follow(process, deadline)
        finally:
            in_time = _has_exited(process)
            # Before the leader is reaped: until then no other group can have got its number.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if not in_time:
        msg = f"did not finish within {timeout_s:g} s"
        raise TookTooLong(msg)
    return Finished(process.returncode, output)


def _follow(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    pipe = process.stdout
    if pipe is None:  # cannot be: it was asked for above
        return b""
    os.set_blocking(pipe.fileno(), False)
    kept = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        is_open = True
        while time.monotonic() < deadline:
            if is_open and selector.select(_LOOK_EVERY_S):
                is_open = _drain(pipe, kept)
                if not is_open:
                    selector.unregister(pipe)
            elif not is_open:
                time.sleep(_LOOK_EVERY_S / 5)
            if _has_exited(process):
                _drain(pipe, kept)
                break
    return bytes(kept)


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
