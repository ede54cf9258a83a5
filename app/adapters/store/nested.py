"""Values kept inside a row as JSON: findings, suggestions and the exact action of a proposal."""

from collections.abc import Mapping
from typing import cast

from app.domain.action import ActionRequest
from app.domain.canonical import Json, plain
from app.domain.evidence import Confidence, Finding, Suggestion


def members(value: Json) -> dict[str, Json]:
    """The members of a JSON object; empty for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: Json) -> list[Json]:
    """The items of a JSON array; empty for anything else."""
    return value if isinstance(value, list) else []


def texts(value: Json) -> dict[str, str]:
    """The members of a JSON object, all as text."""
    return {key: str(item) for key, item in members(value).items()}


def finding_json(finding: Finding) -> Json:
    """A finding, spelled for a column."""
    return {"text": finding.text, "evidence": list(finding.evidence), "confidence": finding.confidence.value}


def finding(value: Json) -> Finding:
    """A finding, read back."""
    stored = members(value)
    return Finding(
        text=str(stored["text"]),
        evidence=tuple(str(item) for item in items(stored["evidence"])),
        confidence=Confidence(str(stored["confidence"])),
    )


def findings_json(findings: tuple[Finding, ...]) -> Json:
    """Findings, spelled for a column."""
    return [finding_json(item) for item in findings]


def findings(value: Json) -> tuple[Finding, ...]:
    """Findings, read back."""
    return tuple(finding(item) for item in items(value))


def suggestions_json(suggestions: tuple[Suggestion, ...]) -> Json:
    """Suggestions, spelled for a column."""
    return [
        {
            "id": item.id,
            "action": item.action,
            "target": item.target,
            "parameters": plain(item.parameters),
            "why": finding_json(item.why),
        }
        for item in suggestions
    ]


def suggestions(value: Json) -> tuple[Suggestion, ...]:
    """Suggestions, read back."""
    return tuple(_suggestion(members(item)) for item in items(value))


def _suggestion(stored: Mapping[str, Json]) -> Suggestion:
    return Suggestion(
        id=str(stored["id"]),
        action=str(stored["action"]),
        target=str(stored["target"]),
        parameters=members(stored["parameters"]),
        why=finding(stored["why"]),
    )


def request_json(request: ActionRequest) -> Json:
    """The exact action, in the same form that is hashed."""
    return request.canonical


def request(value: Json) -> ActionRequest:
    """The exact action, read back with the same fingerprint."""
    stored = members(value)
    return ActionRequest(
        action=str(stored["action"]),
        action_version=str(stored["action_version"]),
        target=str(stored["target"]),
        parameters=members(stored["parameters"]),
        environment=str(stored["environment"]),
        incident=cast("int", stored["incident"]),
        proposal=str(stored["proposal"]),
        policy_version=str(stored["policy_version"]),
        precondition=members(stored["precondition"]),
    )
