"""How a JSON object nobody knows beforehand becomes a signal: where each word stands, as the team writes it down."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Paths = tuple[str, ...]
RESOLVED_WORDS = (
    "resolved", "resolve", "ok", "okay", "recovered", "recovery", "closed", "close",
    "up", "normal", "cleared", "inactive", "success",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SignalMapping:
    """Dotted places in the object; of several the first that holds something counts. A number in a place counts a list.

    `items` is where a list of alerts stands, empty for one alert a body. `key` names the condition, from places in braces;
    empty takes the place `id`, or else name and service. `resolved` are the words of `state` that mean it is over.
    """

    items: str = ""
    name: Paths = ("name", "alert", "alertname", "rule", "title", "check")
    service: Paths = ("service", "app", "component", "labels.service", "tags.service")
    severity: Paths = ("severity", "priority", "level", "labels.severity")
    state: Paths = ("state", "status", "action", "event")
    summary: Paths = ("summary", "title", "message", "text")
    description: Paths = ("description", "details", "body", "message")
    time: Paths = ("starts_at", "startsAt", "time", "timestamp", "at", "date")
    link: Paths = ("link", "url", "source_url")
    id: Paths = ("fingerprint", "key", "id", "incident_id", "alert_id")
    key: str = ""
    labels: Paths = ()
    severity_words: Mapping[str, str] = field(default_factory=dict)
    resolved: tuple[str, ...] = RESOLVED_WORDS


@dataclass(frozen=True, slots=True)
class Webhooks:
    """What the team says about inbound webhooks: our names for other tools' names, and the mapping of generic bodies."""

    services: Mapping[str, str] = field(default_factory=dict)
    generic: SignalMapping = field(default_factory=SignalMapping)
