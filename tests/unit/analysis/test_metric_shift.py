"""Numbers against their own past: direction, floors, noise, gaps and late starts."""

import numpy as np
import pytest

from app.analysis.case import Floats
from app.analysis.metric_meaning import Family, meaning_of
from app.analysis.metric_shift import Moves, judged_by, moves
from app.analysis.past import quantiles, surprises, windows_of

START = 6000.0
TIMES = np.arange(0.0, 6600.0, 60.0)


def _judge(series: Floats, up: float = 1.0, down: float = 1.0, floor: float = 0.05, start: float = START) -> Moves:
    windows = windows_of(TIMES, start, float(TIMES[-1]))
    return moves(TIMES, series[:, None], judged_by([(up, down, floor)]), windows)


def _noise(size: float = 1.0) -> Floats:
    return np.random.default_rng(3).normal(100, size, len(TIMES))


def _surprise(found: Moves) -> float:
    return float(surprises(found.scores, 0.9)[-1, 0])


def test_a_jump_counts_in_its_bad_direction_only() -> None:
    series = _noise()
    series[TIMES >= START] += 50
    assert _surprise(_judge(series, up=1, down=0)) > 2
    assert _surprise(_judge(series, up=0, down=1)) == 0
    assert _surprise(_judge(200 - series, up=0, down=1)) > 2


def test_the_jump_names_the_usual_and_the_odd_value() -> None:
    series = _noise(0.1)
    series[TIMES >= START] = 340
    found = _judge(series)
    assert found.normal[0] == pytest.approx(100, abs=1)
    assert found.worst[0] == pytest.approx(340, abs=1)


def test_a_trifle_on_a_flat_series_is_no_surprise() -> None:
    series = np.full(len(TIMES), 100.0)
    series[TIMES >= START] = 100.5
    assert _surprise(_judge(series)) < 0.2


def test_a_series_of_zeros_that_starts_to_count_is_a_surprise() -> None:
    series = np.zeros(len(TIMES))
    series[TIMES >= START] = 3
    assert _surprise(_judge(series)) > 4


def test_a_number_that_always_jumps_is_less_surprising_than_one_that_never_did() -> None:
    calm, jumpy = _noise(), _noise()
    jumpy[::13] += 60
    jumpy[1::13] += 60
    jumpy[2::13] += 60
    for series in (calm, jumpy):
        series[TIMES >= START] += 60
    assert _surprise(_judge(calm)) > _surprise(_judge(jumpy)) + 1


def test_a_slow_drift_that_began_long_before_is_taken_from_the_minutes_before() -> None:
    series = _noise(0.5) + TIMES / 60
    assert _surprise(_judge(series)) < 0.7


def test_one_freak_row_in_the_incident_is_not_an_incident() -> None:
    series = _noise()
    series[-2] += 500
    assert _surprise(_judge(series)) < 1


def test_a_start_noticed_a_minute_late_changes_little() -> None:
    series = _noise()
    series[TIMES >= START] += 50
    assert _surprise(_judge(series, start=START + 60)) > 0.8 * _surprise(_judge(series))


def test_missing_numbers_and_columns_without_any_are_no_surprise() -> None:
    series = _noise()
    series[TIMES >= START] = np.nan
    assert _surprise(_judge(series)) == 0
    assert _surprise(_judge(np.full(len(TIMES), np.nan))) == 0
    sparse = np.full(len(TIMES), np.nan)
    sparse[[3, 50, -2]] = 1, 1, 900
    assert _surprise(_judge(sparse)) == 0


def test_a_gap_in_the_past_is_stepped_over() -> None:
    times = np.r_[np.arange(0.0, 3600.0, 60.0), 90_000 + np.arange(0.0, 1200.0, 60.0)]
    windows = windows_of(times, 90_600.0, 91_200.0)
    assert windows.covered < 4500
    assert all(np.any((times >= begin) & (times < begin + windows.length)) for begin in windows.past)
    assert windows.past.max() + windows.length <= windows.normal_end


def test_without_a_past_nothing_is_surprising() -> None:
    windows = windows_of(TIMES, 0.0, 600.0)
    found = moves(TIMES, _noise()[:, None], judged_by([(1, 1, 0.05)]), windows)
    assert found.scores.shape == (1, 1)
    assert found.scores[0, 0] == 0


def test_quantiles_leave_out_what_is_not_a_number() -> None:
    values = np.array([[1.0, np.nan], [np.nan, np.nan], [3.0, np.nan], [2.0, np.nan]])
    low, middle, high = quantiles(values, (0.0, 0.5, 1.0))
    assert (low[0], middle[0], high[0]) == (1, 2, 3)
    assert np.isnan(middle[1])


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("latency_p95", Family.LATENCY),
        ("PodServerLatencyP90(s)", Family.LATENCY),
        ("http_request_duration_seconds", Family.LATENCY),
        ("availability", Family.SUCCESS),
        ("PodSuccessRate(%)", Family.SUCCESS),
        ("error_rate", Family.ERRORS),
        ("http_5xx", Family.ERRORS),
        ("requests", Family.TRAFFIC),
        ("PodWorkload(Ops)", Family.TRAFFIC),
        ("CpuUsageRate(%)", Family.RESOURCE),
        ("mem", Family.RESOURCE),
        ("NetworkReceiveBytes", Family.RESOURCE),
        ("NodeCpuUsageRate(%)", Family.HOST),
        ("latency-90", Family.LATENCY),
        ("flux", Family.OTHER),
        ("", Family.OTHER),
    ],
)
def test_a_metric_says_by_its_name_what_it_counts(name: str, family: Family) -> None:
    assert meaning_of(name).family is family
