"""Reads the webhook of Grafana's unified alerting into signals."""

from collections.abc import Mapping
from dataclasses import replace

from app.adapters.signals.alertmanager import alerts_of
from app.adapters.signals.fields import inside, link_of, text_at
from app.adapters.signals.source import Received, hmac_hex, same
from app.domain.errors import BadInput
from app.domain.report import Report
from app.domain.signal import Signal

SIGNATURE = "x-grafana-alerting-signature"
TIMESTAMP = "x-grafana-alerting-timestamp"
MAX_AGE_S = 300.0

_HINT = "Point a contact point of the type webhook at this address, without a template of its own."


def parse(body: Mapping[str, object]) -> Report:
    """One signal per alert; the shape is Alertmanager's with Grafana's links and values. Raises BadInput for another body.

    Where no data comes or a rule fails, Grafana fires alerts called DatasourceNoData and DatasourceError; the rule's own
    name and labels stand in them, and they are signals like any other.
    """
    if text_at(body, "version") not in {"1", "4"}:
        raise BadInput("This is not the webhook of Grafana's unified alerting.", _HINT)
    report = alerts_of(body, "grafana")
    by_fingerprint = {text_at(alert, "fingerprint"): alert for alert in _alerts(body)}
    return replace(
        report, signals=tuple(_with_links(signal, by_fingerprint.get(signal.fingerprint)) for signal in report.signals)
    )


def is_signed(received: Received, secret: str) -> bool:
    """HMAC-SHA256 in hex over the body, or over `timestamp:body` where Grafana is set to send its time in
    X-Grafana-Alerting-Timestamp; then the request may be five minutes old.
    """
    sent = received.headers.get(TIMESTAMP, "")
    if not sent:
        return same(received.headers[SIGNATURE].strip(), hmac_hex(secret, received.raw))
    if not (sent.isascii() and sent.isdecimal() and len(sent) <= 12):
        return False
    is_fresh = abs(received.at.timestamp() - int(sent)) <= MAX_AGE_S
    return same(received.headers[SIGNATURE].strip(), hmac_hex(secret, sent.encode() + b":" + received.raw)) and is_fresh


def _alerts(body: Mapping[str, object]) -> list[object]:
    alerts = body.get("alerts")
    return alerts if isinstance(alerts, list) else []


def _with_links(signal: Signal, alert: object) -> Signal:
    rule = signal.labels.get("rulename", "")
    name = f"{rule} ({signal.name})" if rule and rule != signal.name else signal.name
    link = next((found for key in ("panelURL", "dashboardURL") if (found := link_of(inside(alert, key)))), signal.link)
    values = text_at(alert, "valueString", longest=500)
    return replace(signal, name=name, link=link, description=signal.description or values)
