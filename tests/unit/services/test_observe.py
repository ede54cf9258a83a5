"""Everything that can be seen around an incident becomes evidence, and what cannot be seen is said."""

import json
from dataclasses import replace
from datetime import timedelta

from app.domain.change import Change
from app.domain.evidence import Evidence, EvidenceKind
from app.domain.messages import Passage
from app.ports.logs import LogLine
from app.services.observe import metric_of, number_seen, question_of
from tests.builders import NOW, a_signal, an_incident
from tests.fakes.sources import points
from tests.unit.services.stage import ERRORS, Stage

START = NOW - timedelta(minutes=10)
CALM, BROKEN = [0.01] * 36, [0.4] * 8


def _seen(stage: Stage) -> list[Evidence]:
    return list(stage.observe(an_incident(), (), NOW + timedelta(minutes=5)).evidence)


def test_a_number_that_moved_says_from_where_to_where_when_and_past_which_limit(stage: Stage) -> None:
    """The sentence holds the numbers, `data` holds them again for code."""
    stage.metrics.stored[("checkout", "error_ratio")] = points(START, CALM + BROKEN)
    [item] = _seen(stage)
    assert item.kind is EvidenceKind.METRIC
    assert item.summary.startswith("error_ratio of checkout is ")
    assert "it went from" in item.summary
    assert "above its limit" in item.summary
    assert (item.data["is_bad"], item.data["latest"], item.data["normal"]) == (True, 0.4, 0.01)
    assert item.data["onset"] == (START + timedelta(seconds=15 * 36)).timestamp()
    assert item.source == "numbers in memory"
    assert not item.tainted


def test_a_number_that_stayed_is_evidence_too(stage: Stage) -> None:
    """That a service is as always rules it out."""
    stage.metrics.stored[("checkout", "error_ratio")] = points(START, [0.01] * 40)
    [item] = _seen(stage)
    assert "it went" not in item.summary
    assert "limit" not in item.summary
    assert item.data["is_bad"] is False


def test_too_few_points_say_nothing(stage: Stage) -> None:
    """Seven are no series."""
    stage.metrics.stored[("checkout", "error_ratio")] = points(START, [0.4] * 7)
    assert _seen(stage) == []


def test_a_series_that_ends_before_the_incident_is_judged_on_what_there_is(stage: Stage) -> None:
    """The scrape stopped; no crash."""
    series = stage.metrics.series("checkout", ERRORS, NOW, NOW)
    assert number_seen(series, NOW) is None
    stage.metrics.stored[("checkout", "error_ratio")] = points(START - timedelta(hours=1), [0.01] * 20)
    long_ago = stage.metrics.series("checkout", ERRORS, START - timedelta(hours=2), NOW)
    seen = number_seen(long_ago, NOW)
    assert seen is not None
    assert seen.worst == 0.01


def test_changes_of_the_neighbourhood_are_seen_and_those_of_strangers_are_not(stage: Stage) -> None:
    """Checkout calls payments; search has nothing to do with it."""
    stage.changes.changes = [
        Change(NOW - timedelta(minutes=3), "payments", "deploy", "v2", by="dana", before="v1", after="v2"),
        Change(NOW - timedelta(minutes=2), "search", "deploy", "v9"),
        Change(NOW - timedelta(hours=3), "checkout", "deploy", "old"),
    ]
    [item] = _seen(stage)
    assert item.summary == "deploy on payments at 03:09:00 UTC by dana: v2"
    assert (item.data["before"], item.data["after"]) == ("v1", "v2")


def test_an_incident_of_no_known_service_sees_every_change_and_no_number(stage: Stage) -> None:
    """Better too much than the one that did it missing."""
    stage.metrics.stored[("checkout", "error_ratio")] = points(START, CALM + BROKEN)
    stage.changes.changes = [Change(NOW - timedelta(minutes=2), "search", "deploy", "v9")]

    sighting = stage.observe(replace(an_incident(), service=None), (a_signal(service="unheard-of"),), NOW)
    assert [item.kind for item in sighting.evidence] == [EvidenceKind.CHANGE]


def test_loud_log_lines_are_counted_by_their_shape_and_quiet_ones_are_left(stage: Stage) -> None:
    """A thousand timeouts with a thousand ids are one line."""
    stage.logs.lines = [
        *(LogLine(NOW + timedelta(seconds=n), "checkout", "ERROR", f"timeout after {n} ms for order {n}") for n in range(20)),
        *(LogLine(NOW + timedelta(seconds=n), "checkout", "warning", "pool is full") for n in range(3)),
        *(LogLine(NOW + timedelta(seconds=n), "checkout", "error", f"rare {'x' * n}") for n in range(2)),
        LogLine(NOW, "checkout", "info", "all is well"),
        LogLine(NOW, "search", "error", "not near"),
    ]
    found = _seen(stage)
    assert len(found) == 2
    assert found[0].summary.startswith("checkout logged 20 times since 03:12:00 UTC: timeout after 0 ms")
    assert found[1].data["count"] == 3
    assert all(item.tainted for item in found)


def test_runbooks_and_past_incidents_that_fit_are_evidence_with_their_rank_and_fields(stage: Stage) -> None:
    """`fields` carry what the front matter says."""
    stage.knowledge.passages = [
        Passage("pool", "runbook", "Checkout fails", "words", 0.9, heading="Mend"),
        Passage("inc-1", "incident", "checkout fails", "words", 0.8),
    ]
    stage.knowledge.front["pool"] = {"actions": ["set_pool"]}
    runbook, past = _seen(stage)
    assert (runbook.kind, past.kind) == (EvidenceKind.RUNBOOK, EvidenceKind.PAST_INCIDENT)
    assert runbook.summary == "Runbook: Checkout fails (Mend)"
    assert past.summary == "Past incident: checkout fails"
    assert runbook.data["fields"] == {"actions": ["set_pool"]}
    assert (runbook.data["rank"], runbook.data["document"]) == (1, "pool")


def test_what_is_down_becomes_an_unknown_and_the_rest_is_still_seen(stage: Stage) -> None:
    """Each source on its own."""
    stage.metrics.down = "Prometheus does not answer."
    stage.logs.down = "The log store does not answer."
    stage.knowledge.down = "Memory cannot be read."
    stage.changes.changes = [Change(NOW - timedelta(minutes=3), "checkout", "deploy", "v2")]
    sighting = stage.observe(an_incident(), (), NOW)
    assert [item.kind for item in sighting.evidence] == [EvidenceKind.CHANGE]
    assert sighting.unknowns == (
        "Prometheus does not answer. Look at it.",
        "The log store does not answer. Look at it.",
        "Memory cannot be read. Look at it.",
    )


def test_memory_is_asked_with_the_alerts_as_a_payload_and_without_alerts_in_words(stage: Stage) -> None:
    """Retrieval turns the payload into a question itself."""
    assert question_of(an_incident(), ()) == "checkout fails checkout"
    asked = json.loads(question_of(an_incident(), [a_signal()] * 7))
    assert asked["version"] == "4"
    assert len(asked["alerts"]) == 5


def test_a_metric_is_found_by_service_and_name(stage: Stage) -> None:
    """Or not at all."""
    assert metric_of(stage.inventory, "checkout", "error_ratio") == ERRORS
    assert metric_of(stage.inventory, "checkout", "other") is None
    assert metric_of(stage.inventory, "nobody", "error_ratio") is None
