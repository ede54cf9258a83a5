"""Reads Datadog's webhook, filled in by the template in this folder's README, into signals."""

import re
from collections.abc import Mapping
from datetime import datetime

from app.adapters.signals.fields import filled, first, inside, link_of, moment, tags_of, text_of
from app.domain.canonical import digest
from app.domain.errors import BadInput
from app.domain.report import Report
from app.domain.severity import Severity
from app.domain.signal import Signal, SignalState

_HINT = "Use the payload template in app/adapters/signals/README.md; it needs alert_id and alert_transition."
_RECOVERED = frozenset({"recovered", "resolved", "ok"})
_WORDS = {"warn": "warning", "triggered": "error", "alert": "error", "no data": "warning", "renotify": "error"}
# Datadog's own titles: `[P1] [Triggered on {host:web-1}] Errors are high`.
_TITLE = re.compile(
    r"(?:\[P\d\]\s*)?\[((?:Re-)?(?:Triggered|Warn|No Data|Recovered|Alert))(?:\s+on\s+([^\]]{0,500}))?\]\s*", re.IGNORECASE
)


def parse(payload: Mapping[str, object]) -> Report:
    """One signal for a monitor's transition; raises BadInput if nothing says which monitor and what became of it.

    The cycle key names the condition from its trigger to its recovery; with the transition and its time it names the
    delivery. Keys are Datadog's variables in lower case, so the default payload's title is understood as well.
    """
    fields = _fields(inside(payload, "body"))
    title = first((fields.get("alert_title", ""), fields.get("event_title", ""), fields.get("title", "")))
    written = _TITLE.match(title)
    transition = fields.get("alert_transition") or (written[1] if written else "")
    if not transition:
        raise BadInput("alert_transition is missing.", _HINT)
    said_at = _said_at(fields)
    name = title[written.end() :] if written else title
    condition = _condition(fields, name, (written[2] or "") if written else "")
    key = digest({"condition": condition, "transition": transition, "at": fields.get("date") or fields.get("last_updated", "")})
    starts_at = said_at or moment(payload.get("received_at"), "received_at")
    if starts_at is None:
        raise BadInput("date is missing.", _HINT)
    return Report((_signal(fields, name, transition.casefold(), condition, starts_at, said_at),), key=key)


def _fields(body: object) -> dict[str, str]:
    if not isinstance(body, Mapping):
        raise BadInput("The body is not an object.", _HINT)
    read = ((str(name).lstrip("$").lower(), filled(text_of(value, 8192))) for name, value in list(body.items())[:200])
    return {name: text for name, text in read if text}


def _said_at(fields: Mapping[str, str]) -> datetime | None:
    place = next((name for name in ("date", "date_posix", "last_updated", "last_updated_posix") if name in fields), "")
    return moment(fields[place], place) if place else None


def _condition(fields: Mapping[str, str], name: str, scope: str) -> str:
    if fields.get("alert_cycle_key"):
        return fields["alert_cycle_key"][:200]
    monitor = fields.get("alert_id") or name
    if not monitor:
        raise BadInput("alert_id is missing.", _HINT)
    return digest({"monitor": monitor, "scope": fields.get("alert_scope", scope)})[:32]


def _signal(
    fields: Mapping[str, str], name: str, transition: str, condition: str, starts_at: datetime, said_at: datetime | None
) -> Signal:
    word = transition.removeprefix("re-")
    is_over = word in _RECOVERED
    tags = {**tags_of(fields.get("tags", "")), **tags_of(fields.get("alert_scope", ""))}
    kept = {
        name: fields[name] for name in ("alert_id", "alert_metric", "alert_status", "alert_query", "hostname") if name in fields
    }
    return Signal(
        source="datadog",
        fingerprint=condition,
        name=name or f"Datadog monitor {fields.get('alert_id', '')}".strip(),
        state=SignalState.RESOLVED if is_over else SignalState.FIRING,
        severity=Severity.from_label(fields.get("alert_priority") or _WORDS.get(word, "")),
        starts_at=starts_at,
        service=tags.get("service") or None,
        ends_at=said_at if is_over else None,
        summary=name,
        description=first(fields.get(name, "") for name in ("text_only_msg", "event_msg", "body", "alert_status")),
        labels=tags | kept | {"transition": transition},
        group_key=fields.get("aggreg_key", "")[:500],
        link=link_of(fields.get("link", "")),
        said_at=said_at,
        is_start_known=False,
    )
