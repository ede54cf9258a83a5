"""Reads Alertmanager's webhook body, version 4, into signals; a bad alert never costs its neighbours."""

import hashlib
import re
from collections.abc import Mapping

from app.adapters.signals.fields import MAX_LABEL_TEXT, MAX_LABELS, SERVICE_LABELS, cut, link_of, moment, shown
from app.domain.canonical import digest, plain
from app.domain.errors import BadInput
from app.domain.report import Report
from app.domain.severity import Severity
from app.domain.signal import Signal, SignalState

MAX_ALERTS = 1000
MAX_ANNOTATION_TEXT = 8192
SEVERITY_LABELS = ("severity", "priority", "level")
KEPT_LABELS = frozenset({"alertname", "summary", "description", "title", "message", *SERVICE_LABELS, *SEVERITY_LABELS})

_SHAPE_HINT = "Send Alertmanager's webhook body, version 4, unchanged."
_FINGERPRINT = re.compile(r"[A-Za-z0-9_.:-]{1,128}", re.ASCII)


def parse(body: Mapping[str, object]) -> Report:
    """One signal per alert, in the body's order. An alert of another shape is refused by its place and the rest is kept:
    Alertmanager sends whole groups and never repeats one that got a 4xx. Raises BadInput for any other body.
    """
    if body.get("version") != "4":
        raise BadInput(f'version is {shown(body.get("version"))}, not "4".', _SHAPE_HINT)
    return alerts_of(body, "alertmanager")


def alerts_of(body: Mapping[str, object], source: str) -> Report:
    """The alerts of a group; raises BadInput where there is no list of them."""
    alerts = body.get("alerts")
    if not isinstance(alerts, list) or not alerts:
        raise BadInput("alerts is not a list with at least one alert.", _SHAPE_HINT)
    group_key = body.get("groupKey", "")
    if not isinstance(group_key, str):
        raise BadInput("groupKey is not text.", _SHAPE_HINT)
    group = group_key if len(group_key) <= 500 else f"{group_key[:400]}#{hashlib.sha256(group_key.encode()).hexdigest()[:16]}"
    signals: list[Signal] = []
    refused: list[str] = []
    for index, alert in enumerate(alerts[:MAX_ALERTS]):
        try:
            signals.append(_signal(alert, f"alerts[{index}]", group, source))
        except BadInput as problem:
            refused.append(problem.message)
    hint = f"Set max_alerts of the receiver to at most {MAX_ALERTS}."
    refused += [f"alerts[{index}] is beyond the first {MAX_ALERTS}. {hint}" for index in range(MAX_ALERTS, len(alerts))]
    return Report(tuple(signals), refused=tuple(refused))


def _signal(alert: object, place: str, group_key: str, source: str) -> Signal:
    if not isinstance(alert, Mapping):
        raise BadInput(f"{place} is not an object.", _SHAPE_HINT)
    labels = _texts(alert.get("labels"), f"{place}.labels", MAX_LABEL_TEXT)
    annotations = _texts(alert.get("annotations", {}), f"{place}.annotations", MAX_ANNOTATION_TEXT)
    starts_at = moment(alert.get("startsAt"), f"{place}.startsAt")
    if starts_at is None:
        raise BadInput(f"{place}.startsAt is year 1 or missing.", _SHAPE_HINT)
    state = _state(alert.get("status"), f"{place}.status")
    ends_at = moment(alert.get("endsAt"), f"{place}.endsAt")
    severity = next((labels[name] for name in SEVERITY_LABELS if labels.get(name)), "")
    return Signal(
        source=source,
        fingerprint=_fingerprint(alert.get("fingerprint"), labels, f"{place}.fingerprint"),
        name=labels.get("alertname") or "unnamed alert",
        state=state,
        severity=Severity.from_label(severity),
        starts_at=starts_at,
        service=next((labels[name] for name in SERVICE_LABELS if labels.get(name)), None),
        # While an alert fires, endsAt is only Alertmanager's guess of when it would give up on it.
        ends_at=ends_at if state is SignalState.RESOLVED else None,
        summary=annotations.get("summary") or annotations.get("title") or "",
        description=annotations.get("description") or annotations.get("message") or "",
        labels=labels,
        annotations=annotations,
        group_key=group_key,
        link=_link(alert.get("generatorURL", ""), f"{place}.generatorURL"),
    )


def _texts(value: object, place: str, longest: int) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise BadInput(f"{place} is not an object.", _SHAPE_HINT)
    texts: dict[str, str] = {}
    # What names the alert is kept whatever else it carries; the rest beyond the hundredth is counted and left out.
    ordered = sorted(value.items(), key=lambda pair: pair[0] not in KEPT_LABELS) if len(value) > MAX_LABELS else value.items()
    for name, text in list(ordered)[:MAX_LABELS]:
        if not isinstance(name, str) or not name or len(name) > 200 or not isinstance(text, str):
            raise BadInput(f"{place}[{shown(name)}] is not text under a name.", _SHAPE_HINT)
        texts[name] = cut(text, longest)
    if len(value) > MAX_LABELS:
        texts["left_out"] = str(len(value) - MAX_LABELS)
    return texts


def _state(value: object, place: str) -> SignalState:
    if isinstance(value, str) and value in {"firing", "resolved"}:
        return SignalState(value)
    raise BadInput(f"{place} is {shown(value)}.", 'It must be "firing" or "resolved".')


def _fingerprint(value: object, labels: Mapping[str, str], place: str) -> str:
    if value is None or value == "":
        return digest(plain(dict(labels)))[:16]
    if isinstance(value, str) and _FINGERPRINT.fullmatch(value):
        return value
    raise BadInput(f"{place} is {shown(value)}.", "It is letters and digits, at most 128, or left out.")


def _link(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise BadInput(f"{place} is not text.", _SHAPE_HINT)
    return link_of(value)
