"""Alertmanager's webhook becomes signals, or a refusal that names the place."""

import copy
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.signals.alertmanager import parse
from app.domain.errors import BadInput
from app.domain.severity import Severity
from app.domain.signal import Signal, SignalState


def body() -> dict[str, Any]:
    return {
        "version": "4",
        "groupKey": '{}:{alertname="HighErrors"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "sitrep",
        "groupLabels": {"alertname": "HighErrors"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://127.0.0.1:9093",
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "HighErrors", "service": "checkout", "severity": "critical"},
                "annotations": {"summary": "Errors are high", "description": "8 % of requests fail"},
                "startsAt": "2026-11-24T03:00:00.123456789Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "http://127.0.0.1:9090/graph?g0.expr=up",
                "fingerprint": "abc123",
            }
        ],
    }


def with_alert(**changes: object) -> dict[str, Any]:
    changed = copy.deepcopy(body())
    changed["alerts"][0].update(changes)
    return changed


def signals(of: dict[str, Any]) -> tuple[Signal, ...]:
    return parse(of).signals


def test_an_alert_becomes_a_signal() -> None:
    (signal,) = signals(body())
    assert signal.source == "alertmanager"
    assert signal.fingerprint == "abc123"
    assert (signal.name, signal.service) == ("HighErrors", "checkout")
    assert signal.state is SignalState.FIRING
    assert signal.severity is Severity.SEV2
    assert signal.starts_at == datetime(2026, 11, 24, 3, 0, 0, 123456, tzinfo=UTC)
    assert signal.ends_at is None
    assert (signal.summary, signal.description) == ("Errors are high", "8 % of requests fail")
    assert signal.group_key == '{}:{alertname="HighErrors"}'
    assert signal.link == "http://127.0.0.1:9090/graph?g0.expr=up"


def test_a_resolved_alert_ends_and_stays_in_its_episode() -> None:
    (signal,) = signals(with_alert(status="resolved", endsAt="2026-11-24T04:00:00+01:00"))
    assert signal.state is SignalState.RESOLVED
    assert signal.ends_at == datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    assert signal.episode == signals(body())[0].episode


@pytest.mark.parametrize(
    ("labels", "service"),
    [
        ({"job": "j", "app": "a", "service": "s"}, "s"),
        ({"job": "j", "app": "a"}, "a"),
        ({"job": "j", "service": ""}, "j"),
        ({}, None),
    ],
)
def test_the_service_is_the_first_label_that_names_one(labels: dict[str, str], service: str | None) -> None:
    assert signals(with_alert(labels=labels))[0].service == service


def test_a_missing_fingerprint_is_computed_from_the_labels_in_any_order() -> None:
    first = signals(with_alert(fingerprint="", labels={"a": "1", "b": "2"}))[0].fingerprint
    second = signals(with_alert(fingerprint=None, labels={"b": "2", "a": "1"}))[0].fingerprint
    other = signals(with_alert(fingerprint="", labels={"a": "1", "b": "3"}))[0].fingerprint
    assert first == second != other
    assert len(first) == 16


def test_a_link_that_is_not_a_web_page_is_dropped() -> None:
    assert signals(with_alert(generatorURL="javascript:alert(1)"))[0].link == ""
    assert signals(with_alert(generatorURL="http://[bad"))[0].link == ""


def test_long_annotations_are_cut_and_not_refused() -> None:
    (signal,) = signals(with_alert(annotations={"summary": "x" * 100_000}))
    assert len(signal.summary) == 8192


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"status": "burning"}, r"alerts\[0\].status"),
        ({"status": None}, r"alerts\[0\].status"),
        ({"labels": None}, r"alerts\[0\].labels"),
        ({"labels": {"a": 1}}, r"alerts\[0\].labels"),
        ({"annotations": ["x"]}, "annotations"),
        ({"startsAt": "yesterday"}, "startsAt"),
        ({"startsAt": "2026-13-24T03:00:00Z"}, "startsAt"),
        ({"startsAt": "2026-11-24T03:00:00"}, "startsAt"),
        ({"startsAt": -1_800_000_000}, "startsAt"),
        ({"startsAt": "0001-01-01T00:00:00Z"}, "startsAt"),
        ({"startsAt": "9999-12-31T23:59:59-14:00"}, "startsAt"),
        ({"endsAt": {}}, "endsAt"),
        ({"fingerprint": 7}, "fingerprint"),
        ({"fingerprint": "a b\n"}, "fingerprint"),
        ({"generatorURL": []}, "generatorURL"),
    ],
)
def test_a_misshapen_alert_is_refused_by_place(change: dict[str, object], place: str) -> None:
    report = parse(with_alert(**change))
    assert report.signals == ()
    assert re.search(place, report.refused[0])
    assert report.problem.startswith("1 of 1 could not be understood: alerts[0]")


def test_a_huge_label_set_is_cut_and_counted_and_what_names_the_alert_is_kept() -> None:
    labels = {str(number): "x" for number in range(500)} | {"alertname": "HighErrors", "service": "checkout", "severity": "page"}
    (signal,) = signals(with_alert(labels=labels, fingerprint=None))
    assert (signal.name, signal.service, signal.severity) == ("HighErrors", "checkout", Severity.SEV2)
    assert (len(signal.labels), signal.labels["left_out"]) == (101, "403")


def test_a_bad_alert_does_not_cost_its_neighbours() -> None:
    """Alertmanager never repeats a group that got a 4xx."""
    whole = body()
    good = whole["alerts"][0]
    whole["alerts"] = [{**good, "startsAt": "soon"}, good, "x", {**good, "fingerprint": "def456"}]
    report = parse(whole)
    assert [signal.fingerprint for signal in report.signals] == ["abc123", "def456"]
    assert report.problem.startswith("2 of 4 could not be understood: alerts[0].startsAt is 'soon'. alerts[2] is not an object.")


def test_alerts_beyond_the_first_thousand_are_named_and_the_others_kept() -> None:
    whole = body()
    whole["alerts"] = whole["alerts"] * 1002
    report = parse(whole)
    assert (len(report.signals), len(report.refused)) == (1000, 2)
    assert "alerts[1000]" in report.problem


@pytest.mark.parametrize(
    "change",
    [
        {"version": 4},
        {"version": "3"},
        {"alerts": None},
        {"alerts": []},
        {"groupKey": 1},
    ],
)
def test_another_shape_of_body_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(BadInput) as caught:
        parse({**body(), **change})
    assert caught.value.hint


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELD = st.sampled_from(["status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"])


@given(FIELD, ANYTHING)
def test_any_value_in_any_field_gives_a_signal_or_a_reason(name: str, value: object) -> None:
    report = parse(with_alert(**{name: value}))
    assert len(report.signals) + len(report.refused) == 1
