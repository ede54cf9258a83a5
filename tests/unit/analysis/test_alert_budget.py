"""A budget of alerts a month is a setting that holds."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analysis.alert_budget import MONTH_S, Budget
from app.analysis.novelty import Detector

STEP = 300.0


@given(
    scores=st.lists(st.floats(1e-6, 1 - 1e-9), max_size=200),
    gap=st.floats(STEP, 86_400.0),
    a_month=st.sampled_from([0.25, 1.0, 4.0]),
)
def test_no_series_however_wild_gets_many_more_alerts_than_its_budget(scores: list[float], gap: float, a_month: float) -> None:
    budget = Budget(a_month)
    alerts = sum(budget.rule(gap * row, score).alerts for row, score in enumerate(scores))
    months = gap * max(len(scores) - 1, 0) / MONTH_S
    loudest = max((score / (1 - score) for score in scores), default=0.0)
    assert alerts <= a_month * months + max(0.0, np.log2(max(loudest, 1e-12) / (0.06 / 0.94))) + 1 + 1e-6


@pytest.mark.parametrize("kind", ["white", "daily", "heavy"])
def test_about_one_alert_a_month_is_what_a_quiet_year_gets(kind: str) -> None:
    random, count = np.random.default_rng(11), 288 * 365
    noise = random.standard_t(3, count) if kind == "heavy" else random.normal(0, 1, count)
    values = noise + (10 * np.sin(2 * np.pi * np.arange(count) / 288) if kind == "daily" else 0)
    budget = Budget(1.0)
    spoken = Detector().judge([STEP * row for row in range(count)], values.tolist())
    alerts = sum(budget.rule(STEP * surprise.row, surprise.score).alerts for surprise in spoken)
    assert 0.5 <= alerts / (358 / 30) <= 2


def test_the_first_week_only_learns_and_an_episode_alerts_once() -> None:
    budget = Budget(1.0)
    day = 86_400.0
    assert not budget.rule(0.0, 0.9).alerts
    assert not budget.rule(6 * day, 0.9).alerts
    assert budget.rule(8 * day, 0.9).alerts
    assert not budget.rule(8 * day + 3600, 0.99).alerts


def test_the_p_value_counts_past_episodes_that_were_as_loud() -> None:
    budget = Budget(1.0)
    assert budget.rule(0.0, 0.5).p_value == 1.0
    assert budget.rule(STEP, 0.9).p_value == 1 / 2
    assert budget.rule(2 * STEP, 0.5).p_value == 1.0
    assert budget.rule(3 * STEP, 0.8).p_value == 2 / 4


def test_a_budget_that_was_written_down_goes_on_as_if_it_had_not_stopped() -> None:
    random = np.random.default_rng(12)
    scores = random.uniform(0.01, 0.99, 300).tolist()
    whole, pieces = Budget(2.0), Budget(2.0)
    for row, score in enumerate(scores):
        expected = whole.rule(86_400.0 * row, score)
        assert pieces.rule(86_400.0 * row, score) == expected
        pieces = Budget.from_state(json.loads(json.dumps(pieces.state(), allow_nan=False)))


@pytest.mark.parametrize("a_month", [0.0, -1.0, float("nan"), float("inf")])
def test_a_budget_that_is_no_positive_number_is_refused(a_month: float) -> None:
    with pytest.raises(ValueError, match="positive number"):
        Budget(a_month)
