"""`sitrep eval redact`: replaces what must not leave, for measuring what redaction finds and what it leaves alone."""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from app.domain.errors import BadInput
from app.entrypoints.cli.evals.files import json_line, read_jsonl, whole_file, with_progress

_HINT = 'Each line must be a JSON object with "id" and "text".'


def add_to(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = kinds.add_parser("redact", help="replace what must not leave")
    parser.add_argument("--lines", type=Path, required=True, help='JSON Lines of {"id", "text"}')
    parser.add_argument("--out", type=Path, required=True)
    parser.set_defaults(run=_run)


def redact_lines(lines: Path, out: Path) -> int:
    """Reads `{id, text}` lines and writes them in the same order with what must not leave replaced; how many there were.

    Lines are judged one by one, with a redactor each. Raises BadInput naming the first line that cannot be read.
    """
    from app.domain.redaction import Redactor

    count = 0
    with whole_file(out) as file:
        for name, text in with_progress(_texts(lines), "lines"):
            file.write(json_line({"id": name, "text": Redactor().redact(text).text}))
            count += 1
    return count


def _texts(lines: Path) -> Iterator[tuple[object, str]]:
    for number, item in read_jsonl(lines, _HINT):
        text = item.get("text")
        if "id" not in item or not isinstance(text, str):
            raise BadInput(f'Line {number} of {lines} has no "id" or no "text".', _HINT)
        yield item["id"], text


def _run(options: argparse.Namespace) -> int:
    started = time.perf_counter()
    count = redact_lines(options.lines, options.out)
    print(f"{count} lines redacted in {time.perf_counter() - started:.2f} s", file=sys.stderr)
    return 0
