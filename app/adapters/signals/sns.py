"""Reads Amazon SNS notifications into signals: CloudWatch alarms, other JSON by the generic mapping, plain text as it is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.adapters.signals.body import read_json
from app.adapters.signals.fields import first, inside, moment, required, shown, text_at
from app.adapters.signals.generic import GenericParser
from app.adapters.signals.sns_door import said_at
from app.domain.canonical import Json, digest
from app.domain.errors import BadInput
from app.domain.report import Report
from app.domain.severity import Severity
from app.domain.signal import Signal, SignalState

_HINT = "Subscribe this address to a topic, with raw message delivery off."
_STATES = {"ALARM": SignalState.FIRING, "OK": SignalState.RESOLVED, "INSUFFICIENT_DATA": SignalState.NO_DATA}
_SEVERITY = re.compile(r"\b(?:sev(?:erity)?[ :=-]*)([a-z0-9]+)|\b(p[1-5])\b", re.IGNORECASE)
_SERVICE_DIMENSIONS = ("Service", "ServiceName", "service", "FunctionName", "DBInstanceIdentifier", "QueueName", "ApiName")


@dataclass(frozen=True, slots=True)
class SnsParser:
    """`generic` reads JSON messages that are no CloudWatch alarms."""

    generic: GenericParser

    def __call__(self, payload: Mapping[str, Json]) -> Report:
        """MessageId names the delivery; raises BadInput for anything that is no SNS message."""
        message = payload.get("body")
        kind = required(inside(message, "Type"), "Type", _HINT)
        key = required(inside(message, "MessageId"), "MessageId", _HINT)
        topic = required(inside(message, "TopicArn"), "TopicArn", _HINT)
        if kind != "Notification":
            word = "is confirmed" if kind == "SubscriptionConfirmation" else "was cancelled"
            return Report(key=key, note=f"the subscription to {topic} {word}")
        sent = said_at(message)
        if sent is None:
            raise BadInput("Timestamp is missing.", _HINT)
        text = inside(message, "Message")
        if not isinstance(text, str):
            raise BadInput(f"Message is {shown(text)}, not text.", _HINT)
        return Report((self._signal(text, text_at(message, "Subject"), topic, sent),), key=key)

    def _signal(self, text: str, subject: str, topic: str, sent: datetime) -> Signal:
        if text.lstrip().startswith("{"):
            try:
                inner = read_json(text.encode())
                if "AlarmName" in inner:
                    return _alarm(inner, sent)
                return self.generic.signal({"title": subject, **inner} if subject else inner, "sns", sent)
            except BadInput:
                pass  # whatever it is, a person can still read it
        return _plain(text, subject, topic, sent)


def _alarm(alarm: Mapping[str, Json], sent: datetime) -> Signal:
    """A CloudWatch alarm: its ARN names the condition; with too little data nobody knows whether it holds."""
    word = text_at(alarm, "NewStateValue")
    state = _STATES.get(word)
    if state is None:
        raise BadInput(f"NewStateValue is {shown(word)}.", "It is ALARM, OK or INSUFFICIENT_DATA.")
    name = required(alarm.get("AlarmName"), "AlarmName", _HINT)
    description = text_at(alarm, "AlarmDescription", longest=2000)
    changed = moment(alarm.get("StateChangeTime"), "StateChangeTime") or sent
    dimensions = inside(alarm, "Trigger", "Dimensions")
    pairs = (
        [(text_at(pair, "name"), text_at(pair, "value")) for pair in dimensions if pair] if isinstance(dimensions, list) else []
    )
    by_name = dict(pairs[:50])
    metric = text_at(alarm, "Trigger", "MetricName")
    labels = {
        "alarm": name,
        "region": text_at(alarm, "Region"),
        "account": text_at(alarm, "AWSAccountId"),
        "metric": metric,
        "namespace": text_at(alarm, "Trigger", "Namespace"),
        "was": text_at(alarm, "OldStateValue"),
        **by_name,
    }
    return Signal(
        source="cloudwatch",
        fingerprint=text_at(alarm, "AlarmArn") or digest({"alarm": name, "account": text_at(alarm, "AWSAccountId")}),
        name=name,
        state=state,
        severity=_severity(description),
        starts_at=changed,
        service=first(by_name.get(key, "") for key in _SERVICE_DIMENSIONS) or None,
        ends_at=changed if state is SignalState.RESOLVED else None,
        summary=first((description.splitlines()[0][:300] if description else "", name)),
        description=text_at(alarm, "NewStateReason", longest=8192),
        labels={key: value for key, value in labels.items() if key and value},
        said_at=changed,
        is_start_known=False,
    )


def _severity(description: str) -> Severity:
    """CloudWatch has none, so the description may name it: `severity: critical`, `sev2` or `P1`."""
    found = _SEVERITY.search(description)
    word = (found[1] or found[2]) if found else ""
    try:
        return Severity.parse(word)
    except BadInput:
        return Severity.from_label(word)


def _plain(text: str, subject: str, topic: str, sent: datetime) -> Signal:
    name = first((subject, text.strip().partition("\n")[0][:150], "SNS message"))
    return Signal(
        source="sns",
        fingerprint=digest({"topic": topic, "name": name})[:32],
        name=name,
        state=SignalState.FIRING,
        severity=Severity.SEV3,
        starts_at=sent,
        summary=name,
        description=text[:8192],
        labels={"topic": topic},
        group_key=topic,
        said_at=sent,
        is_start_known=False,
    )
