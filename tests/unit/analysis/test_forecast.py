"""Time to breach: near the truth on ramps, silent where nothing is coming, honest about its interval."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis.forecast import Breach, time_to_breach
from tests.evals.ramps import Ramp, ramp

HOUR = 3600.0


def forecast(case: Ramp) -> Breach | None:
    return time_to_breach(case.values, case.step_s, case.threshold, is_above=True, horizon_s=case.horizon_s)


@pytest.mark.parametrize("kind", ["linear", "seasonal", "bent", "cleaned up"])
def test_a_ramp_breaches_about_when_it_says(kind: str) -> None:
    cases = [case for case in (ramp(kind, seed) for seed in range(100, 130)) if case.breach_s is not None]
    errors, covered = [], []
    for case in cases:
        breach, truth = forecast(case), case.breach_s or 0.0
        errors.append(1.0 if breach is None else abs(breach.eta_s - truth) / truth)
        covered.append(breach is not None and breach.earliest_s <= truth <= breach.latest_s)
    assert len(cases) > 15
    assert np.median(errors) < 0.25
    assert np.mean(covered) > 0.6


@pytest.mark.parametrize("kind", ["flat", "flat seasonal", "saw-tooth"])
def test_no_breach_is_promised_where_none_is_coming(kind: str) -> None:
    cases = [case for case in (ramp(kind, seed) for seed in range(100, 120)) if case.breach_s is None]
    assert sum(forecast(case) is not None for case in cases) <= 1


def test_downwards_is_upwards_mirrored() -> None:
    case = ramp("linear", 3)
    mirrored = time_to_breach(-case.values, case.step_s, -case.threshold, is_above=False, horizon_s=case.horizon_s)
    assert mirrored == forecast(case)


def test_a_clean_line_crosses_when_arithmetic_says() -> None:
    values = np.arange(100.0)
    breach = time_to_breach(values, 60.0, 120.0, is_above=True, horizon_s=2 * HOUR)
    assert breach == Breach(21 * 60.0, 21 * 60.0, 21 * 60.0)


def test_a_series_that_is_beyond_already_answers_now() -> None:
    assert time_to_breach(np.full(20, 9.0), 60.0, 5.0, is_above=True, horizon_s=HOUR) == Breach(0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("values", "step_s", "threshold", "horizon_s"),
    [([], 60.0, 5.0, HOUR), ([1.0, 2.0], 60.0, 5.0, HOUR), ([np.nan] * 50, 60.0, 5.0, HOUR), ([1.0] * 50, 0.0, 5.0, HOUR),
     ([1.0] * 50, 60.0, 5.0, 1.0), ([1.0] * 50, 60.0, np.nan, HOUR)],
)  # fmt: skip
def test_too_little_or_senseless_input_is_no_breach(
    values: list[float], step_s: float, threshold: float, horizon_s: float
) -> None:
    assert time_to_breach(np.array(values), step_s, threshold, is_above=True, horizon_s=horizon_s) is None


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.one_of(st.floats(-1e6, 1e6), st.sampled_from([float("nan"), float("inf"), -1e308])), max_size=200),
    threshold=st.floats(-1e6, 1e6),
    horizon_s=st.floats(60, 1e7),
    is_above=st.booleans(),
)
def test_the_answer_is_ordered_and_within_the_horizon(
    values: list[float], threshold: float, horizon_s: float, is_above: bool
) -> None:
    breach = time_to_breach(np.array(values, dtype=float), 60.0, threshold, is_above, horizon_s)
    if breach is not None:
        assert 0 <= breach.earliest_s <= breach.eta_s <= breach.latest_s <= horizon_s
        assert breach == time_to_breach(np.array(values, dtype=float), 60.0, threshold, is_above, horizon_s)


def test_gaps_are_bridged() -> None:
    values = np.arange(200.0)
    values[50:60] = np.nan
    breach = time_to_breach(values, 60.0, 250.0, is_above=True, horizon_s=2 * HOUR)
    assert breach is not None
    assert breach.eta_s == pytest.approx(51 * 60.0, rel=0.05)
