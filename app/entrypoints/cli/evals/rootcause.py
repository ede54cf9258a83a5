"""`sitrep eval rootcause`: ranks the services of past incidents by how likely the trouble started there."""

import argparse
import sys
import time
from pathlib import Path

from app.domain.errors import BadInput
from app.entrypoints.cli.evals.files import json_line, whole_file, with_progress

_HINT = "Name a folder with one folder a case, each with case.json and metrics.csv."


def add_to(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = kinds.add_parser("rootcause", help="rank the services of an incident by where it started")
    parser.add_argument(
        "--cases", type=Path, required=True, help="a folder of cases: case.json, metrics.csv and what else there is"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.set_defaults(run=_run)


def rank_cases(cases: Path, out: Path) -> tuple[int, list[str]]:
    """Ranks the services of every case below `cases`, in order of their names; how many there were, and what was left out.

    A case that cannot be read stops the run with nothing written: raises BadInput naming the first such case.
    """
    from app.analysis.clues import sentence
    from app.analysis.suspects import rank_suspects
    from app.entrypoints.cli.evals.rootcause_case import read_case

    folders = _folders(cases)
    notes: list[str] = []
    with whole_file(out) as file:
        for folder in with_progress(folders, "cases", len(folders)):
            started = time.perf_counter()
            case, left_out = read_case(folder)
            notes += [f"{folder.name}: {note}" for note in left_out]
            ranking = rank_suspects(case)
            evidence = [
                {"service": clue.service, "signal": clue.signal.value, "score": round(clue.score, 3), "why": sentence(clue)}
                for clue in ranking.clues
            ]
            took = round((time.perf_counter() - started) * 1000, 1)
            file.write(json_line({"case": folder.name, "ranked": list(ranking.services), "evidence": evidence, "ms": took}))
    return len(folders), notes


def _folders(cases: Path) -> list[Path]:
    if not cases.is_dir():
        raise BadInput(f"{cases} is no folder.", _HINT)
    folders = sorted(path for path in cases.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not folders:
        raise BadInput(f"{cases} has no case in it.", _HINT)
    return folders


def _run(options: argparse.Namespace) -> int:
    started = time.perf_counter()
    count, notes = rank_cases(options.cases, options.out)
    for note in notes:
        print(note, file=sys.stderr)
    took = time.perf_counter() - started
    print(f"{count} cases ranked in {took:.2f} s, {1000 * took / count:.0f} ms each", file=sys.stderr)
    return 0
