"""Reads Opsgenie's webhook integration into signals."""

from collections.abc import Mapping

from app.adapters.signals.fields import first, inside, labels_from, moment, required, tags_of, text_at
from app.domain.canonical import digest
from app.domain.errors import BadInput
from app.domain.report import Report
from app.domain.severity import Severity
from app.domain.signal import Signal, SignalState

_HINT = "Add a webhook integration in Opsgenie with this address, unchanged."
_ACTIONS = {
    "Create": SignalState.FIRING,
    "Acknowledge": SignalState.FIRING,
    "UnAcknowledge": SignalState.FIRING,
    "Escalate": SignalState.FIRING,
    "Close": SignalState.RESOLVED,
    "Delete": SignalState.RESOLVED,
}


def parse(payload: Mapping[str, object]) -> Report:
    """Create, Acknowledge and Escalate say that it holds, Close and Delete that it is over; notes and tags say nothing.

    The alert's id names the condition; with action and time it names the delivery. Raises BadInput for another body.
    """
    body = payload.get("body")
    action = required(inside(body, "action"), "action", _HINT)
    alert = inside(body, "alert")
    if not isinstance(alert, Mapping):
        raise BadInput("alert is not an object.", _HINT)
    number = required(alert.get("alertId"), "alert.alertId", _HINT)
    key = digest({"alert": number, "action": action, "at": text_at(alert, "updatedAt"), "note": text_at(alert, "note")})
    state = _ACTIONS.get(action)
    if state is None:
        return Report(key=key, note=f"{action} opens and resolves nothing")
    said_at = moment(alert.get("updatedAt"), "alert.updatedAt")
    starts_at = moment(alert.get("createdAt"), "alert.createdAt") or said_at or moment(payload.get("received_at"), "received_at")
    if starts_at is None:
        raise BadInput("alert.createdAt is missing.", _HINT)
    tags = tags_of(alert.get("tags"))
    details = inside(alert, "details")
    labels = {**tags, **labels_from(details.items() if isinstance(details, Mapping) else ())}
    message = text_at(alert, "message", longest=500)
    signal = Signal(
        source="opsgenie",
        fingerprint=number,
        name=message or f"Opsgenie alert {text_at(alert, 'tinyId') or number}",
        state=state,
        severity=Severity.from_label(text_at(alert, "priority")),
        starts_at=starts_at,
        service=first((labels.get("service", ""), text_at(alert, "entity"))) or None,
        ends_at=said_at if state is SignalState.RESOLVED else None,
        summary=message,
        description=text_at(alert, "description", longest=8192),
        labels=dict(list(labels.items())[:90]) | {"action": action},
        group_key=text_at(alert, "alias", longest=500),
        said_at=said_at,
        is_start_known=False,
    )
    return Report((signal,), key=key)
