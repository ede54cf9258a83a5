"""What the numbers are worth: detector, alert budget, forecasts, replica plans and choices of actions, each against a rival."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.analysis.alert_budget import Budget
from app.analysis.demand import Capacity, plan_ahead, plan_reactively
from app.analysis.forecast import Breach, time_to_breach
from app.analysis.novelty import Detector, Surprise
from app.analysis.track_record import TrackRecord
from tests.evals import calm, loads, nab, ramps, troubles

MONTHS = (365 - 7) / 30


def main() -> None:
    """Prints one table a part."""
    for part in (benchmark, budget, forecasts, plans, choices):
        print(f"\n{(part.__doc__ or '').splitlines()[0]}")
        part()


def benchmark() -> None:
    """NAB, half of its series; held out: threshold from the other half of each category, mean of 10"""
    if not nab.DATA.exists():
        print("  skipped: the series are not beside the project")
        return
    series = nab.load()
    found, spent = {}, 0.0
    for each in series:
        started = time.process_time()
        scores = Detector().score(each.times, each.values)
        spent += time.process_time() - started
        found[each.name] = nab.detections(scores, each.windows)
    thresholds = nab.thresholds_of(list(found.values()))
    for profile in nab.PROFILES:
        best = nab.curve(list(found.values()), thresholds, profile).max()
        mean, spread = nab.held_out(found, profile)
        chance = _chance(series, profile)
        print(f"  {profile:9} best threshold {best:5.1f}   held out {mean:5.1f} +- {spread:.1f}   chance {chance:5.1f}")
    print(f"  {spent / sum(len(each.values) for each in series) * 1e6:.2f} us of CPU a row")


def _chance(series: list[nab.Labelled], profile: str) -> float:
    """The same scores, shuffled within each series."""
    random = np.random.default_rng(1)
    found = [
        nab.detections(random.permutation(Detector().score(each.times, each.values)).tolist(), each.windows) for each in series
    ]
    return float(nab.curve(found, nab.thresholds_of(found), profile).max())


def budget() -> None:
    """Alerts a month over budgeted ones, a simulated year each, nothing wrong in it"""
    times = [300.0 * row for row in range(365 * calm.DAY)]
    for kind in calm.KINDS:
        years = [Detector().judge(times, calm.year(kind, seed)) for seed in range(2)]
        shares = []
        for a_month in (0.5, 1.0, 2.0):
            alerts = sum(_alerts(spoken, a_month) for spoken in years)
            shares.append(f"{alerts / 2 / MONTHS / a_month:5.2f} of {a_month:g}")
        print(f"  {kind:14} {'   '.join(shares)}")


def _alerts(spoken: list[Surprise], a_month: float) -> int:
    rules = Budget(a_month)
    return sum(rules.rule(300.0 * surprise.row, surprise.score).alerts for surprise in spoken)


def forecasts() -> None:
    """Time to breach on seeded ramps: median error, share of truths inside the 80 % interval, misses, false breaches"""
    _forecast("simulated futures", lambda case: time_to_breach(case.values, case.step_s, case.threshold, True, case.horizon_s))
    _forecast("predict_linear, all", lambda case: _linear(case, len(case.values)))
    _forecast("predict_linear, 6 h", lambda case: _linear(case, max(8, int(21_600 / case.step_s))))


def _forecast(name: str, forecast: Callable[[ramps.Ramp], Breach | None]) -> None:
    cases = [ramps.ramp(kind, seed) for kind in ramps.KINDS for seed in range(1000, 1040)]
    answers = [(case, forecast(case)) for case in cases]
    coming = [(case.breach_s, answer) for case, answer in answers if case.breach_s is not None]
    errors = [1.0 if answer is None else abs(answer.eta_s - truth) / truth for truth, answer in coming]
    inside = [answer.earliest_s <= truth <= answer.latest_s for truth, answer in coming if answer is not None]
    missed = sum(answer is None for _, answer in coming)
    quiet = [answer for case, answer in answers if case.breach_s is None]
    wrong = sum(answer is not None for answer in quiet)
    print(
        f"  {name:20} error {np.median(errors):.2f}   inside {np.mean(inside):.2f}   "
        f"missed {missed} of {len(coming)}   false {wrong} of {len(quiet)}"
    )


def _linear(case: ramps.Ramp, rows: int) -> Breach | None:
    values = case.values[-rows:]
    slope, start = np.polyfit(np.arange(len(values)), values, 1)
    if slope <= 0:
        return None
    after = max((case.threshold - start) / slope - len(values) + 1, 1.0) * case.step_s
    return Breach(after, after, after) if after <= case.horizon_s else None


def plans() -> None:
    """Replica plans at equal cost, start of 10 minutes: capacity over demand, steps saturated, demand lost"""
    both = []
    for kind in loads.KINDS:
        series = loads.load(kind, 1)
        capacity = Capacity(float(series.mean()) / 20, 0.7, 1, 10**6, 600.0)
        ahead = _outcome(series, plan_ahead(series.tolist(), loads.STEP_S, capacity), capacity)
        reactive = _at_cost(series, capacity, ahead[0])
        both.append((ahead, reactive))
        print(f"  {kind:16} ahead {_three(ahead)}   reactive {_three(reactive)}")
    ahead, reactive = (np.mean([pair[side] for pair in both], axis=0) for side in (0, 1))
    print(f"  {'mean':16} ahead {_three(ahead)}   reactive {_three(reactive)}")


def _at_cost(series: loads.Floats, capacity: Capacity, cost: float) -> tuple[float, float, float]:
    low, high = 0.3, 1.0
    result = (0.0, 0.0, 0.0)
    for _ in range(10):
        filling = (low + high) / 2
        rival = Capacity(capacity.per_replica, filling, 1, 10**6, capacity.startup_s)
        result = _outcome(series, plan_reactively(series.tolist(), rival), rival)
        low, high = (filling, high) if result[0] > cost else (low, filling)
    return result


def _outcome(series: loads.Floats, plan: list[int], capacity: Capacity) -> tuple[float, float, float]:
    return loads.outcome(series, np.array(plan, dtype=float), capacity.per_replica, 2)


def _three(outcome: tuple[float, float, float]) -> str:
    return f"{outcome[0]:.2f} / {100 * outcome[1]:.2f} % / {100 * outcome[2]:.2f} %"


def choices() -> None:
    """Actions over 400 troubles of 12 kinds: regret of the record and of the fixed order, runs alone, those below .8"""
    for name, changes in (("steady", False), ("fix stops working", True)):
        rows = np.mean([_regret(seed, changes) for seed in range(100, 105)], axis=0)
        print(f"  {name:18} record {rows[0]:.0f}   fixed order {rows[1]:.0f}   alone {rows[2]:.0f}   below .8 {rows[3]:.1f}")


def _regret(seed: int, changes: bool) -> tuple[float, float, float, float]:
    record = TrackRecord()
    learnt = fixed = alone = wrong = 0.0
    for kind, outcomes, chances in zip(*troubles.history(seed, changes=changes), strict=True):
        choice, best = record.choose(kind, troubles.ACTIONS), max(chances.values())
        learnt += best - chances[choice.action]
        fixed += best - chances[troubles.ACTIONS[0]]
        alone += choice.may_run_alone
        wrong += choice.may_run_alone and chances[choice.action] < 0.8
        record.learn(kind, choice.action, outcomes[choice.action])
    return learnt, fixed, alone, wrong


if __name__ == "__main__":
    main()
