"""Alerts that belong together are folded, overlapping incidents are kept apart, and every bound holds."""

import statistics
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis.alert_text import condition_of, mentions, name_of, service_of
from app.analysis.correlate import Correlator, Symptom
from app.analysis.neighbours import Calls, Relation
from app.analysis.waits import RegularGaps, TypicalWait
from tests.evals.alert_streams import Stream, a_world, scores, simulate

CALLS = [("web", "checkout"), ("checkout", "payments"), ("payments", "ledger"), ("web", "search"), ("search", "index")]


def _fold(stream: Stream) -> list[str]:
    correlator, known = Correlator(stream.calls), frozenset(name for call in stream.calls for name in call)
    found = []
    for alert in stream.alerts:
        service = service_of(alert.labels, known)
        named = mentions(alert.labels, alert.annotations, service, known)
        symptom = Symptom(alert.time, service, name_of(alert.labels), condition_of(alert.labels), alert.status == "firing", named)
        found.append(str(correlator.decide(symptom)))
    return found


def test_overlapping_incidents_in_random_worlds_are_told_apart() -> None:
    rows = []
    for seed in range(200, 208):
        world = a_world(seed)
        stream = simulate(replace(world, gap_s=world.gap_s * 2 + 600, noise=1, hours=4.0), seed)
        rows.append(scores([alert.truth for alert in stream.alerts], _fold(stream)))
    v_measure, homogeneity, _ = (statistics.mean(column) for column in zip(*rows, strict=True))
    assert v_measure >= 0.92
    assert homogeneity >= 0.93


def test_a_fault_that_climbs_to_its_callers_is_one_incident_and_a_stranger_is_another() -> None:
    correlator = Correlator(CALLS)
    climbing = [
        correlator.decide(Symptom(60.0 * step, name, "Slow", name))
        for step, name in enumerate(("ledger", "payments", "checkout"))
    ]
    assert len(set(climbing)) == 1
    assert correlator.decide(Symptom(130, "index", "DiskFull", "index")) != climbing[0]


def test_what_the_cause_says_late_still_joins_what_its_callers_said() -> None:
    correlator = Correlator(CALLS)
    first = correlator.decide(Symptom(100, "payments", "Slow", "payments"))
    assert correlator.decide(Symptom(60, "ledger", "Down", "ledger")) == first


def test_an_old_neighbour_does_not_swallow_a_new_incident() -> None:
    correlator = Correlator(CALLS)
    first = correlator.decide(Symptom(0, "payments", "Slow", "a"))
    assert correlator.decide(Symptom(7200, "checkout", "Slow", "b")) != first


def test_a_resolution_follows_its_alert_however_late() -> None:
    correlator = Correlator(CALLS)
    first = correlator.decide(Symptom(0, "payments", "Slow", "a"))
    correlator.decide(Symptom(90_000, "search", "Slow", "b"))
    assert correlator.decide(Symptom(90_001, "payments", "Slow", "a", is_firing=False)) == first


def test_an_alert_that_names_a_service_of_an_incident_joins_it() -> None:
    correlator = Correlator(CALLS)
    search = correlator.decide(Symptom(0, "search", "Slow", "a"))
    payments = correlator.decide(Symptom(0, "payments", "Slow", "b"))
    assert search != payments
    assert correlator.decide(Symptom(60, "web", "Errors", "c", mentions=("search",))) == search
    assert correlator.decide(Symptom(61, "web", "Burn", "d", mentions=("payments",))) == payments


def test_memory_is_bounded_however_long_the_stream() -> None:
    correlator = Correlator(most_open=5, most_conditions=50)
    for number in range(2000):
        correlator.decide(Symptom(number * 5000.0, f"s{number}", "Slow", f"k{number}"))
    assert len(correlator._open) == 5
    assert len(correlator._conditions) == 50
    assert sum(len(incident.firing) for incident in correlator._open.values()) <= 50


@pytest.mark.parametrize("time", [float("nan"), float("inf"), float("-inf")])
def test_a_time_that_is_no_time_is_refused(time: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Correlator().decide(Symptom(time, "a", "b", "c"))


SYMPTOMS = st.builds(
    Symptom,
    st.floats(-1e9, 1e10),
    st.sampled_from(["web", "checkout", "payments", "other", ""]),
    st.sampled_from(["A", "B", ""]),
    st.sampled_from(["k1", "k2", "k3", ""]),
    st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(SYMPTOMS, max_size=60))
def test_decisions_are_made_online_and_repeatable(symptoms: list[Symptom]) -> None:
    """A prefix of a stream gets the same answers as the whole."""
    whole, prefix = Correlator(CALLS), Correlator(CALLS)
    answers = [whole.decide(symptom) for symptom in symptoms]
    half = symptoms[: len(symptoms) // 2]
    assert [prefix.decide(symptom) for symptom in half] == answers[: len(half)]
    assert sorted(set(answers)) == list(range(1, len(set(answers)) + 1))


def test_relations_are_seen_from_the_cause() -> None:
    calls = Calls([*CALLS, ("web", "web")])
    assert calls.relation("payments", "checkout") is Relation.CALLER
    assert calls.relation("checkout", "payments") is Relation.CALLEE
    assert calls.relation("payments", "web") is Relation.FAR_CALLER
    assert calls.relation("web", "payments") is Relation.FAR_CALLEE
    assert calls.relation("ledger", "index") is Relation.NONE
    assert calls.relation("ledger", "nobody") is Relation.UNKNOWN
    assert calls.relation("nobody", "nobody") is Relation.SAME


def test_the_service_is_read_from_whatever_label_names_it() -> None:
    known = frozenset({"checkout", "payments"})
    assert service_of({"service": "checkout"}, known) == "checkout"
    assert service_of({"job": "node", "upstream": "payments"}, known) == "payments"
    assert service_of({"pod": "checkout-7f8c9d6b5-x2x4z"}, known) == "checkout"
    assert service_of({"instance": "db1:9090"}, known) == "db1"
    assert service_of({"alertname": "Disk"}, known) == "Disk"
    assert mentions({"upstream": "payments"}, {"text": "calls to checkout fail"}, "web", known) == ("payments", "checkout")


def test_a_condition_outlives_its_severity_and_its_replica() -> None:
    one = condition_of({"alertname": "A", "severity": "warning", "service": "x"})
    assert one == condition_of({"service": "x", "alertname": "A", "severity": "critical", "replica": "b"})
    assert one != condition_of({"alertname": "A", "service": "y"})


def test_waits_and_beats_are_learnt() -> None:
    wait, beat = TypicalWait(90), RegularGaps()
    for _ in range(500):
        wait.add(20)
    assert wait.typical == pytest.approx(20, rel=0.1)
    assert [beat.is_regular(gap) for gap in (300.0, 299.0, 301.0, 300.0, 1234.0)] == [False, False, True, True, False]
