"""What each sender's documented payload means, field by field."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.adapters.signals.catalogue import Secrets, build_sources
from app.adapters.signals.source import Received
from app.domain.errors import BadInput
from app.domain.mapping import SignalMapping, Webhooks
from app.domain.report import Report
from app.domain.severity import Severity
from app.domain.signal import Signal, SignalState
from tests.adapters.signals.payloads import (
    CLOUD_EVENT,
    CLOUDWATCH_ALARM,
    DATADOG,
    EXAMPLES,
    GENERIC,
    GRAFANA,
    OPSGENIE,
    PAGERDUTY,
    SNS,
    Example,
)
from tests.adapters.signals.sentry_payloads import SENTRY_EVENT_ALERT, SENTRY_HEADERS, SENTRY_ISSUE, SENTRY_METRIC_ALERT
from tests.entrypoints.http.house import NOW, changed, no_network

THREE = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def understood(example: Example, mapping: SignalMapping | None = None) -> Report:
    """What is made of an example, in our names."""
    webhooks = Webhooks({"Checkout API": "checkout", "acme/shop": "checkout"}, mapping or SignalMapping())
    source = build_sources(webhooks, ["checkout", "search"], Secrets(), no_network)[example.source]
    return source.parse(source.read(Received(example.raw, example.headers, NOW)))


def signal_of(source: str, body: Any, headers: dict[str, str] | None = None) -> Signal:
    """The one signal in it."""
    (signal,) = understood(Example(source, body, headers or {})).signals
    return signal


def test_grafana() -> None:
    signal = signal_of("grafana", GRAFANA)
    assert (signal.name, signal.service, signal.severity) == ("High latency", "checkout", Severity.SEV3)
    assert signal.starts_at == datetime(2026, 11, 24, 2, 0, 0, 123456, tzinfo=UTC)
    assert signal.link == "https://grafana.example.com/d/shop?viewPanel=1"
    assert signal.description.startswith("[ var='B'")
    no_data = changed(GRAFANA)
    no_data["alerts"][0]["labels"] |= {"alertname": "DatasourceNoData", "rulename": "High latency"}
    assert signal_of("grafana", no_data).name == "High latency (DatasourceNoData)"


def test_pagerduty() -> None:
    signal = signal_of("pagerduty", PAGERDUTY)
    assert (signal.name, signal.service, signal.severity) == ("Checkout returns 500", "checkout", Severity.SEV2)
    assert (signal.fingerprint, signal.starts_at) == ("PGR0VU2", THREE)
    assert signal.link == "https://acme.pagerduty.com/incidents/PGR0VU2"
    low = changed(PAGERDUTY, event__data__priority=None, event__data__urgency="low")
    assert signal_of("pagerduty", low).severity is Severity.SEV4


@pytest.mark.parametrize(
    "event",
    [
        {"event__event_type": "pagey.ping", "event__data": {"message": "Hello from your friend Pagey!", "type": "ping"}},
        {"event__event_type": "incident.annotated", "event__data": {"id": "P2LA89X", "type": "incident_note", "content": "Hi"}},
        {"event__event_type": "service.updated", "event__data": {"id": "PF9KMXH", "type": "service"}},
    ],
)
def test_what_pagerduty_says_beside_incidents_is_understood_and_left_alone(event: dict[str, Any]) -> None:
    report = understood(Example("pagerduty", changed(PAGERDUTY, **event)))
    assert (report.signals, bool(report.note)) == ((), True)


def test_datadog() -> None:
    signal = signal_of("datadog", DATADOG)
    assert (signal.service, signal.severity, signal.starts_at) == (
        "checkout",
        Severity.SEV2,
        datetime(2026, 11, 24, 3, 0, tzinfo=UTC),
    )
    assert (signal.fingerprint, signal.labels["env"]) == ("7716548234055550000", "prod")
    assert signal.name == "Error rate is high"
    assert "hostname" not in signal.labels


@pytest.mark.parametrize(
    ("transition", "priority", "state", "severity"),
    [
        ("Triggered", "", SignalState.FIRING, Severity.SEV2),
        ("Re-Triggered", "P1", SignalState.FIRING, Severity.SEV2),
        ("Warn", "", SignalState.FIRING, Severity.SEV3),
        ("No Data", "", SignalState.FIRING, Severity.SEV3),
        ("Re-No Data", "P4", SignalState.FIRING, Severity.SEV4),
        ("Recovered", "$ALERT_PRIORITY", SignalState.RESOLVED, Severity.SEV3),
    ],
)
def test_datadogs_transitions(transition: str, priority: str, state: SignalState, severity: Severity) -> None:
    signal = signal_of("datadog", changed(DATADOG, alert_transition=transition, alert_priority=priority))
    assert (signal.state, signal.severity) == (state, severity)


def test_datadogs_own_default_payload_is_understood_by_its_title() -> None:
    default = {
        "body": "%%%\nErrors are high\n%%%",
        "last_updated": "1795489200000",
        "event_type": "query_alert_monitor",
        "title": "[P1] [Recovered on {host:web-1}] Errors are high",
        "date": "1795489200000",
        "org": {"id": "11023", "name": "acme"},
        "id": "6578413214",
    }
    signal = signal_of("datadog", default)
    assert (signal.state, signal.name) == (SignalState.RESOLVED, "Errors are high")
    fired = signal_of("datadog", {**default, "title": "[P1] [Triggered on {host:web-1}] Errors are high"})
    other = signal_of("datadog", {**default, "title": "[P1] [Triggered on {host:web-2}] Errors are high"})
    assert fired.fingerprint == signal.fingerprint != other.fingerprint
    with pytest.raises(BadInput, match="alert_transition"):
        signal_of("datadog", {**default, "title": "Errors are high"})


def test_sentry() -> None:
    alert = signal_of("sentry", SENTRY_EVENT_ALERT, SENTRY_HEADERS)
    assert (alert.name, alert.service, alert.severity) == ("Very important alert rule", "checkout", Severity.SEV2)
    assert (alert.fingerprint, alert.starts_at) == ("issue:1170820242", THREE)
    metric = signal_of("sentry", SENTRY_METRIC_ALERT, {**SENTRY_HEADERS, "sentry-hook-resource": "metric_alert"})
    assert (metric.name, metric.service, metric.starts_at.minute) == ("Too many errors", "checkout", 58)
    over = changed(SENTRY_METRIC_ALERT, action="resolved")
    assert signal_of("sentry", over, {**SENTRY_HEADERS, "sentry-hook-resource": "metric_alert"}).state is SignalState.RESOLVED
    issue = signal_of("sentry", SENTRY_ISSUE, {**SENTRY_HEADERS, "sentry-hook-resource": "issue"})
    assert (issue.service, issue.labels["shortId"]) == ("checkout", "CHECKOUT-9")
    assert issue.link == "https://sentry.io/organizations/acme/issues/1170820243/"


@pytest.mark.parametrize(
    ("action", "state"),
    [
        ("unresolved", SignalState.FIRING),
        ("resolved", SignalState.RESOLVED),
        ("archived", SignalState.RESOLVED),
        ("ignored", SignalState.RESOLVED),
        ("assigned", None),
    ],
)
def test_sentrys_issue_actions(action: str, state: SignalState | None) -> None:
    headers = {**SENTRY_HEADERS, "sentry-hook-resource": "issue"}
    report = understood(Example("sentry", changed(SENTRY_ISSUE, action=action), headers))
    assert [signal.state for signal in report.signals] == ([state] if state else [])


def test_opsgenie() -> None:
    signal = signal_of("opsgenie", OPSGENIE)
    assert (signal.name, signal.service, signal.severity) == ("Checkout fails", "checkout", Severity.SEV2)
    assert (signal.group_key, signal.starts_at.replace(microsecond=0)) == ("checkout-errors", THREE)
    for action, state in (("Acknowledge", SignalState.FIRING), ("Close", SignalState.RESOLVED), ("Delete", SignalState.RESOLVED)):
        assert signal_of("opsgenie", changed(OPSGENIE, action=action)).state is state
    assert understood(Example("opsgenie", changed(OPSGENIE, action="AddNote"))).note == "AddNote opens and resolves nothing"


def test_cloudwatch_through_sns() -> None:
    signal = signal_of("sns", SNS)
    assert (signal.source, signal.name, signal.service) == ("cloudwatch", "checkout-5xx", "checkout")
    assert signal.severity is Severity.SEV2
    assert signal.fingerprint == CLOUDWATCH_ALARM["AlarmArn"]
    assert signal.starts_at == datetime(2026, 11, 24, 3, 0, 0, 123000, tzinfo=UTC)


@pytest.mark.parametrize("name", ["cloudevents structured", "cloudevents batch", "cloudevents binary"])
def test_cloudevents_in_each_mode(name: str) -> None:
    (signal,) = understood(EXAMPLES[name]).signals
    assert (signal.service, signal.severity, signal.starts_at) == ("checkout", Severity.SEV2, THREE)
    assert signal.summary == "The queue of checkout is deep"


def test_a_cloud_event_ends_by_its_type_and_is_the_same_condition() -> None:
    over = signal_of("cloudevents", {**CLOUD_EVENT, "type": "com.example.alert.resolved", "id": "2"})
    assert over.state is SignalState.RESOLVED
    assert over.fingerprint == signal_of("cloudevents", CLOUD_EVENT).fingerprint
    bare = {name: value for name, value in CLOUD_EVENT.items() if name not in {"subject", "data"}}
    fired, ended = (
        signal_of("cloudevents", {**bare, "type": kind}) for kind in ("com.example.disk.fired", "com.example.disk.cleared")
    )
    assert (fired.fingerprint, fired.service, fired.name) == (ended.fingerprint, "checkout", "com.example.disk.fired")


def test_a_bad_event_in_a_batch_does_not_cost_its_neighbours() -> None:
    batch = Example("cloudevents", [CLOUD_EVENT, {"id": "x"}, 7], {"content-type": "application/cloudevents-batch+json"})
    report = understood(batch)
    assert (len(report.signals), len(report.refused)) == (1, 2)
    with pytest.raises(BadInput, match=r"not 1\.0"):
        understood(Example("cloudevents", {**CLOUD_EVENT, "specversion": "0.3"}))


def test_generic_with_usual_names() -> None:
    signal = signal_of("generic", GENERIC)
    assert (signal.name, signal.service, signal.severity) == ("Disk is nearly full", "checkout", Severity.SEV3)
    assert (signal.fingerprint, signal.summary) == ("disk-7", "92 % of /var is used")
    assert signal_of("generic", changed(GENERIC, severity="sev1")).severity is Severity.SEV1


MAPPING = SignalMapping(
    items="checks",
    name=("check.name",),
    service=("tags.0",),
    severity=("level",),
    state=("state",),
    time=("at",),
    key="{check.id}/{host}",
    labels=("host",),
    severity_words={"Fatal": "critical"},
    resolved=("fine",),
)


def test_generic_with_a_mapping_of_the_teams_own() -> None:
    item = {
        "check": {"id": 7, "name": "disk"},
        "host": "web-1",
        "tags": ["CHECKOUT"],
        "level": "fatal",
        "state": "Fine",
        "at": 1795489200,
    }
    report = understood(Example("generic", {"checks": [item, {"check": {}}, "x"]}), MAPPING)
    (signal,) = report.signals
    assert (signal.name, signal.service, signal.severity, signal.state) == (
        "disk",
        "checkout",
        Severity.SEV2,
        SignalState.RESOLVED,
    )
    assert (signal.fingerprint, signal.starts_at, dict(signal.labels)) == ("7/web-1", THREE, {"host": "web-1"})
    assert [reason.partition(":")[0] for reason in report.refused] == ["checks[1]", "checks[2]"]
