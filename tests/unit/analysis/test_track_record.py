"""The track record: sound bounds, learning from what was tried alone, and less regret than a fixed order."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analysis.track_record import TrackRecord, beta_below, lower_bound
from tests.evals.troubles import ACTIONS, history


def test_the_lower_bound_is_the_one_in_the_tables() -> None:
    """With n recoveries of n the posterior is Beta(n + 1, 1), whose quantile has a closed form."""
    for count in (1, 5, 13, 50):
        assert lower_bound(count, count) == pytest.approx(0.05 ** (1 / (count + 1)), abs=1e-6)
        assert lower_bound(0, count) == pytest.approx(1 - 0.95 ** (1 / (count + 1)), abs=1e-6)
    assert lower_bound(0, 0) == 0.0
    assert lower_bound(12, 12) < 0.8 < lower_bound(13, 13)


@given(good=st.integers(1, 60), bad=st.integers(1, 60), value=st.floats(0.01, 0.99))
def test_the_beta_distribution_agrees_with_the_binomial_sum(good: int, bad: int, value: float) -> None:
    """For whole numbers I_x(a, b) is the chance of at least a successes in a + b - 1 trials."""
    trials = good + bad - 1
    tail = math.fsum(math.comb(trials, k) * value**k * (1 - value) ** (trials - k) for k in range(good, trials + 1))
    assert beta_below(value, good, bad) == pytest.approx(tail, abs=1e-9)


@given(tried=st.integers(1, 200), data=st.data())
def test_one_more_recovery_raises_the_bound_and_one_more_failure_lowers_it(tried: int, data: st.DataObject) -> None:
    recovered = data.draw(st.integers(0, tried))
    bound = lower_bound(recovered, tried)
    assert 0 < bound < (recovered + 1) / (tried + 2)
    assert lower_bound(recovered, tried + 1) < bound < lower_bound(recovered + 1, tried + 1)


@pytest.mark.parametrize(("recovered", "tried"), [(2, 1), (-1, 3), (0, -1)])
def test_impossible_counts_are_refused(recovered: int, tried: int) -> None:
    with pytest.raises(ValueError, match="make no sense"):
        lower_bound(recovered, tried)


@pytest.mark.parametrize("changes", [False, True])
def test_it_regrets_less_than_the_fixed_order(changes: bool) -> None:
    learnt, fixed = 0.0, 0.0
    for seed in range(3):
        record = TrackRecord()
        for kind, outcomes, chances in zip(*history(seed + 50, changes=changes), strict=True):
            choice = record.choose(kind, ACTIONS)
            learnt += max(chances.values()) - chances[choice.action]
            fixed += max(chances.values()) - chances[ACTIONS[0]]
            record.learn(kind, choice.action, outcomes[choice.action])
    assert learnt < 0.74 * fixed


def test_it_runs_alone_only_after_thirteen_recoveries_and_no_harm() -> None:
    record = TrackRecord()
    for _ in range(12):
        record.learn("disk full", "clean up", "recovered")
        assert not record.choose("disk full", ["clean up"]).may_run_alone
    for _ in range(3):
        record.learn("disk full", "clean up", "recovered")
    assert record.choose("disk full", ["clean up"]).may_run_alone
    assert not record.choose("disk full", ["clean up"], bar=0.95).may_run_alone
    assert not record.choose("another", ["clean up"]).may_run_alone
    record.learn("disk full", "clean up", "worse")
    assert not record.choose("disk full", ["clean up"]).may_run_alone


def test_what_helped_elsewhere_is_tried_first_on_a_new_kind() -> None:
    record = TrackRecord()
    for turn in range(20):
        record.learn(f"kind {turn}", "restart", "recovered")
        record.learn(f"kind {turn}", "wait", "no_change")
    assert {record.choose("new", ["wait", "restart"]).action for _ in range(3)} == {"restart"}
    good, bad = record.posterior("new", "restart")
    assert good / (good + bad) > 0.9


def test_the_same_seed_chooses_the_same_and_senseless_calls_are_refused() -> None:
    one, other = TrackRecord(seed=4), TrackRecord(seed=4)
    random = np.random.default_rng(1)
    for _ in range(30):
        first, second = one.choose("k", ACTIONS), other.choose("k", ACTIONS)
        assert first == second
        outcome = str(random.choice(["recovered", "no_change", "worse"]))
        one.learn("k", first.action, outcome)
        other.learn("k", second.action, outcome)
    with pytest.raises(ValueError, match="no action"):
        one.choose("k", [])
    with pytest.raises(ValueError, match="no outcome"):
        one.learn("k", "restart", "fine")
