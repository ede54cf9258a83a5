"""The log file of a service: one JSON object per line, shared by its replicas and kept small."""

import json
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

MAX_BYTES = 2_000_000


def utc_now() -> str:
    """The present moment as RFC 3339 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Journal:
    """Appends log lines to `logs/<service>.jsonl`; above 2 MB the file moves to `.1`."""

    def __init__(self, path: Path, **fields: object) -> None:
        """Write to `path`; `fields` stand in every line."""
        self._path = path
        self._fields = fields

    def info(self, message: str, **fields: object) -> None:
        """Note what happened."""
        self._write("info", message, fields)

    def warning(self, message: str, **fields: object) -> None:
        """Note what needs a look."""
        self._write("warning", message, fields)

    def error(self, message: str, **fields: object) -> None:
        """Note what failed a request."""
        self._write("error", message, fields)

    def _write(self, level: str, message: str, fields: dict[str, object]) -> None:
        line = json.dumps({"time": utc_now(), **self._fields, "level": level, "message": message, **fields}) + "\n"
        # Opened anew for each line, so that replicas share one file and survive its rotation.
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line)
            full = file.tell() > MAX_BYTES
        if full:
            self._path.replace(self._path.with_name(self._path.name + ".1"))


def last_lines(path: Path, limit: int) -> list[dict[str, object]]:
    """The newest `limit` log lines, oldest first; an absent file is empty, a torn line is left out."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", errors="replace") as file:
        tail = deque(file, maxlen=limit)
    return [parsed for line in tail if (parsed := _parse(line)) is not None]


def _parse(line: str) -> dict[str, object] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
