"""Reads Alertmanager's webhook, version 4 (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config)."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from app.domain.canonical import digest, plain
from app.domain.errors import BadInput
from app.domain.severity import Severity
from app.domain.signal import Signal, SignalState

MAX_ALERTS = 1000
MAX_LABELS = 100
MAX_LABEL_TEXT = 1024
MAX_ANNOTATION_TEXT = 8192
SERVICE_LABELS = ("service", "app", "app_kubernetes_io_name", "job")
SEVERITY_LABELS = ("severity", "priority", "level")

_SHAPE_HINT = "Send Alertmanager's webhook body, version 4, unchanged."
_FINGERPRINT = re.compile(r"[A-Za-z0-9_.:-]{1,128}", re.ASCII)
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


def parse(body: Mapping[str, object]) -> list[Signal]:
    """One signal per alert, in the body's order; raises BadInput naming the place for anything of another shape."""
    if body.get("version") != "4":
        raise BadInput(f'version is {_shown(body.get("version"))}, not "4".', _SHAPE_HINT)
    alerts = body.get("alerts")
    if not isinstance(alerts, list) or not alerts:
        raise BadInput("alerts is not a list with at least one alert.", _SHAPE_HINT)
    if len(alerts) > MAX_ALERTS:
        raise BadInput(f"alerts has {len(alerts)} entries.", f"Set max_alerts of the receiver to at most {MAX_ALERTS}.")
    group_key = body.get("groupKey", "")
    if not isinstance(group_key, str):
        raise BadInput("groupKey is not text.", _SHAPE_HINT)
    group = group_key if len(group_key) <= 500 else f"{group_key[:400]}#{hashlib.sha256(group_key.encode()).hexdigest()[:16]}"
    return [_signal(alert, f"alerts[{index}]", group) for index, alert in enumerate(alerts)]


def _signal(alert: object, place: str, group_key: str) -> Signal:
    if not isinstance(alert, Mapping):
        raise BadInput(f"{place} is not an object.", _SHAPE_HINT)
    labels = _texts(alert.get("labels"), f"{place}.labels", MAX_LABEL_TEXT)
    annotations = _texts(alert.get("annotations", {}), f"{place}.annotations", MAX_ANNOTATION_TEXT)
    starts_at = _time(alert.get("startsAt"), f"{place}.startsAt")
    if starts_at is None:
        raise BadInput(f"{place}.startsAt is year 1 or missing.", _SHAPE_HINT)
    state = _state(alert.get("status"), f"{place}.status")
    ends_at = _time(alert.get("endsAt"), f"{place}.endsAt")
    severity = next((labels[name] for name in SEVERITY_LABELS if labels.get(name)), "")
    return Signal(
        source="alertmanager",
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
    if len(value) > MAX_LABELS:
        raise BadInput(f"{place} has {len(value)} entries.", f"Send at most {MAX_LABELS}.")
    texts: dict[str, str] = {}
    for name, text in value.items():
        if not isinstance(name, str) or not name or len(name) > 200 or not isinstance(text, str):
            raise BadInput(f"{place}[{_shown(name)}] is not text under a name.", _SHAPE_HINT)
        texts[name] = text if len(text) <= longest else text[: longest - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return texts


def _state(value: object, place: str) -> SignalState:
    if isinstance(value, str) and value in {"firing", "resolved"}:
        return SignalState(value)
    raise BadInput(f"{place} is {_shown(value)}.", 'It must be "firing" or "resolved".')


def _time(value: object, place: str) -> datetime | None:
    """RFC 3339 with up to nanoseconds (cut to microseconds); Go's zero time counts as none."""
    if value is None or value == "":
        return None
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise BadInput(f"{place} is {_shown(value)}.", "Send RFC 3339 such as 2026-11-24T03:00:00Z.")
    day, clock, fraction, zone = match.groups()
    if day == "0001-01-01":
        return None
    offset = "+00:00" if zone in {"Z", "z"} else zone
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0')[:6].ljust(6, '0')}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput(f"{place} is {_shown(value)}, which is no time.", "Send RFC 3339 such as 2026-11-24T03:00:00Z.") from None


def _fingerprint(value: object, labels: Mapping[str, str], place: str) -> str:
    if value is None or value == "":
        return digest(plain(dict(labels)))[:16]
    if isinstance(value, str) and _FINGERPRINT.fullmatch(value):
        return value
    raise BadInput(f"{place} is {_shown(value)}.", "It is letters and digits, at most 128, or left out.")


def _link(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise BadInput(f"{place} is not text.", _SHAPE_HINT)
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    is_web = parts.scheme in {"http", "https"} and bool(parts.netloc)
    return value if is_web and len(value) <= 2000 and value.isprintable() else ""


def _shown(value: object) -> str:
    return ascii(value)[:80] if isinstance(value, str | int | float | None) else f"a {type(value).__name__}"
