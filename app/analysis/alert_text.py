"""What an alert's labels and text say about where it is: its service, the services it names, and its condition."""

import re
from collections.abc import Container, Mapping

SERVICE_LABELS = (
    "service", "service_name", "app", "app_kubernetes_io_name", "application", "component", "deployment", "workload",
    "statefulset", "daemonset", "job", "container", "pod", "instance", "host", "node",
)  # fmt: skip
_NAMES = ("alertname", "name", "title", "rule")
# A severity may rise and a replica may be replaced while the condition stays the same.
_NOT_THE_CONDITION = frozenset({"severity", "priority", "level", "replica", "prometheus", "prometheus_replica"})
_POD_END = re.compile(r"(?:-[0-9a-f]{4,10})?-(?:[a-z0-9]{5}|[0-9]{1,4})$")
_PORT = re.compile(r":[0-9]{1,5}$")
_WORD = re.compile(r"[A-Za-z][\w-]{2,63}")
_LONGEST_TEXT = 2000


def service_of(labels: Mapping[str, str], known: Container[str]) -> str:
    """The service an alert is about: the first usual label whose value is a known service, else the first usual label.

    Pods lose their suffix and instances their port. Without any such label it is the alert's name, so that repeats meet.
    """
    values = [_trimmed(label, labels[label]) for label in SERVICE_LABELS if labels.get(label)]
    for value in values:
        if value in known:
            return value
    for value in labels.values():
        if value in known:
            return value
    return values[0] if values else name_of(labels)


def name_of(labels: Mapping[str, str]) -> str:
    """The alert's name; empty if it has none."""
    return next((labels[label] for label in _NAMES if labels.get(label)), "")


def condition_of(labels: Mapping[str, str]) -> str:
    """What is the same for every repeat and for the end of one condition."""
    return "\x1f".join(f"{name}\x1e{labels[name]}" for name in sorted(labels) if name not in _NOT_THE_CONDITION)


def mentions(labels: Mapping[str, str], annotations: Mapping[str, str], service: str, known: Container[str]) -> tuple[str, ...]:
    """Other known services that the labels or the first 2,000 characters of the annotations name, in that order."""
    words = [*labels.values(), *_WORD.findall(" ".join(annotations.values())[:_LONGEST_TEXT])]
    return tuple(dict.fromkeys(word for word in words if word in known and word != service))


def _trimmed(label: str, value: str) -> str:
    if label == "pod":
        return _POD_END.sub("", value)
    return _PORT.sub("", value) if label == "instance" else value
