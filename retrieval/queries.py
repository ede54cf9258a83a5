"""Turns whatever wakes people up - a webhook, an alert text, a log line, a chat message - into a plain question."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from retrieval.documents import clean_text
from retrieval.words import plain, spoken_name

MAX_QUESTION_CHARACTERS = 4_000
MAX_PAYLOAD_CHARACTERS = 2_000_000
MAX_ALERTS = 5  # a group of many alerts of one name asks one question

NAME, PROSE, PLACE, HINT = 2.0, 1.0, 0.6, 0.3

_PROSE_KEYS = (
    "summary",
    "title",
    "message",
    "msg",
    "description",
    "text",
    "body",
    "error",
    "reason",
    "detail",
    "details",
    "subject",
)
_NAME_KEYS = frozenset({"alertname", "alert_name", "rule", "rulename", "check", "monitor", "event_type", "exception", "type"})
_PLACE_KEYS = frozenset({"service", "app", "application", "component", "job", "container", "deployment", "statefulset", "daemonset",
                         "queue", "topic", "database", "datname", "persistentvolumeclaim", "mountpoint", "device", "operation",
                         "resource", "controller", "reason", "condition", "status_reason", "workload", "cronjob", "job_name"})  # fmt: skip
_HIDDEN_KEYS = frozenset({"fingerprint", "receiver", "groupkey", "generatorurl", "externalurl", "silenceurl", "dashboardurl", "panelurl",
                          "version", "startsat", "endsat", "prometheus", "severity", "status", "id", "uid", "priority", "team",
                          "trace_id", "span_id", "timestamp", "time", "ts", "level", "values", "truncatedalerts"})  # fmt: skip
_IDENTIFIER = re.compile(
    r"\b(?:[A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+|[A-Z]{2,}[a-z]\w*|[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+|[A-Z]{2,}[A-Z0-9]*-?\d+\w*|[45]\d\d|5xx|4xx)\b"
)
_NOISE = (
    re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"),  # time stamps
    re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"),  # UUIDs
    re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b"),  # addresses
    re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{12,}\b"),  # hashes
    re.compile(r"<[@#!][^>]*>"),  # Slack mentions
    re.compile(r":[a-z0-9_+-]{2,40}:(?=\s|$)"),  # emoji
)
_POD = re.compile(r"(?<=[a-z0-9])-(?:[a-f0-9]{8,10}-[a-z0-9]{5}|[a-z0-9]{5}|\d{1,3})$")
_LABEL = re.compile(r"\b([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s,}\])]+)")
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\$(?:labels|value)\S*")


@dataclass(frozen=True)
class Question:
    """What is asked, in words a person would use.

    `text` is for the encoder. `parts` are (text, weight) for matching words: names weigh more than labels.
    `identifiers` are exact names (alert, metric, error code), most telling first.
    """

    text: str
    parts: tuple[tuple[str, float], ...]
    identifiers: tuple[str, ...] = ()


def question_from(source: str | Mapping[str, Any]) -> Question:
    """Read a webhook body (as text or parsed), an alert text, a log line or a chat message. Never raises for odd content."""
    if isinstance(source, Mapping):
        return _from_mapping(source)
    text = clean_text(source[:MAX_PAYLOAD_CHARACTERS]).strip()
    if text[:1] in {"{", "["}:
        payload = _parsed(text)
        if isinstance(payload, list):
            payload = {"alerts": [item for item in payload if isinstance(item, dict)]} if payload else None
        if isinstance(payload, Mapping):
            return _from_mapping(payload)
    return _from_text(text)


def questions_from(source: str | Mapping[str, Any]) -> tuple[Question, ...]:
    """One question for each alert name of a webhook's group, at most MAX_ALERTS; one question for everything else.

    What a group shares (its common labels) is asked with each of them.
    """
    payload = source if isinstance(source, Mapping) else _parsed(source) if source.lstrip()[:1] == "{" else None
    if not isinstance(payload, Mapping):
        return (question_from(source),)
    alerts = [alert for alert in _list(payload.get("alerts")) if isinstance(alert, Mapping)]
    firing = list(_different([alert for alert in alerts if alert.get("status") != "resolved"] or alerts))
    if len(firing) < 2:
        return (question_from(payload),)
    return tuple(question_from({**payload, "alerts": [alert]}) for alert in firing)


def alert_names(source: str | Mapping[str, Any]) -> tuple[str, ...]:
    """The alert names in a webhook body, or every identifier in a text."""
    return question_from(source).identifiers


class _Draft:
    """Collects what a payload says, each thing once, in the order of telling."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self.prose: dict[str, None] = {}
        self.places: dict[str, None] = {}
        self.hints: dict[str, None] = {}

    def label(self, key: str, value: object) -> None:
        """Sort one label or key to where it helps."""
        lowered = key.lower()
        if not isinstance(value, str | int | float) or isinstance(value, bool) or lowered in _HIDDEN_KEYS:
            return
        text = _quiet(str(value))
        if not text:
            return
        if lowered in _NAME_KEYS:
            self.names.setdefault(text)
        elif lowered in _PROSE_KEYS:
            self.prose.setdefault(text)
        elif lowered in _PLACE_KEYS:
            self.places.setdefault(_POD.sub("", text))
        elif lowered in {"pod", "pod_name"}:
            self.hints.setdefault(_POD.sub("", text))
        elif lowered in {"runbook_url", "runbook"}:
            self.names.setdefault(_slug(text))
        elif lowered not in {"instance", "endpoint", "host", "hostname", "url", "cluster", "region", "uid"}:
            self.hints.setdefault(text)

    def question(self) -> Question:
        """The sentence and the weighted parts."""
        names = [name for name in self.names if name]
        spoken = [spoken_name(name) for name in names]
        sentences = [*spoken, *self.prose]
        if not self.prose:
            sentences += list(self.places)[:3]
        parts = (
            [(text, NAME) for text in names]
            + [(text, PROSE) for text in self.prose]
            + [(text, PLACE) for text in self.places]
            + [(text, HINT) for text in self.hints]
        )
        found = dict.fromkeys([*names, *_identifiers(" ".join(self.prose)), *_identifiers(" ".join(self.hints))])
        text = ". ".join(sentence.rstrip(". ") for sentence in sentences if sentence)[:MAX_QUESTION_CHARACTERS]
        return Question(
            text or " ".join(self.hints), tuple((part[:MAX_QUESTION_CHARACTERS], weight) for part, weight in parts), tuple(found)
        )


