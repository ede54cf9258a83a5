"""Rankings: whole, repeatable, explained, and right on simulated incidents."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from app.analysis.blame import NOTHING_KNOWN, Heard, blame
from app.analysis.case import Case, ChangeSeen, Column, Floats
from app.analysis.change_rank import change_weight
from app.analysis.clues import SignalKind, sentence
from app.analysis.metric_meaning import Channel
from app.analysis.suspects import rank_suspects, services_of
from tests.evals.incidents.five_minutes import five_minutes
from tests.evals.incidents.requests import requests
from tests.evals.incidents.score import chance, rank_of, score_of
from tests.evals.incidents.stress import stress
from tests.evals.incidents.truth import KnownIncident

TIMES = np.arange(0.0, 7200.0, 60.0)
START = 6600.0
NAMES = ["cart", "front", "proxy", "stock", "tax"]
CALLS = {"front": ["proxy", "cart"], "proxy": ["stock"]}


def _heard(slow: dict[str, float], silent: tuple[str, ...] = (), fail: dict[str, float] | None = None) -> Heard:
    def row(values: dict[str, float]) -> Floats:
        return np.array([values.get(name, NOTHING_KNOWN) for name in NAMES])

    audible = np.array([name not in silent for name in NAMES])
    return Heard({Channel.SLOW: row(slow), Channel.FAIL: row(fail or {}), Channel.OWN: row({})}, audible)


def _first(heard: Heard, target: str | None) -> str:
    return NAMES[int(np.argmax(blame(NAMES, heard, CALLS, target)))]


def test_the_callee_is_blamed_for_what_its_callers_inherit() -> None:
    assert _first(_heard({"front": 3.0, "cart": 2.5, "stock": 0.0}), "front") == "cart"


def test_trouble_is_followed_through_a_silent_proxy() -> None:
    heard = _heard({"front": 3.0, "cart": 0.0, "stock": 2.5}, silent=("proxy",))
    assert _first(heard, "front") == "stock"
    assert _first(_heard({"front": 3.0, "cart": 0.0, "stock": 2.5, "proxy": 0.0}), "front") != "stock"


def test_a_service_that_the_target_does_not_call_is_set_back() -> None:
    heard = _heard({"front": 3.0, "cart": 2.5, "tax": 3.5}, silent=("proxy",))
    assert _first(heard, "front") == "cart"
    assert _first(heard, None) == "tax"


def test_a_callee_that_is_only_slow_explains_a_failure_in_part() -> None:
    scores = blame(NAMES, _heard({"cart": 1.0}, fail={"front": 3.0}), CALLS, None)
    assert scores[NAMES.index("front")] > scores[NAMES.index("cart")]


def _case(**changes: object) -> Case:
    random = np.random.default_rng(5)
    columns = [Column(name, metric) for name in ("front", "cart", "stock") for metric in ("latency", "cpu")]
    values = 100 + random.normal(0, 3, (len(TIMES), len(columns)))
    values[TIMES >= START, columns.index(Column("stock", "latency"))] += 300
    values[TIMES >= START, columns.index(Column("front", "latency"))] += 300
    case = Case(START, float(TIMES[-1]), TIMES, columns, values, CALLS, target=Column("front", "latency"))
    return replace(case, **changes)  # type: ignore[arg-type]


def test_every_service_is_ranked_exactly_once_and_the_same_way_each_time() -> None:
    case = _case(changes=[ChangeSeen(0.0, "billing", "deploy", "v2")])
    ranking = rank_suspects(case)
    assert sorted(ranking.services) == services_of(case) == ["billing", "cart", "front", "proxy", "stock"]
    assert list(ranking.scores) == sorted(ranking.scores, reverse=True)
    assert rank_suspects(case) == ranking
    shuffled = replace(case, columns=case.columns[::-1], values=case.values[:, ::-1])
    assert rank_suspects(shuffled).services == ranking.services


def test_the_best_suspect_has_its_evidence_in_a_plain_sentence() -> None:
    ranking = rank_suspects(_case())
    assert ranking.services[0] == "stock"
    assert sentence(ranking.clues[0]).startswith("stock latency rose from 100 to 40")
    assert sentence(ranking.clues[0]).endswith("in the window, beyond its past 110 min")


def test_quiet_times_have_no_surprising_service() -> None:
    random = np.random.default_rng(8)
    case = _case(values=100 + random.normal(0, 3, (len(TIMES), 6)))
    assert max(rank_suspects(case).scores) < 0.8


def test_nothing_but_names_is_ranked_by_name() -> None:
    case = Case(START, START + 60, np.empty(0), [], np.empty((0, 0)), CALLS)
    assert rank_suspects(case).services == ("cart", "front", "proxy", "stock")


def test_a_fresh_change_decides_between_two_that_moved_alike() -> None:
    values = _case().values.copy()
    rows = TIMES >= START
    values[rows, 0:6] = 100
    values[rows, 3] = values[rows, 5] = 200
    plain = rank_suspects(_case(values=values, calls={}, target=None))
    other = "stock" if plain.services[0] == "cart" else "cart"
    changed = rank_suspects(_case(values=values, calls={}, target=None, changes=[ChangeSeen(START - 300, other, "deploy", "v7")]))
    assert changed.services[0] == other
    assert any(clue.signal is SignalKind.CHANGE and "5 min before" in sentence(clue) for clue in changed.clues)


def test_a_change_fades_with_time_and_where_nothing_moved() -> None:
    change = ChangeSeen(1000.0, "cart", "deploy", "")
    fresh, old = change_weight(change, 1060.0, 2.0), change_weight(change, 1000.0 + 7200, 2.0)
    assert fresh > 5 * old > 0
    assert change_weight(change, 1060.0, 0.0) < 0.2 * fresh
    assert change_weight(change, 1000.0 + 90_000, 2.0) == 0
    assert change_weight(change, 500.0, 2.0) == 0


@pytest.mark.parametrize(
    ("make", "count", "first", "three"), [(five_minutes, 16, 0.8, 0.9), (stress, 20, 0.85, 0.95), (requests, 4, 0.5, 0.75)]
)
def test_simulated_causes_are_found_far_above_chance(
    make: Callable[[int, int], Iterator[KnownIncident]], count: int, first: float, three: float
) -> None:
    incidents = list(make(count, 99))
    rankings = [rank_suspects(incident.case) for incident in incidents]
    found = score_of(rank_of(incident.cause, ranking) for incident, ranking in zip(incidents, rankings, strict=True))
    blind = chance(rankings, [incident.cause for incident in incidents])
    assert found.first >= first
    assert found.three >= three
    assert blind.first < 0.2
