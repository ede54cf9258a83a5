"""Cases in, answers out: JSON Lines read with clear errors, results that appear whole or not at all, and progress."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TypeVar

from app.domain.errors import BadInput

PROGRESS_EVERY_S = 0.2

T = TypeVar("T")


def read_jsonl(path: Path, hint: str) -> Iterator[tuple[int, dict[str, object]]]:
    """The objects of a JSON Lines file with their line numbers, streamed; blank lines are skipped.

    Raises BadInput naming the file or the first line that is no JSON object; `hint` says what a line must be.
    """
    try:
        file = path.open("rb")
    except OSError as problem:
        raise BadInput(f"{path} cannot be read: {problem.strerror}.", "Name an existing JSON Lines file.") from None
    with file:
        for number, raw in enumerate(file, 1):
            if raw.strip():
                yield number, _object(raw, number, path, hint)


def _object(raw: bytes, number: int, path: Path, hint: str) -> dict[str, object]:
    try:
        item = json.loads(raw.decode("utf-8-sig" if number == 1 else "utf-8"))
    except (ValueError, RecursionError):
        raise BadInput(f"Line {number} of {path} is not JSON.", hint) from None
    if not isinstance(item, dict):
        raise BadInput(f"Line {number} of {path} is no JSON object.", hint)
    return item


def json_line(answer: Mapping[str, object]) -> str:
    """One answer as one line of ASCII JSON."""
    return json.dumps(answer, ensure_ascii=True, allow_nan=False) + "\n"


@contextmanager
def whole_file(path: Path) -> Iterator[IO[str]]:
    """A text file that takes the name `path` only when the block ends well; raises BadInput if it cannot be written."""
    temporary: Path | None = None
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            yield file
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
        temporary = None
    except OSError as problem:
        raise BadInput(f"{path} cannot be written: {problem.strerror}.", "Name a file in a folder that exists.") from None
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink()


def with_progress(items: Iterable[T], what: str, total: int = 0) -> Iterator[T]:
    """The same items, counted on standard error while they pass if that is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    shown_at, count = 0.0, 0
    for count, item in enumerate(items, 1):
        yield item
        if time.monotonic() - shown_at >= PROGRESS_EVERY_S:
            shown_at = time.monotonic()
            print(f"\r{count}{f' of {total}' if total else ''} {what}", end="", file=sys.stderr, flush=True)
    print(f"\r{count}{f' of {total}' if total else ''} {what}", file=sys.stderr)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
