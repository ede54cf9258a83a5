"""What Sentry's integrations send, as documented."""

SENTRY_HEADERS = {"request-id": "3f2c", "sentry-hook-resource": "event_alert", "sentry-hook-timestamp": "1795489200"}
SENTRY_EVENT_ALERT = {
    "action": "triggered",
    "actor": {"id": "sentry", "name": "Sentry", "type": "application"},
    "data": {
        "event": {
            "event_id": "e4874d664c3540c1a32eab185f12c5ab",
            "issue_id": "1170820242",
            "title": "ReferenceError: heck is not defined",
            "level": "error",
            "culprit": "?(runner)",
            "datetime": "2026-11-24T03:00:00.000000Z",
            "project": 1,
            "tags": [["browser", "Chrome 75"], ["level", "error"]],
            "url": "https://sentry.io/api/0/projects/acme/checkout/events/e4874d664c3540c1a32eab185f12c5ab/",
            "web_url": "https://sentry.io/organizations/acme/issues/1170820242/events/e4874d664c3540c1a32eab185f12c5ab/",
        },
        "triggered_rule": "Very important alert rule",
    },
    "installation": {"uuid": "a8e5d37a-696c-4c54-adb5-b3f28d64c7de"},
}
SENTRY_METRIC_ALERT = {
    "action": "critical",
    "actor": {"id": "sentry", "name": "Sentry", "type": "application"},
    "data": {
        "description_text": "1000 events in the last 10 minutes\nFilter: level:error",
        "description_title": "Critical: Too many errors",
        "metric_alert": {
            "alert_rule": {"id": "7", "name": "Too many errors", "projects": ["checkout"], "environment": None, "triggers": []},
            "date_created": "2026-11-24T03:00:00.000000Z",
            "date_detected": "2026-11-24T03:00:00.000000Z",
            "date_started": "2026-11-24T02:58:00.000000Z",
            "date_closed": None,
            "id": "4",
            "identifier": "1",
            "projects": ["checkout"],
            "status": 20,
            "title": "Sacred Marmot",
            "type": 2,
        },
        "web_url": "https://sentry.io/organizations/acme/alerts/1/",
    },
    "installation": {"uuid": "a8e5d37a-696c-4c54-adb5-b3f28d64c7de"},
}
SENTRY_ISSUE = {
    "action": "created",
    "actor": {"id": "sentry", "name": "Sentry", "type": "application"},
    "data": {
        "issue": {
            "annotations": [],
            "assignedTo": None,
            "count": "1",
            "culprit": "?(runner)",
            "firstSeen": "2026-11-24T03:00:00.391000Z",
            "id": "1170820243",
            "lastSeen": "2026-11-24T03:00:00.391000Z",
            "level": "error",
            "metadata": {"type": "ReferenceError", "value": "blooopy is not defined"},
            "permalink": None,
            "platform": "javascript",
            "project": {"id": "1", "name": "checkout", "platform": "", "slug": "checkout"},
            "shortId": "CHECKOUT-9",
            "status": "unresolved",
            "substatus": "new",
            "title": "ReferenceError: blooopy is not defined",
            "web_url": "https://sentry.io/organizations/acme/issues/1170820243/",
        }
    },
    "installation": {"uuid": "a8e5d37a-696c-4c54-adb5-b3f28d64c7de"},
}
