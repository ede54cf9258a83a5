"""Replica plans: causal, within bounds, never below the reactive rule, and less saturated at the same cost."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis.demand import Capacity, plan_ahead, plan_reactively
from tests.evals.loads import load, outcome

STEP = 300.0
TEN = Capacity(per_replica=10.0, target_utilisation=0.5, least=1, most=100, startup_s=600.0)


def test_the_reactive_rule_tolerates_a_tenth_and_holds_before_it_goes_down() -> None:
    loads = [50.0, 54.0, 56.0, 20.0, 20.0, 20.0, 20.0, 20.0, 20.0, 20.0]
    assert plan_reactively(loads, TEN) == [10, 10, 12, 12, 12, 12, 12, 12, 4, 4]


def test_gaps_and_negative_loads_keep_what_was_asked_for() -> None:
    assert plan_reactively([50.0, math.nan, -5.0, math.inf], TEN) == [10, 10, 10, 10]
    assert plan_ahead([], STEP, TEN) == []


@settings(max_examples=40, deadline=None)
@given(loads=st.lists(st.floats(0, 1e9), max_size=80), cut=st.integers(0, 80), step_s=st.sampled_from([STEP, 3600.0, 7200.0]))
def test_a_plan_is_causal_bounded_and_never_below_the_reactive_one(loads: list[float], cut: int, step_s: float) -> None:
    capacity = Capacity(3.0, 0.7, 2, 500, 2 * step_s)
    plan = plan_ahead(loads, step_s, capacity)
    assert plan[:cut] == plan_ahead(loads[:cut], step_s, capacity)
    assert all(reactive <= asked <= 500 for asked, reactive in zip(plan, plan_reactively(loads, capacity), strict=True))
    assert all(asked >= 2 for asked in plan)


@pytest.mark.parametrize("kind", ["opening", "batch at night"])
def test_a_rise_that_comes_every_day_is_met_at_the_same_cost(kind: str) -> None:
    loads = load(kind, 7)
    capacity = Capacity(float(loads.mean()) / 20, 0.7, 1, 10**6, 2 * STEP)
    cost, saturated, _ = outcome(
        loads, np.array(plan_ahead(loads.tolist(), STEP, capacity), dtype=float), capacity.per_replica, 2
    )
    dearer = Capacity(capacity.per_replica, 0.7, 1, 10**6, 2 * STEP)
    while True:
        rival = outcome(loads, np.array(plan_reactively(loads.tolist(), dearer), dtype=float), capacity.per_replica, 2)
        if rival[0] >= cost:
            break
        dearer = Capacity(capacity.per_replica, dearer.target_utilisation - 0.01, 1, 10**6, 2 * STEP)
    assert saturated < 0.5 * rival[1]


@pytest.mark.parametrize("change", [(0.0, 0.7, 1, 2), (1.0, 0.0, 1, 2), (1.0, 1.2, 1, 2), (1.0, 0.7, 3, 2), (1.0, 0.7, -1, 2)])
def test_a_senseless_capacity_is_refused(change: tuple[float, float, int, int]) -> None:
    with pytest.raises(ValueError, match="replica"):
        Capacity(*change, startup_s=60.0)
