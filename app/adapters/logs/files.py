"""Reads what services wrote as JSON lines, from the end of the file backwards, so that a large file costs no more."""

import json
import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from app.domain.errors import Unavailable
from app.ports.logs import LogLine

BLOCK_BYTES = 64 * 1024
MAX_BYTES = 16 * 1024 * 1024
MAX_LINE_BYTES = 64 * 1024
MAX_LINES = 5000
MAX_LOOKED_AT = 100_000  # lines of one request, readable or not
MAX_MESSAGE = 4000
TOO_OLD = 200  # so many lines in a row before the window end the search: replicas write slightly out of order

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)


class FileLogs:
    """`<folder>/<service>.jsonl`, one `{time, level, message}` a line, and before it the rotated `<service>.jsonl.1`.

    A line that is not such an object is skipped; so is one longer than 64 KiB. At most 16 MiB per file
    and 100,000 lines are read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def between(self, service: str, start: datetime, end: datetime, limit: int = 500) -> Sequence[LogLine]:
        """The newest `limit` lines in the window, oldest first; empty if the service has written none; raises Unavailable."""
        if not self._folder.is_dir():
            raise Unavailable(f"The log folder {self._folder} does not exist.", "Correct logs.dir in the configuration.")
        if not _NAME.fullmatch(service):
            return ()
        wanted = max(0, min(limit, MAX_LINES))
        found: list[LogLine] = []
        old_in_a_row = 0
        for raw in islice(self._newest_first(service), MAX_LOOKED_AT):
            if len(found) >= wanted or old_in_a_row >= TOO_OLD:
                break
            line = _parse(raw, service)
            if line is None:
                continue
            old_in_a_row = old_in_a_row + 1 if line.at < start else 0
            if start <= line.at <= end:
                found.append(line)
        found.reverse()
        return sorted(found, key=lambda line: line.at)

    def _newest_first(self, service: str) -> Iterator[bytes]:
        for name in (f"{service}.jsonl", f"{service}.jsonl.1"):
            path = self._folder / name
            try:
                if path.is_file():
                    yield from lines_backwards(path)
            except OSError as error:
                raise Unavailable(f"The log file {name} cannot be read: {error.strerror}.", "Check its permissions.") from None


def lines_backwards(path: Path) -> Iterator[bytes]:
    """The lines of a file from the last to the first; an overlong one is left out."""
    with path.open("rb") as file:
        position = file.seek(0, os.SEEK_END)
        lowest = max(0, position - MAX_BYTES)
        rest = b""
        is_overlong = False  # the beginning of the line in `rest` is still to come and it is too long already
        while position > lowest:
            size = min(BLOCK_BYTES, position - lowest)
            position = file.seek(position - size)
            first, *others = (file.read(size) + rest).split(b"\n")
            for line in reversed(others):
                if not is_overlong and len(line) <= MAX_LINE_BYTES:
                    yield line
                is_overlong = False
            is_overlong = is_overlong or len(first) > MAX_LINE_BYTES
            rest = b"" if is_overlong else first
        if rest and position == 0:
            yield rest


def _parse(raw: bytes, service: str) -> LogLine | None:
    try:
        entry = json.loads(raw)
        if not isinstance(entry, dict):
            return None
        at = _time(entry.get("time"))
    except (ValueError, RecursionError, OverflowError, OSError):
        return None
    message, level = entry.get("message"), entry.get("level", "")
    if at is None or not isinstance(message, str):
        return None
    return LogLine(at, service, level[:20] if isinstance(level, str) else "", message[:MAX_MESSAGE])


def _time(value: object) -> datetime | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str):
        read = datetime.fromisoformat(value)
        return read.astimezone(UTC) if read.tzinfo else None
    return None
