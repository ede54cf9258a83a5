"""`sitrep eval forecast`: says when series will cross their limits, for measuring the forecasts."""

import argparse
import sys
import time
from pathlib import Path

from app.entrypoints.cli.evals.fields import Line
from app.entrypoints.cli.evals.files import json_line, read_jsonl, whole_file, with_progress

_HINT = 'Each line must be {"id", "step_s", "values": [...], "threshold", "direction": "above" or "below", "horizon_s"}.'


def add_to(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = kinds.add_parser("forecast", help="say when series will cross their limits")
    parser.add_argument("--series", type=Path, required=True, help="JSON Lines of series with a threshold and a horizon")
    parser.add_argument("--out", type=Path, required=True)
    parser.set_defaults(run=_run)


def forecast_lines(series: Path, out: Path) -> int:
    """Reads one series a line and writes `{id, eta_s, earliest_s, latest_s}` in the same order; how many there were.

    All three are null where no breach is expected within the horizon. Raises BadInput naming the first line that cannot be read.
    """
    count = 0
    with whole_file(out) as file:
        for number, item in with_progress(read_jsonl(series, _HINT), "series"):
            file.write(json_line(_answer(Line(number, item, series, _HINT))))
            count += 1
    return count


def _answer(line: Line) -> dict[str, object]:
    import numpy as np

    from app.analysis.forecast import time_to_breach

    direction = line.text("direction")
    if direction not in {"above", "below"}:
        raise line.problem('has a "direction" that is neither "above" nor "below"')
    values, step = np.array(line.reals("values"), dtype=float), line.real("step_s", over=0)
    breach = time_to_breach(values, step, line.real("threshold"), direction == "above", line.real("horizon_s", over=0))
    if breach is None:
        return {"id": line.any("id"), "eta_s": None, "earliest_s": None, "latest_s": None}
    return {"id": line.any("id"), "eta_s": breach.eta_s, "earliest_s": breach.earliest_s, "latest_s": breach.latest_s}


def _run(options: argparse.Namespace) -> int:
    started = time.perf_counter()
    count = forecast_lines(options.series, options.out)
    print(f"{count} series forecast in {time.perf_counter() - started:.2f} s", file=sys.stderr)
    return 0
