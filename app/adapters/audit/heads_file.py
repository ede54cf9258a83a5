"""An append-only file of audit heads, one a line: copy it where nobody who edits the database can reach it."""

import os
import re
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from app.domain.audit import Head
from app.domain.errors import AuditBroken, Unavailable

_LINE = re.compile(r"(\d{1,18}) ([0-9a-f]{64}) \S+")
# What a crash in the middle of a line leaves: it was never published.
_TORN = re.compile(r"\d{0,18}|\d{1,18} [0-9a-f]{0,64}|\d{1,18} [0-9a-f]{64} ?\S{0,40}")


class HeadsFile:
    """Implements the heads port on one file; a line is complete on disk before `publish` returns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def publish(self, head: Head, at: datetime) -> None:
        """Adds it and makes it durable; raises Unavailable if the disk does not take it."""
        line = f"{head.seq} {head.hash} {at.isoformat()}\n".encode()
        try:
            with self._lock:
                file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
                try:
                    line = b"\n" + line if _is_torn(file) else line
                    if os.write(file, line) != len(line):
                        raise OSError(28, "No space left on device")
                    os.fsync(file)
                finally:
                    os.close(file)
        except OSError as problem:
            raise Unavailable(
                f"The audit heads cannot be written to {self._path}: {problem.strerror}.",
                "Free the disk; nothing runs until then.",
            ) from None

    def published(self) -> Sequence[Head]:
        """All of them, oldest first; a line that a crash cut short is left out. Raises AuditBroken for any other line."""
        try:
            raw = self._path.read_text("ascii", errors="replace")
        except FileNotFoundError:
            return []
        except OSError as problem:
            raise Unavailable(f"{self._path} cannot be read: {problem.strerror}.", "Check its permissions.") from None
        lines = raw.split("\n")[:-1]
        heads = []
        for number, line in enumerate(lines, 1):
            match = _LINE.fullmatch(line)
            if match is None and _TORN.fullmatch(line):
                continue
            if match is None:
                raise AuditBroken(f"Line {number} of {self._path.name} is no audit head.", "Restore the file from a copy.")
            heads.append(Head(int(match.group(1)), match.group(2)))
        return heads


def _is_torn(file: int) -> bool:
    size = os.fstat(file).st_size
    return size > 0 and os.pread(file, 1, size - 1) != b"\n"
