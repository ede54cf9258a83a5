"""Redacts a file of lines, one JSON object each, for measuring what redaction finds and what it leaves alone."""

import json
import tempfile
from pathlib import Path

from app.domain.errors import BadInput
from app.domain.redaction import Redactor

_HINT = 'Each line must be a JSON object with "id" and "text".'


def redact_lines(in_path: Path, out_path: Path) -> int:
    """Reads `{id, text}` lines and writes `{id, text}` lines in the same order with what must not leave replaced.

    Returns how many were written. Other keys and blank lines are ignored. Lines are judged one by one, with a redactor each.
    The output appears whole or not at all; raises BadInput naming the first line that cannot be read.
    """
    try:
        raw = in_path.read_bytes()
    except OSError as problem:
        raise BadInput(f"{in_path} cannot be read: {problem.strerror}.", "Name an existing JSONL file.") from None
    lines = [
        json.dumps(_redacted(line, number, in_path), ensure_ascii=True)
        for number, line in enumerate(raw.split(b"\n"), 1)
        if line.strip()
    ]
    _write_whole(out_path, "".join(f"{line}\n" for line in lines))
    return len(lines)


def _redacted(line: bytes, number: int, path: Path) -> dict[str, object]:
    try:
        item = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except (ValueError, RecursionError):
        raise BadInput(f"Line {number} of {path} is not JSON.", _HINT) from None
    if not isinstance(item, dict) or "id" not in item or not isinstance(item.get("text"), str):
        raise BadInput(f'Line {number} of {path} has no "id" or no "text".', _HINT)
    return {"id": item["id"], "text": Redactor().redact(item["text"]).text}


def _write_whole(path: Path, text: str) -> None:
    """Through a temporary file beside it, so that a reader never sees half of it."""
    temporary: Path | None = None
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(text)
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as problem:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise BadInput(f"{path} cannot be written: {problem.strerror}.", "Name a file in a folder that exists.") from None
