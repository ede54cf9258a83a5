"""Reads PagerDuty's webhooks, version 3, into signals."""

from collections.abc import Mapping

from app.adapters.signals.fields import inside, link_of, moment, required, text_at
from app.adapters.signals.source import Received, hmac_hex, same
from app.domain.errors import BadInput
from app.domain.report import Report
from app.domain.severity import Severity
from app.domain.signal import Signal, SignalState

SIGNATURE = "x-pagerduty-signature"
HEADERS = ("x-webhook-id",)

_HINT = "Send a PagerDuty v3 webhook subscription here; versions 1 and 2 are gone."
_REOPENING = frozenset({"incident.reopened"})


def parse(payload: Mapping[str, object]) -> Report:
    """Every event about an incident says whether it is open; notes, responders and services say nothing about that.

    Raises BadInput for any other body. The sender's event id names the delivery, the incident's id the condition.
    """
    event = inside(payload, "body", "event")
    if not isinstance(event, Mapping):
        raise BadInput("event is not an object.", _HINT)
    key = required(event.get("id"), "event.id", _HINT)
    kind = required(event.get("event_type"), "event.event_type", _HINT)
    if not kind.startswith("incident.") or text_at(event, "data", "type") not in {"incident", ""}:
        return Report(key=key, note=f"{kind} says nothing about whether an incident is open")
    return Report((_signal(event, kind),), key=key)


def is_signed(received: Received, secret: str) -> bool:
    """True if one of the `v1=` values is the HMAC-SHA256 of the raw body; there are several while secrets change."""
    expected = hmac_hex(secret, received.raw)
    given = [part.strip() for part in received.headers[SIGNATURE].split(",")[:20]]
    # Every one is compared, whichever fits: the time must not tell.
    return sum(part.startswith("v1=") and same(part.removeprefix("v1="), expected) for part in given) > 0


def _signal(event: Mapping[str, object], kind: str) -> Signal:
    data = event.get("data")
    number = required(inside(data, "id"), "event.data.id", _HINT)
    said_at = moment(event.get("occurred_at"), "event.occurred_at")
    created = moment(inside(data, "created_at"), "event.data.created_at")
    starts_at = said_at if kind in _REOPENING else created or said_at
    if starts_at is None or said_at is None:
        raise BadInput("event.occurred_at is missing.", _HINT)
    state = _state(text_at(data, "status"))
    service = text_at(data, "service", "summary")
    title = text_at(data, "title", longest=500)
    return Signal(
        source="pagerduty",
        fingerprint=number,
        name=title or f"PagerDuty incident {text_at(data, 'number') or number}",
        state=state,
        severity=Severity.from_label(text_at(data, "priority", "summary") or text_at(data, "urgency")),
        starts_at=starts_at,
        service=service or None,
        ends_at=said_at if state is SignalState.RESOLVED else None,
        summary=title,
        labels={
            name: text
            for name, text in (
                ("service", service),
                ("urgency", text_at(data, "urgency")),
                ("priority", text_at(data, "priority", "summary")),
                ("number", text_at(data, "number")),
                ("incident_key", text_at(data, "incident_key")),
                ("event", kind),
            )
            if text
        },
        link=link_of(inside(data, "html_url")),
        said_at=said_at,
        is_start_known=False,
    )


def _state(status: str) -> SignalState:
    if status in {"triggered", "acknowledged", "resolved"}:
        return SignalState.RESOLVED if status == "resolved" else SignalState.FIRING
    raise BadInput(f"event.data.status is {ascii(status)[:40]}.", "It is triggered, acknowledged or resolved.")
