"""Measures where-does-it-start: simulated incidents and, where the sample data lies beside the project, Online Boutique.

Prints top-1, top-3 and Avg@5 (ties at their worst) beside blind chance, with the start noticed a minute late and with each
signal left out. `--cases` sets how many incidents are made of each kind, `--seed` which ones.
"""

import argparse
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.analysis.clues import SignalKind
from app.analysis.past import quantiles
from app.analysis.suspects import Ranking, rank_suspects, services_of
from tests.evals.incidents.boutique import boutique
from tests.evals.incidents.five_minutes import five_minutes
from tests.evals.incidents.requests import requests
from tests.evals.incidents.score import Score, chance, rank_of, score_of
from tests.evals.incidents.stress import stress
from tests.evals.incidents.truth import KnownIncident, noticed_late

SAMPLE_DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "rootcause"
LATE_S = 60.0


def main() -> None:
    """Prints one block a set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-ablation", action="store_true")
    options = parser.parse_args()
    for name, make in (("five minutes", five_minutes), ("stress", stress), ("requests", requests)):
        _block(name, list(make(options.cases, options.seed)), not options.no_ablation)
    if (SAMPLE_DATA / "rca_data").is_dir():
        _block("Online Boutique", list(boutique(SAMPLE_DATA)), not options.no_ablation)
    else:
        print("Online Boutique: skipped, its sample data is not beside the project")


def _block(name: str, incidents: Sequence[KnownIncident], with_ablation: bool) -> None:
    started = time.process_time()
    rankings = [rank_suspects(incident.case) for incident in incidents]
    took = (time.process_time() - started) / len(incidents)
    print(f"\n{name}: {len(incidents)} incidents, {1000 * took:.0f} ms of processor each")
    print(f"  {'':32} top-1  top-3  Avg@5")
    _line("frozen rule", _score(incidents, rankings))
    _line("blind chance", chance(rankings, [incident.cause for incident in incidents]))
    _line("largest jump over its quartiles", _score(incidents, [_largest_jump(incident) for incident in incidents]))
    late = [noticed_late(incident, LATE_S) for incident in incidents]
    _line("start noticed 60 s late", _score(late, [rank_suspects(incident.case) for incident in late]))
    for kind in sorted({incident.fault for incident in incidents}):
        chosen = [index for index, incident in enumerate(incidents) if incident.fault == kind]
        _line(f"  only {kind}", _score([incidents[index] for index in chosen], [rankings[index] for index in chosen]))
    for signal in SignalKind if with_ablation else ():
        if any(clue.signal is signal for ranking in rankings for clue in ranking.clues):
            without = [rank_suspects(incident.case, frozenset({signal})) for incident in incidents]
            _line(f"without {signal.value}", _score(incidents, without))


def _score(incidents: Sequence[KnownIncident], rankings: Sequence[Ranking]) -> Score:
    return score_of(rank_of(incident.cause, ranking) for incident, ranking in zip(incidents, rankings, strict=True))


def _largest_jump(incident: KnownIncident) -> Ranking:
    """The rival: maximum over the interquartile range (BARO), numbers alone, in any direction, no graph."""
    case = incident.case
    before, during = case.values[case.times < case.start], case.values[(case.times >= case.start) & (case.times <= case.end)]
    low, middle, high = quantiles(before, (0.25, 0.5, 0.75))
    bottom, top = quantiles(during, (0.0, 1.0))
    best = dict.fromkeys(services_of(case), 0.0)
    for index, column in enumerate(case.columns):
        spread = max(float(high[index] - low[index]), 1e-9)
        jump = max(float(top[index] - middle[index]), float(middle[index] - bottom[index])) / spread
        if math.isfinite(jump):
            best[column.service] = max(best[column.service], jump)
    order = sorted(best, key=lambda name: (-best[name], name))
    return Ranking(tuple(order), tuple(best[name] for name in order), ())


def _line(what: str, score: Score) -> None:
    print(f"  {what:32} {score.first:5.2f}  {score.three:5.2f}  {score.average5:5.3f}")


if __name__ == "__main__":
    main()
