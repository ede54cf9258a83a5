"""Reads Sentry's integration webhooks (issue alerts, metric alerts and issues) into signals."""

import re
from collections.abc import Mapping
from datetime import datetime

from app.adapters.signals.fields import first, inside, labels_from, link_of, moment, required, text_at
from app.adapters.signals.source import Received, hmac_hex, same
from app.domain.errors import BadInput
from app.domain.report import Report
from app.domain.severity import Severity
from app.domain.signal import Signal, SignalState

SIGNATURE = "sentry-hook-signature"
HEADERS = ("sentry-hook-resource", "sentry-hook-timestamp", "request-id")

_HINT = "Point an internal integration's webhook URL here, unchanged."
_PROJECT = re.compile(r"/projects/[^/]+/([^/]+)/")
_ISSUE = {
    "created": SignalState.FIRING,
    "unresolved": SignalState.FIRING,
    "resolved": SignalState.RESOLVED,
    "archived": SignalState.RESOLVED,
    "ignored": SignalState.RESOLVED,
}
_METRIC = {"critical": SignalState.FIRING, "warning": SignalState.FIRING, "resolved": SignalState.RESOLVED}


def parse(payload: Mapping[str, object]) -> Report:
    """The header Sentry-Hook-Resource says what it is; raises BadInput for a body without action and data.

    An issue alert and the issue's own events share the issue's id as condition, so that resolving the issue in Sentry
    ends what its alert began.
    """
    resource = text_at(payload, "headers", "sentry-hook-resource")
    body = payload.get("body")
    action = required(inside(body, "action"), "action", _HINT)
    data = inside(body, "data")
    if not isinstance(data, Mapping):
        raise BadInput("data is not an object.", _HINT)
    key = text_at(payload, "headers", "request-id")
    said_at = moment(text_at(payload, "headers", "sentry-hook-timestamp"), "Sentry-Hook-Timestamp")
    at = said_at or moment(payload.get("received_at"), "received_at")
    resource = resource or _guess(data)
    if resource == "metric_alert" and action in _METRIC:
        return Report((_metric_alert(data, action, at, said_at),), key=key)
    if resource == "event_alert" and action == "triggered":
        return Report((_issue_alert(data, at, said_at),), key=key)
    if resource == "issue" and action in _ISSUE:
        return Report((_issue(data, action, at, said_at),), key=key)
    if not resource:
        raise BadInput("The header Sentry-Hook-Resource is missing.", _HINT)
    return Report(key=key, note=f"{resource} {action} opens and resolves nothing")


def is_signed(received: Received, secret: str) -> bool:
    """HMAC-SHA256 of the raw body with the integration's client secret, in hex."""
    return same(received.headers[SIGNATURE].strip(), hmac_hex(secret, received.raw))


def _guess(data: Mapping[str, object]) -> str:
    return next((name for name, key in (("metric_alert",) * 2, ("event_alert", "event"), ("issue",) * 2) if key in data), "")


def _metric_alert(data: Mapping[str, object], action: str, at: datetime | None, said_at: datetime | None) -> Signal:
    alert = data.get("metric_alert")
    number = required(inside(alert, "id"), "data.metric_alert.id", _HINT)
    started = moment(inside(alert, "date_started"), "data.metric_alert.date_started") or at
    title = text_at(data, "description_title", longest=500)
    project = text_at(alert, "projects", "0")
    state = _METRIC[action]
    return Signal(
        source="sentry",
        fingerprint=f"metric:{number}",
        name=text_at(alert, "alert_rule", "name") or title or f"Sentry metric alert {number}",
        state=state,
        severity=Severity.from_label(action),
        starts_at=_known(started),
        service=project or None,
        ends_at=at if state is SignalState.RESOLVED else None,
        summary=title,
        description=text_at(data, "description_text", longest=8192),
        labels=labels_from(
            [("project", project), ("level", action), ("environment", inside(alert, "alert_rule", "environment"))]
        ),
        link=link_of(data.get("web_url")),
        said_at=said_at,
    )


def _issue_alert(data: Mapping[str, object], at: datetime | None, said_at: datetime | None) -> Signal:
    event = data.get("event")
    number = required(inside(event, "issue_id") or inside(event, "issue", "id"), "data.event.issue_id", _HINT)
    tags = inside(event, "tags")
    pairs = [(tag[0], tag[1]) for tag in tags if isinstance(tag, list) and len(tag) == 2] if isinstance(tags, list) else []
    labels = labels_from(pairs)
    found = _PROJECT.search(text_at(event, "url", longest=2000))
    service = labels.get("service") or (found[1] if found else "") or text_at(event, "project_slug")
    title = text_at(event, "title", longest=500)
    happened = moment(inside(event, "datetime"), "data.event.datetime")
    return Signal(
        source="sentry",
        fingerprint=f"issue:{number}",
        name=first((text_at(data, "triggered_rule"), title, f"Sentry issue {number}")),
        state=SignalState.FIRING,
        severity=Severity.from_label(labels.get("level") or text_at(event, "level")),
        starts_at=_known(happened or at),
        service=service or None,
        summary=title,
        description=first((text_at(event, "message", longest=2000), text_at(event, "culprit"))),
        labels=labels,
        link=link_of(inside(event, "web_url")),
        said_at=said_at,
        is_start_known=False,
    )


def _issue(data: Mapping[str, object], action: str, at: datetime | None, said_at: datetime | None) -> Signal:
    issue = data.get("issue")
    number = required(inside(issue, "id"), "data.issue.id", _HINT)
    title = text_at(issue, "title", longest=500)
    state = _ISSUE[action]
    seen = moment(inside(issue, "firstSeen"), "data.issue.firstSeen") if action == "created" else None
    project = first((text_at(issue, "project", "slug"), text_at(issue, "project", "name")))
    return Signal(
        source="sentry",
        fingerprint=f"issue:{number}",
        name=title or f"Sentry issue {number}",
        state=state,
        severity=Severity.from_label(text_at(issue, "level")),
        starts_at=_known(seen or at),
        service=project or None,
        ends_at=at if state is SignalState.RESOLVED else None,
        summary=title,
        description=text_at(issue, "culprit"),
        labels=labels_from((name, inside(issue, name)) for name in ("level", "shortId", "platform", "substatus", "count")),
        link=first((link_of(inside(issue, "web_url")), link_of(inside(issue, "permalink")))),
        said_at=said_at,
        is_start_known=False,
    )


def _known(at: datetime | None) -> datetime:
    if at is None:
        raise BadInput("The header Sentry-Hook-Timestamp is missing.", _HINT)
    return at
