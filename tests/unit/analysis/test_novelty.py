"""The detector: causal, bounded, restart-safe, and not blind to the kinds of trouble it is for."""

import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis.novelty import Detector, Surprise, is_overdue

DAY = 288
STEP = 300.0


def times_of(count: int) -> list[float]:
    return [STEP * row for row in range(count)]


def daily(days: int, seed: int) -> list[float]:
    noise = np.random.default_rng(seed).normal(0, 1, days * DAY)
    shape = 10 * np.sin(2 * np.pi * np.arange(days * DAY) / DAY)
    return list((50 + shape + noise).tolist())


VALUES = st.lists(st.one_of(st.floats(), st.sampled_from([0.0, 1.0, 5.0])), max_size=120)


@settings(max_examples=60, deadline=None)
@given(
    values=VALUES,
    cuts=st.lists(st.integers(0, 120), max_size=4),
    steps=st.lists(st.sampled_from([300.0, 0.0, -600.0, 9e9]), max_size=5),
)
def test_scores_are_bounded_and_do_not_depend_on_how_the_rows_come_in(
    values: list[float], cuts: list[int], steps: list[float]
) -> None:
    times = times_of(len(values))
    for place, step in enumerate(steps):
        if place < len(times):
            times[place] += step
    whole = Detector().score(times, values)
    assert len(whole) == len(values)
    assert all(0 <= score < 1 for score in whole)
    pieces: list[float] = []
    detector = Detector()
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(values)], strict=True):
        pieces += detector.score(times[start:end], values[start:end])
        detector = Detector.from_state(json.loads(json.dumps(detector.state(), allow_nan=False)))
    assert pieces[: len(values)] == whole


@pytest.mark.parametrize("end", [40, 1032, 1033, 2500, 3000])
def test_the_scores_of_a_prefix_are_the_prefix_of_the_scores(end: int) -> None:
    values = daily(11, 1)
    values[2800:2830] = [90.0] * 30
    times = times_of(len(values))
    assert Detector().score(times[:end], values[:end]) == Detector().score(times, values)[:end]


def test_a_detector_that_was_written_down_goes_on_as_if_it_had_not_stopped() -> None:
    values = daily(40, 2)
    values[10_000] = 200.0
    times = times_of(len(values))
    detector, scores = Detector(), []
    for start in range(0, len(values), 701):
        scores += detector.score(times[start : start + 701], values[start : start + 701])
        detector = Detector.from_state(json.loads(json.dumps(detector.state(), allow_nan=False)))
    assert scores == Detector().score(times, values)


def test_a_state_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="another version"):
        Detector.from_state({**Detector().state(), "version": 99})
    with pytest.raises(ValueError, match="no 'version'"):
        Detector.from_state({})


def loudest(values: list[float], start: int, end: int) -> tuple[float, float]:
    """The loudest score within [start, end) and in the week before."""
    scores = Detector().score(times_of(len(values)), values)
    return max(scores[start:end]), max(scores[start - 7 * DAY : start])


def shifted(values: list[float], row: int) -> list[float]:
    return [*values[:row], *(value + 25 for value in values[row:])]


def spiked(values: list[float], row: int) -> list[float]:
    return [*values[:row], 120.0, *values[row + 1 :]]


def drifting(values: list[float], row: int) -> list[float]:
    return [*values[:row], *(value + 0.1 * n for n, value in enumerate(values[row:]))]


def stuck(values: list[float], row: int) -> list[float]:
    return [*values[:row], *([values[row]] * (len(values) - row))]


def without_its_day(values: list[float], row: int) -> list[float]:
    noise = np.random.default_rng(9).normal(0, 1, len(values) - row)
    return [*values[:row], *(50 + noise).tolist()]


@pytest.mark.parametrize("trouble", [shifted, spiked, drifting, stuck, without_its_day])
@pytest.mark.parametrize("seed", [3, 4, 5])
def test_each_kind_of_trouble_is_louder_than_the_quiet_week_before(
    trouble: Callable[[list[float], int], list[float]], seed: int
) -> None:
    row = 20 * DAY
    inside, before = loudest(trouble(daily(22, seed), row), row, 22 * DAY)
    assert inside > 0.06
    assert inside > before


def test_a_freak_spike_does_not_blind_it_for_good() -> None:
    values = daily(40, 6)
    values[10 * DAY] = 1e9
    values[30 * DAY : 30 * DAY + 12] = [130.0] * 12
    inside, before = loudest(values, 30 * DAY, 31 * DAY)
    assert inside > 0.06 > before


def test_a_line_that_never_moved_speaks_once_it_moves_and_not_for_its_last_digits() -> None:
    values = [0.0] * 900 + [3.0] + [0.0] * 99
    assert Detector().score(times_of(1000), values)[900] > 0.3
    dust = [45.0] * 900 + [45.000001] + [45.0] * 99
    assert max(Detector().score(times_of(1000), dust)) < 0.01


def test_bad_rows_are_scored_zero_and_leave_what_is_known_intact() -> None:
    values, times = daily(12, 7), times_of(12 * DAY)
    clean = Detector().score(times, values)
    bad = [(math.nan, times[-1]), (math.inf, times[5]), (-1e300, 0.0), (50.0, math.nan), (99.0, times[300]), (1e9, times[999])]
    mixed_values, mixed_times = values[:1000], times[:1000]
    for value, time in bad:
        mixed_values, mixed_times = [*mixed_values, value], [*mixed_times, time]
    mixed = Detector().score([*mixed_times, *times[1000:]], [*mixed_values, *values[1000:]])
    assert mixed[1000 : 1000 + len(bad)] == [0.0] * len(bad)
    assert mixed[:1000] + mixed[1000 + len(bad) :] == clean


def test_the_largest_step_from_the_smallest_numbers_is_still_a_score() -> None:
    values = [1e-320 * (row % 3) for row in range(499)] + [1e150]
    assert 0.99 < Detector().score(times_of(500), values)[-1] < 1


def test_a_clock_that_was_set_back_is_believed_after_a_while() -> None:
    values = daily(12, 8)
    times = times_of(len(values))
    times[500] = 1e11
    values[3000] = 500.0
    assert Detector().score(times, values)[3000] > 0.5


def test_a_surprise_says_which_view_saw_it_and_what_was_normal() -> None:
    values = np.random.default_rng(10).normal(50, 4, 300).tolist()
    values[250] = 95.0
    found = [surprise for surprise in Detector().judge(times_of(len(values)), values) if surprise.row == 250]
    assert [type(surprise) for surprise in found] == [Surprise]
    assert found[0].low == pytest.approx(38, abs=5)
    assert found[0].high == pytest.approx(62, abs=5)
    assert found[0].view == "value"


def test_times_and_values_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="2 times for 1 values"):
        Detector().score([0.0, 1.0], [0.0])


def test_a_series_that_stops_is_overdue_after_five_steps() -> None:
    detector = Detector()
    assert not is_overdue(detector, 1e9, STEP)
    detector.score([0.0, STEP], [1.0, 1.0])
    assert not is_overdue(detector, 5 * STEP, STEP)
    assert is_overdue(detector, 7 * STEP, STEP)
