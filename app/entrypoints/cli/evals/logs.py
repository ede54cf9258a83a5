"""`sitrep eval logs`: gives each log line the id of its template, for measuring how well lines are grouped."""

import argparse
import sys
import time
from array import array
from collections.abc import Iterator
from pathlib import Path

from app.domain.errors import BadInput
from app.entrypoints.cli.evals.files import json_line, read_jsonl, whole_file, with_progress

_HINT = 'Each line must be a JSON object with "id" and "line".'
_MOST_WORDINGS = 100_000


def add_to(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = kinds.add_parser("logs", help="group log lines by template")
    parser.add_argument("--lines", type=Path, required=True, help='JSON Lines of {"id", "line"}')
    parser.add_argument("--out", type=Path, required=True, help='JSON Lines of {"id", "template_id"}, in the same order')
    parser.set_defaults(run=_run)


def group_lines(lines: Path, out: Path) -> tuple[int, int]:
    """Reads `{id, line}` and writes `{id, template_id}` in the same order; how many lines and how many templates.

    Lines are learnt online by the same miner the service uses. Which wordings are one template is asked once, after the last
    line. Raises BadInput naming the first line that cannot be read.
    """
    from app.analysis.log_templates import LogTemplates

    miner, names, wordings = LogTemplates(_MOST_WORDINGS), [], array("Q")
    for name, line in with_progress(_lines(lines), "lines"):
        names.append(name)
        wordings.append(miner.learn(line))
    families = miner.families()
    found = [families.get(wording, wording) for wording in wordings]
    with whole_file(out) as file:
        file.writelines(json_line({"id": name, "template_id": number}) for name, number in zip(names, found, strict=True))
    return len(found), len(set(found))


def _lines(lines: Path) -> Iterator[tuple[object, str]]:
    for number, item in read_jsonl(lines, _HINT):
        line = item.get("line")
        if "id" not in item or not isinstance(line, str):
            raise BadInput(f'Line {number} of {lines} has no "id" or no "line".', _HINT)
        yield item["id"], line


def _run(options: argparse.Namespace) -> int:
    started = time.perf_counter()
    count, templates = group_lines(options.lines, options.out)
    took = time.perf_counter() - started
    print(f"{count} lines in {templates} templates, {took:.2f} s ({count / max(took, 1e-9):.0f} lines/s)", file=sys.stderr)
    return 0
