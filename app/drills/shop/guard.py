"""Runs a foreign program and ends it when standard input ends, so that no program outlives the drill."""

import signal
import subprocess
import sys
import threading
from collections.abc import Sequence


def guard(argv: Sequence[str]) -> int:
    """Run `argv`; end it on SIGTERM or when our parent is gone; returns its exit code."""
    process = subprocess.Popen(list(argv), stdin=subprocess.DEVNULL)  # noqa: S603 - the launcher names the program
    signal.signal(signal.SIGTERM, lambda _number, _frame: process.terminate())
    threading.Thread(target=_end_with_stdin, args=(process,), daemon=True).start()
    return process.wait()


def _end_with_stdin(process: subprocess.Popen[bytes]) -> None:
    sys.stdin.buffer.read()
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
