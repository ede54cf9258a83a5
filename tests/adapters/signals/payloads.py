"""One documented payload of every kind, as each sender writes it, with the headers that matter."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.adapters.signals.deploy_payloads import (
    ARGOCD,
    DEPLOY,
    GITHUB_DEPLOYMENT,
    GITHUB_PUSH,
    GITHUB_WORKFLOW,
    GITLAB_DEPLOYMENT,
)
from tests.adapters.signals.sentry_payloads import SENTRY_EVENT_ALERT, SENTRY_HEADERS, SENTRY_ISSUE, SENTRY_METRIC_ALERT


@dataclass(frozen=True)
class Example:
    """A request as a sender makes it; `opens` is the service of the signal or change that follows, None for neither."""

    source: str
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    opens: str | None = "checkout"
    state: str = "firing"

    @property
    def raw(self) -> bytes:
        """The body's bytes."""
        return json.dumps(self.body).encode()


ALERTMANAGER = {
    "version": "4",
    "groupKey": '{}:{alertname="HighErrors"}',
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "sitrep",
    "groupLabels": {"alertname": "HighErrors"},
    "commonLabels": {"alertname": "HighErrors", "service": "checkout"},
    "commonAnnotations": {"summary": "Errors are high"},
    "externalURL": "http://alerts.example.com",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "HighErrors", "service": "checkout", "severity": "critical"},
            "annotations": {"summary": "Errors are high"},
            "startsAt": "2026-11-24T03:00:00.123Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example.com/graph?g0.expr=up",
            "fingerprint": "abc123",
        }
    ],
}

GRAFANA = {
    "receiver": "Sitrep",
    "status": "firing",
    "orgId": 1,
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "High latency", "grafana_folder": "Shop", "service": "checkout", "severity": "warning"},
            "annotations": {"summary": "p95 is above 800 ms"},
            "startsAt": "2026-11-24T03:00:00.123456789+01:00",
            "endsAt": "0001-01-01T00:00:00Z",
            "values": {"B": 44.23943737541908, "C": 1},
            "valueString": "[ var='B' labels={} value=44.2 ], [ var='C' labels={} value=1 ]",
            "generatorURL": "https://grafana.example.com/alerting/grafana/ddc/view",
            "fingerprint": "2c77b22f1c2ae2b1",
            "silenceURL": "https://grafana.example.com/alerting/silence/new?alertmanager=grafana",
            "dashboardURL": "https://grafana.example.com/d/shop",
            "panelURL": "https://grafana.example.com/d/shop?viewPanel=1",
            "orgId": 1,
        }
    ],
    "groupLabels": {"alertname": "High latency"},
    "commonLabels": {"service": "checkout"},
    "commonAnnotations": {},
    "externalURL": "https://grafana.example.com/",
    "version": "1",
    "groupKey": '{}/{}:{alertname="High latency"}',
    "truncatedAlerts": 0,
    "title": "[FIRING:1] High latency",
    "state": "alerting",
    "message": "**Firing**",
}

PAGERDUTY = {
    "event": {
        "id": "5ac64822-4adc-4fda-ade0-410becf0de4f",
        "event_type": "incident.triggered",
        "resource_type": "incident",
        "occurred_at": "2026-11-24T03:00:01.169Z",
        "agent": {"id": "PLH1HKV", "summary": "Events API", "type": "service_reference"},
        "client": None,
        "data": {
            "id": "PGR0VU2",
            "type": "incident",
            "self": "https://api.pagerduty.com/incidents/PGR0VU2",
            "html_url": "https://acme.pagerduty.com/incidents/PGR0VU2",
            "number": 2,
            "status": "triggered",
            "incident_key": "d3640fbd41094207a1c11e58e46b1662",
            "created_at": "2026-11-24T03:00:00Z",
            "title": "Checkout returns 500",
            "service": {"id": "PF9KMXH", "summary": "Checkout API", "type": "service_reference"},
            "assignees": [{"id": "PTUXL6G", "summary": "Alice", "type": "user_reference"}],
            "priority": {"id": "PSO75BM", "summary": "P1", "type": "priority_reference"},
            "urgency": "high",
            "conference_bridge": None,
            "resolve_reason": None,
        },
    }
}

DATADOG = {
    "id": "6578413214",
    "alert_id": "1234",
    "alert_cycle_key": "7716548234055550000",
    "alert_transition": "Triggered",
    "alert_priority": "P2",
    "alert_title": "[Triggered on {service:checkout}] Error rate is high",
    "alert_scope": "service:checkout,env:prod",
    "alert_status": "errors over service:checkout was > 0.05 during the last 5m",
    "alert_metric": "trace.http.request.errors",
    "aggreg_key": "9bd4ac313a4d1e8fae2482df7b77628",
    "tags": "monitor,service:checkout,env:prod",
    "text_only_msg": "Error rate of checkout is above 5 %",
    "hostname": "",
    "date": "1795489200000",
    "last_updated": "1795489200000",
    "link": "https://app.datadoghq.com/event/event?id=6578413214",
}

