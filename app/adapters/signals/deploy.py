"""Reads what was deployed, pushed or changed, from GitHub, GitLab, Argo CD or any script, into changes."""

from collections.abc import Mapping

from app.adapters.signals import deploy_argocd, deploy_github, deploy_gitlab
from app.adapters.signals.fields import first, inside, link_of, moment, text_at
from app.domain.canonical import Json, digest
from app.domain.change import Change
from app.domain.errors import BadInput
from app.domain.report import Report

HEADERS = (*deploy_github.HEADERS, *deploy_gitlab.HEADERS)
KINDS = ("deploy", "rollback", "config", "flag", "scale", "restart", "migration", "infrastructure", "change")

_HINT = 'Send {"service": "checkout", "kind": "deploy", "text": "...", "at": "2026-11-24T03:00:00Z", "version": "1.4.2"}.'


def parse(payload: Mapping[str, Json]) -> Report:
    """The sender's header or shape says who it is; raises BadInput for a body without a service."""
    headers, body = payload.get("headers"), payload.get("body")
    if not isinstance(body, Mapping):
        raise BadInput("The body is not an object.", _HINT)
    if text_at(headers, deploy_github.EVENT):
        return deploy_github.parse(text_at(headers, deploy_github.EVENT), text_at(headers, deploy_github.DELIVERY), body)
    if text_at(headers, deploy_gitlab.EVENT) or text_at(body, "object_kind"):
        return deploy_gitlab.parse(text_at(headers, deploy_gitlab.DELIVERY), body)
    if isinstance(body.get("argocd"), Mapping):
        return deploy_argocd.parse(body["argocd"])
    return _generic(body, payload)


def _generic(body: Mapping[str, Json], payload: Mapping[str, Json]) -> Report:
    service, kind = text_at(body, "service"), text_at(body, "kind") or "deploy"
    if not service:
        raise BadInput("service is missing.", _HINT)
    if kind not in KINDS:
        raise BadInput(f"kind is {ascii(kind)[:40]}.", f"Use one of {', '.join(KINDS)}.")
    at = moment(body.get("at"), "at") or moment(payload.get("received_at"), "received_at")
    if at is None:
        raise BadInput("at is missing.", _HINT)
    version = text_at(body, "version")
    change = Change(
        at=at,
        service=service,
        kind=kind,
        text=first((text_at(body, "text", longest=2000), f"{version} deployed" if version else f"{kind} of {service}")),
        by=text_at(body, "by"),
        key=text_at(body, "key"),
        before=text_at(body, "before"),
        after=first((text_at(body, "after"), version)),
        link=link_of(inside(body, "link")),
    )
    said = [service, kind, at.isoformat(), change.text, change.by, change.key, change.before, change.after]
    return Report(changes=(change,), key=digest([*said]))