def _from_mapping(payload: Mapping[str, Any]) -> Question:
    draft = _Draft()
    alerts = [alert for alert in _list(payload.get("alerts")) if isinstance(alert, Mapping)]
    firing = [alert for alert in alerts if alert.get("status") != "resolved"] or alerts
    if alerts or "commonLabels" in payload or "labels" in payload:
        shared = [payload.get(key) for key in ("groupLabels", "commonLabels", "labels", "commonAnnotations", "annotations")]
        for block in shared:
            _labels(draft, block)
        for alert in _different(firing):
            _labels(draft, alert.get("labels"))
            _labels(draft, alert.get("annotations"))
            for metric in _metrics(alert.get("generatorURL")):
                draft.hints.setdefault(metric)
        if draft.names or draft.prose:
            return draft.question()
    for key, value in _leaves(payload):
        draft.label(key, value)
    return draft.question()


def _from_text(text: str) -> Question:
    labels = [(match.group(1), match.group(2).strip("\"'")) for match in _LABEL.finditer(text)]
    quiet = _quiet(text)[:MAX_QUESTION_CHARACTERS]
    if len(labels) < 2:
        identifiers = _identifiers(quiet)
        return Question(spoken_name(quiet), ((quiet, PROSE), *((name, PROSE) for name in identifiers)), identifiers)
    draft = _Draft()
    rest = re.sub(r"[\s{}\[\](),]{2,}", " ", _LABEL.sub(" ", quiet)).strip(" {}[](),")
    if rest:
        draft.prose.setdefault(rest)
    for key, value in labels:
        draft.label(key, value)
    for name in _identifiers(rest):
        draft.names.setdefault(name)
    return draft.question()


def _labels(draft: _Draft, block: object) -> None:
    if isinstance(block, Mapping):
        for key in sorted(block, key=lambda name: _PROSE_KEYS.index(name) if name in _PROSE_KEYS else len(_PROSE_KEYS)):
            draft.label(str(key), block[key])


def _different(alerts: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The first alert of each name, then no more than MAX_ALERTS in all."""
    seen: set[str] = set()
    for alert in alerts:
        labels = alert.get("labels")
        name = str(labels.get("alertname", "")) if isinstance(labels, Mapping) else ""
        if name not in seen and len(seen) < MAX_ALERTS:
            seen.add(name)
            yield alert


def _leaves(value: object, key: str = "", depth: int = 0) -> Iterator[tuple[str, object]]:
    if depth > 6:
        return
    if isinstance(value, Mapping):
        for name, child in list(value.items())[:200]:
            yield from _leaves(child, str(name), depth + 1)
    elif isinstance(value, list):
        for child in value[:20]:
            yield from _leaves(child, key, depth + 1)
    else:
        yield key, value


def _metrics(url: object) -> tuple[str, ...]:
    """Metric names in the expression that Prometheus puts into generatorURL."""
    if not isinstance(url, str) or "g0.expr" not in url:
        return ()
    try:
        expression = " ".join(parse_qs(urlsplit(url).query).get("g0.expr", []))
    except ValueError:
        return ()
    return tuple(dict.fromkeys(re.findall(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+){1,}\b", expression)))[:5]


def _slug(url: str) -> str:
    parts = urlsplit(url) if "://" in url else None
    if parts is None:
        return url
    last = parts.path.rstrip("/").rsplit("/", 1)[-1]
    return re.sub(r"\.(?:md|html?)$", "", last) + (f" {parts.fragment}" if parts.fragment else "")


def _quiet(text: str) -> str:
    for pattern in (_TEMPLATE, *_NOISE):
        text = pattern.sub(" ", text)
    return plain(re.sub(r"\s+", " ", clean_text(text)))


def _identifiers(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_IDENTIFIER.findall(text)))[:12]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
