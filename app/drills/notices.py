"""Groups alerts by service and words them exactly as Alertmanager's webhook does."""

import urllib.parse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from app.drills.rules import Rule

GROUP_WAIT_S = 1.0
GROUP_INTERVAL_S = 2.0
REPEAT_S = 3600.0
NEVER = "0001-01-01T00:00:00Z"

_FNV_OFFSET, _FNV_PRIME, _MASK = 14695981039346656037, 1099511628211, (1 << 64) - 1


@dataclass(frozen=True)
class Alert:
    """A rule that fires or fired; times are seconds since the epoch."""

    rule: Rule
    starts: float
    value: float
    ends: float | None = None


@dataclass
class _Watch:
    above_since: float | None = None
    alert: Alert | None = None


class AlertStates:
    """Turns values into alerts: pending while young, firing after `for_s`, resolved when below again."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Start with everything quiet."""
        self._watches = {rule.alert: (rule, _Watch()) for rule in rules}

    def update(self, values: dict[str, float | None], now: float) -> list[Alert]:
        """Every alert that fires, or that resolved just now."""
        return [alert for name, value in values.items() if (alert := self._update_one(name, value, now)) is not None]

    def _update_one(self, name: str, value: float | None, now: float) -> Alert | None:
        rule, watch = self._watches[name]
        if value is None or not value > rule.threshold:
            watch.above_since, fired, watch.alert = None, watch.alert, None
            return replace(fired, ends=now) if fired else None
        if watch.above_since is None:
            watch.above_since = now
        if now - watch.above_since < rule.for_s:
            return None
        watch.alert = replace(watch.alert, value=value) if watch.alert else Alert(rule, now, value)
        return watch.alert


class Group:
    """The alerts of one service, and when the receiver is to hear of them."""

    def __init__(self, now: float) -> None:
        """Wait a moment for the group's other alerts."""
        self._alerts: dict[str, Alert] = {}
        self._sent: dict[str, bool] = {}
        self._sent_at = 0.0
        self._next = now + GROUP_WAIT_S

    @property
    def empty(self) -> bool:
        """Whether there is nothing left to tell."""
        return not self._alerts

    def take(self, alert: Alert) -> None:
        """Note the present state of one alert."""
        self._alerts[alert.rule.alert] = alert

    def due(self, now: float) -> list[Alert]:
        """The alerts to send now, or none: when something changed, or after the repeat interval."""
        state = {name: alert.ends is None for name, alert in self._alerts.items()}
        changed = state != self._sent or now - self._sent_at >= REPEAT_S
        return list(self._alerts.values()) if changed and now >= self._next else []

    def sent(self, alerts: list[Alert], now: float) -> None:
        """The receiver has it; the resolved ones are over."""
        for alert in alerts:
            if alert.ends is not None and self._alerts.get(alert.rule.alert) == alert:
                del self._alerts[alert.rule.alert]
        self._sent = {alert.rule.alert: True for alert in alerts if alert.ends is None}
        self._sent_at, self._next = now, now + GROUP_INTERVAL_S


def webhook_body(service: str, alerts: list[Alert], external_url: str) -> dict[str, Any]:
    """An Alertmanager webhook, version 4."""
    entries = [_entry(alert, external_url) for alert in sorted(alerts, key=lambda alert: alert.rule.alert)]
    return {
        "receiver": "sitrep",
        "status": "firing" if any(alert.ends is None for alert in alerts) else "resolved",
        "alerts": entries,
        "groupLabels": {"service": service},
        "commonLabels": _common([entry["labels"] for entry in entries]),
        "commonAnnotations": _common([entry["annotations"] for entry in entries]),
        "externalURL": external_url,
        "version": "4",
        "groupKey": f'{{}}:{{service="{service}"}}',
        "truncatedAlerts": 0,
    }


def fingerprint(labels: dict[str, str]) -> str:
    """The label set's hash as Prometheus computes it: FNV-1a of 64 bits over the sorted names and values."""
    value = _FNV_OFFSET
    for byte in _hashed_bytes(labels):
        value = ((value ^ byte) * _FNV_PRIME) & _MASK
    return f"{value:016x}"


def _hashed_bytes(labels: dict[str, str]) -> Iterator[int]:
    for name in sorted(labels):
        yield from name.encode()
        yield 255
        yield from labels[name].encode()
        yield 255


def _entry(alert: Alert, external_url: str) -> dict[str, Any]:
    rule = alert.rule
    query = urllib.parse.urlencode({"g0.expr": rule.expression(), "g0.tab": "1"})
    return {
        "status": "firing" if alert.ends is None else "resolved",
        "labels": rule.labels(),
        "annotations": {
            "summary": rule.summary,
            "description": rule.description.replace("{value}", f"{alert.value:.3g}"),
            "runbook": rule.runbook,
        },
        "startsAt": _rfc3339(alert.starts),
        "endsAt": NEVER if alert.ends is None else _rfc3339(alert.ends),
        "generatorURL": f"{external_url}/graph?{query}",
        "fingerprint": fingerprint(rule.labels()),
    }


def _rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _common(maps: list[dict[str, str]]) -> dict[str, str]:
    return {key: value for key, value in maps[0].items() if all(other.get(key) == value for other in maps)} if maps else {}
