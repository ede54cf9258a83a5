"""Reads GitLab's deployment events into changes."""

from collections.abc import Mapping

from app.adapters.signals.fields import first, inside, link_of, moment, required, text_at
from app.adapters.signals.source import Received, same
from app.domain.canonical import Json, digest
from app.domain.change import Change
from app.domain.errors import BadInput
from app.domain.report import Report

TOKEN = "x-gitlab-token"  # noqa: S105 - the header's name
EVENT, DELIVERY = "x-gitlab-event", "x-gitlab-event-uuid"
HEADERS = (EVENT, DELIVERY)

_HINT = "Send GitLab's deployment events here, unchanged."
_OUTCOMES = {"success": "deployed", "failed": "failed to deploy"}


def parse(delivery: str, body: Mapping[str, Json]) -> Report:
    """A change for a deployment that ended; running and cancelled ones are left alone, as every other event is."""
    kind = required(body.get("object_kind"), "object_kind", _HINT)
    status = text_at(body, "status")
    number = text_at(body, "deployment_id")
    key = digest({"deployment": number, "status": status, "project": text_at(body, "project", "id"), "event": delivery})
    if kind != "deployment" or status not in _OUTCOMES:
        return Report(key=key, note=f"{kind} {status}".strip() + " changes nothing that runs")
    at = moment(body.get("status_changed_at"), "status_changed_at")
    if at is None:
        raise BadInput("status_changed_at is missing.", _HINT)
    version = first((text_at(body, "short_sha"), text_at(body, "ref")))
    where, title = text_at(body, "environment"), text_at(body, "commit_title", longest=200)
    change = Change(
        at=at,
        service=required(inside(body, "project", "path_with_namespace"), "project.path_with_namespace", _HINT),
        kind="deploy",
        text=f"{_OUTCOMES[status]} {version or 'it'}{f' to {where}' if where else ''}{f': {title}' if title else ''}",
        by=text_at(body, "user", "username"),
        after=version,
        link=first((link_of(body.get("deployable_url")), link_of(inside(body, "project", "web_url")))),
    )
    return Report(changes=(change,), key=key)


def is_signed(received: Received, secret: str) -> bool:
    """GitLab sends its secret token as it is."""
    return same(received.headers[TOKEN], secret)
