"""`sitrep eval remediation`: chooses one action a line, then learns from its outcome, for measuring what is learnt."""

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from app.entrypoints.cli.evals.fields import Line
from app.entrypoints.cli.evals.files import json_line, read_jsonl, whole_file, with_progress

if TYPE_CHECKING:
    from app.analysis.track_record import TrackRecord

_HINT = 'Each line must be {"id", "fingerprint", "actions": [name, ...], "outcomes": {name: recovered, no_change or worse}}.'
_OUTCOMES = {"recovered", "no_change", "worse"}


def add_to(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = kinds.add_parser("remediation", help="choose one action a line and learn from its outcome")
    parser.add_argument("--history", type=Path, required=True, help="JSON Lines of troubles in order")
    parser.add_argument("--out", type=Path, required=True)
    parser.set_defaults(run=_run)


def choose_lines(history: Path, out: Path) -> int:
    """Reads one trouble a line and writes `{id, chosen, would_auto_run}` in the same order; how many there were.

    The choice is made from the lines before; of a line's outcomes only the chosen action's is looked at, and after the choice.
    Raises BadInput naming the first line that cannot be read.
    """
    from app.analysis.track_record import TrackRecord

    record, count = TrackRecord(), 0
    with whole_file(out) as file:
        for number, item in with_progress(read_jsonl(history, _HINT), "troubles"):
            file.write(json_line(_answer(Line(number, item, history, _HINT), record)))
            count += 1
    return count


def _answer(line: Line, record: "TrackRecord") -> dict[str, object]:
    actions, outcomes, kind = line.any("actions"), line.any("outcomes"), line.text("fingerprint")
    if not isinstance(actions, list) or not actions or not all(isinstance(action, str) for action in actions):
        raise line.problem('has "actions" that are no list of names')
    choice = record.choose(kind, actions)
    outcome = outcomes.get(choice.action) if isinstance(outcomes, dict) else None
    if not isinstance(outcome, str) or outcome not in _OUTCOMES:
        raise line.problem(f"has no outcome of {choice.action!r} that is recovered, no_change or worse")
    record.learn(kind, choice.action, outcome)
    return {"id": line.any("id"), "chosen": choice.action, "would_auto_run": choice.may_run_alone}


def _run(options: argparse.Namespace) -> int:
    started = time.perf_counter()
    count = choose_lines(options.history, options.out)
    print(f"{count} choices in {time.perf_counter() - started:.2f} s", file=sys.stderr)
    return 0
