"""The order spool: a real folder with a quota, where every order is written before it is confirmed."""

import contextlib
import errno
import os
import time
from pathlib import Path

from app.drills.shop.cleanup import MARKER

CAPACITY_BYTES = 12_000_000
ROTATE_BYTES = 200_000
KEEP_ROTATED = 5
TRACE_BYTES = 400_000


class Spool:
    """Appends orders to `orders.jsonl`, rotates it, keeps the last few; a write past the quota fails with ENOSPC."""

    def __init__(self, directory: Path, capacity: int = CAPACITY_BYTES) -> None:
        """Use `directory`, made when absent; `capacity` in bytes."""
        self.directory = directory
        self.capacity = capacity
        directory.mkdir(parents=True, exist_ok=True)
        (directory / MARKER).touch()
        self._current = directory / "orders.jsonl"

    def used(self) -> int:
        """Bytes really held by the files of the folder."""
        total = 0
        for entry in os.scandir(self.directory):
            try:
                total += entry.stat(follow_symlinks=False).st_size
            except FileNotFoundError:  # deleted while we looked
                continue
        return total

    def append(self, line: str) -> None:
        """Write one order; `OSError` ENOSPC when the quota does not allow it."""
        data = line.encode() + b"\n"
        self._reserve(len(data))
        with self._current.open("ab") as file:
            file.write(data)
            full = file.tell() > ROTATE_BYTES
        if full:
            self._rotate()

    def add_old_trace(self, number: int) -> bool:
        """Leave one big rotated trace file of an hour ago behind; False when the folder is full."""
        room = self.capacity - self.used()
        path = self.directory / f"trace.log.{number}"
        path.write_bytes(b"0" * max(0, min(TRACE_BYTES, room)))
        past = time.time() - 3600
        os.utime(path, (past, past))
        return room > TRACE_BYTES

    def empty(self) -> None:
        """Delete every order and trace."""
        for path in self.directory.iterdir():
            if path.name != MARKER:
                path.unlink(missing_ok=True)

    def _reserve(self, wanted: int) -> None:
        if self.used() + wanted > self.capacity:
            raise OSError(errno.ENOSPC, "No space left on device", str(self._current))

    def _rotate(self) -> None:
        with contextlib.suppress(FileNotFoundError):  # another replica was faster
            self._current.replace(self._current.with_name(f"orders.jsonl.{time.time_ns()}"))
        rotated = sorted(self.directory.glob("orders.jsonl.*"))
        for path in rotated[:-KEEP_ROTATED]:
            path.unlink(missing_ok=True)