OPSGENIE = {
    "source": {"name": "web", "type": "API"},
    "alert": {
        "updatedAt": 1795489200166002000,
        "tags": ["service:checkout", "critical"],
        "teams": ["team1"],
        "recipients": ["recipient1"],
        "message": "Checkout fails",
        "username": "alice@example.com",
        "alertId": "052652ac-5d1c-464a-812a-7dd18bbfba8c",
        "source": "alice@example.com",
        "alias": "checkout-errors",
        "tinyId": "23",
        "createdAt": 1795489200104,
        "userId": "daed1180-0ce8-438b-8f8e-57e1a5920a2d",
        "entity": "",
        "priority": "P1",
    },
    "action": "Create",
    "integrationId": "37c8f316-17c6-49d7-899b-9c7e540c048d",
    "integrationName": "Sitrep",
}

CLOUDWATCH_ALARM = {
    "AlarmName": "checkout-5xx",
    "AlarmDescription": "severity: critical. Errors behind the load balancer",
    "AWSAccountId": "123456789012",
    "AlarmConfigurationUpdatedTimestamp": "2026-11-01T08:00:00.000+0000",
    "NewStateValue": "ALARM",
    "NewStateReason": "Threshold Crossed: 1 datapoint [12.0] was greater than the threshold (5.0).",
    "StateChangeTime": "2026-11-24T03:00:00.123+0000",
    "Region": "US East (N. Virginia)",
    "AlarmArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:checkout-5xx",
    "OldStateValue": "OK",
    "OKActions": [],
    "AlarmActions": ["arn:aws:sns:us-east-1:123456789012:alerts"],
    "Trigger": {
        "MetricName": "HTTPCode_Target_5XX_Count",
        "Namespace": "AWS/ECS",
        "StatisticType": "Statistic",
        "Statistic": "SUM",
        "Dimensions": [{"value": "checkout", "name": "ServiceName"}, {"value": "shop", "name": "ClusterName"}],
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 5.0,
    },
}
SNS = {
    "Type": "Notification",
    "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
    "TopicArn": "arn:aws:sns:us-east-1:123456789012:alerts",
    "Subject": 'ALARM: "checkout-5xx" in US East (N. Virginia)',
    "Message": json.dumps(CLOUDWATCH_ALARM),
    "Timestamp": "2026-11-24T03:00:02.456Z",
    "SignatureVersion": "2",
    "Signature": "EXAMPLE",
    "SigningCertURL": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem",
    "UnsubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=arn",
}

CLOUD_EVENT = {
    "specversion": "1.0",
    "type": "com.example.alert.fired",
    "source": "/monitoring/checkout",
    "id": "C234-1234-1234",
    "time": "2026-11-24T03:00:00Z",
    "subject": "queue-depth",
    "datacontenttype": "application/json",
    "data": {"title": "The queue of checkout is deep", "severity": "high", "service": "checkout"},
}
CE_BINARY = {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-type": "com.example.alert.fired",
    "ce-source": "/monitoring/checkout",
    "ce-id": "C234-1234-1235",
    "ce-time": "2026-11-24T03:00:00Z",
    "ce-subject": "queue%20depth",
}

GENERIC = {
    "id": "disk-7",
    "name": "Disk is nearly full",
    "service": "checkout",
    "severity": "warning",
    "status": "firing",
    "message": "92 % of /var is used",
    "time": "2026-11-24T03:00:00Z",
    "url": "https://checks.example.com/7",
}


def github(event: str) -> dict[str, str]:
    """GitHub's headers."""
    return {"x-github-event": event, "x-github-delivery": f"72d3162e-{event}"}


EXAMPLES = {
    "alertmanager": Example("alertmanager", ALERTMANAGER),
    "grafana": Example("grafana", GRAFANA),
    "pagerduty": Example("pagerduty", PAGERDUTY, opens="Checkout API"),
    "datadog": Example("datadog", DATADOG),
    "sentry issue alert": Example("sentry", SENTRY_EVENT_ALERT, SENTRY_HEADERS),
    "sentry metric alert": Example("sentry", SENTRY_METRIC_ALERT, {**SENTRY_HEADERS, "sentry-hook-resource": "metric_alert", "request-id": "3f2d"}),
    "sentry issue": Example("sentry", SENTRY_ISSUE, {**SENTRY_HEADERS, "sentry-hook-resource": "issue", "request-id": "3f2e"}),
    "sns with a CloudWatch alarm": Example("sns", SNS, {"content-type": "text/plain; charset=UTF-8"}),
    "opsgenie": Example("opsgenie", OPSGENIE),
    "cloudevents structured": Example("cloudevents", CLOUD_EVENT, {"content-type": "application/cloudevents+json"}),
    "cloudevents binary": Example("cloudevents", CLOUD_EVENT["data"], CE_BINARY),
    "cloudevents batch": Example("cloudevents", [CLOUD_EVENT], {"content-type": "application/cloudevents-batch+json"}),
    "generic": Example("generic", GENERIC),
    "github deployment": Example("deploy", GITHUB_DEPLOYMENT, github("deployment_status"), state="change"),
    "github push": Example("deploy", GITHUB_PUSH, github("push"), state="change"),
    "github workflow": Example("deploy", GITHUB_WORKFLOW, github("workflow_run"), state="change"),
    "gitlab deployment": Example("deploy", GITLAB_DEPLOYMENT, {"x-gitlab-event": "Deployment Hook"}, state="change"),
    "argocd": Example("deploy", ARGOCD, state="change"),
    "deploy": Example("deploy", DEPLOY, state="change"),
}  # fmt: skip
