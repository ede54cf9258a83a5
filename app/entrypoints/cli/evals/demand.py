"""`sitrep eval demand`: says how many replicas would have been asked for, for measuring the plans."""

import argparse
import sys
import time
from pathlib import Path

from app.entrypoints.cli.evals.fields import Line
from app.entrypoints.cli.evals.files import json_line, read_jsonl, whole_file, with_progress

_HINT = 'Each line must be {"id", "step_s", "values": [...], "per_replica", "target_utilisation", "min", "max", "startup_s"}.'


def add_to(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = kinds.add_parser("demand", help="say how many replicas would have been asked for")
    parser.add_argument("--series", type=Path, required=True, help="JSON Lines of loads with what a replica carries")
    parser.add_argument("--out", type=Path, required=True)
    parser.set_defaults(run=_run)


def plan_lines(series: Path, out: Path) -> int:
    """Reads one load series a line and writes `{id, replicas}` in the same order; how many there were.

    Each step is decided from the loads up to it alone. Raises BadInput naming the first line that cannot be read.
    """
    count = 0
    with whole_file(out) as file:
        for number, item in with_progress(read_jsonl(series, _HINT), "series"):
            file.write(json_line(_answer(Line(number, item, series, _HINT))))
            count += 1
    return count


def _answer(line: Line) -> dict[str, object]:
    from app.analysis.demand import Capacity, plan_ahead

    least, most = (line.real(name, least=0) for name in ("min", "max"))
    if not (least.is_integer() and most.is_integer() and least <= most):
        raise line.problem('has no whole numbers "min" <= "max"')
    filling = line.real("target_utilisation", over=0)
    if filling > 1:
        raise line.problem('has a "target_utilisation" above 1')
    capacity = Capacity(line.real("per_replica", over=0), filling, int(least), int(most), line.real("startup_s", least=0))
    return {"id": line.any("id"), "replicas": plan_ahead(line.reals("values"), line.real("step_s", over=0), capacity)}


def _run(options: argparse.Namespace) -> int:
    started = time.perf_counter()
    count = plan_lines(options.series, options.out)
    print(f"{count} series planned in {time.perf_counter() - started:.2f} s", file=sys.stderr)
    return 0
