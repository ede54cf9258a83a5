"""Reads GitHub's webhooks about deployments, pushes to the default branch and deploying workflows into changes."""

import re
from collections.abc import Mapping

from app.adapters.signals.fields import first, inside, link_of, moment, required, text_at
from app.adapters.signals.source import Received, hmac_hex, same
from app.domain.canonical import Json
from app.domain.change import Change
from app.domain.errors import BadInput
from app.domain.report import Report

SIGNATURE = "x-hub-signature-256"
EVENT, DELIVERY = "x-github-event", "x-github-delivery"
HEADERS = (EVENT, DELIVERY)

_HINT = "Send GitHub's webhook as JSON, unchanged."
_DEPLOYS = re.compile(r"deploy|release|rollout|roll-out|publish|promote", re.IGNORECASE)
_OUTCOMES = {"success": "deployed", "failure": "failed to deploy", "error": "failed to deploy"}


def parse(event: str, delivery: str, body: Mapping[str, Json]) -> Report:
    """A change for what reached an environment or the default branch; everything else is understood and left alone."""
    if event == "deployment_status":
        return _deployment(delivery, body)
    if event == "push":
        return _push(delivery, body)
    if event == "workflow_run":
        return _workflow(delivery, body)
    return Report(key=delivery, note=f"{event} changes nothing that runs")


def is_signed(received: Received, secret: str) -> bool:
    """`sha256=` and the HMAC-SHA256 of the raw body in hex."""
    return same(received.headers[SIGNATURE].strip(), f"sha256={hmac_hex(secret, received.raw)}")


def _deployment(delivery: str, body: Mapping[str, Json]) -> Report:
    status, deployment = body.get("deployment_status"), body.get("deployment")
    state = required(inside(status, "state"), "deployment_status.state", _HINT)
    if state not in _OUTCOMES:
        return Report(key=delivery, note=f"a deployment is {state}")
    at = moment(inside(status, "created_at"), "deployment_status.created_at")
    if at is None:
        raise BadInput("deployment_status.created_at is missing.", _HINT)
    version = first((text_at(deployment, "ref"), text_at(deployment, "sha")[:12]))
    where = first((text_at(status, "environment"), text_at(deployment, "environment")))
    note = text_at(status, "description", longest=300)
    change = Change(
        at=at,
        service=text_at(deployment, "payload", "service") or _repository(body),
        kind="deploy",
        text=f"{_OUTCOMES[state]} {version or 'it'}{f' to {where}' if where else ''}{f': {note}' if note else ''}",
        by=first((text_at(deployment, "creator", "login"), text_at(status, "creator", "login"))),
        after=version,
        link=first(link_of(inside(status, name)) for name in ("log_url", "target_url", "environment_url")),
    )
    return Report(changes=(change,), key=delivery)


def _push(delivery: str, body: Mapping[str, Json]) -> Report:
    branch = text_at(body, "repository", "default_branch")
    if body.get("ref") != f"refs/heads/{branch}" or body.get("deleted") is True:
        return Report(key=delivery, note="a push beside the default branch")
    # A commit may be days old when it is pushed, so the push's own time counts where GitHub says it.
    at = moment(inside(body, "repository", "pushed_at"), "repository.pushed_at") or moment(
        inside(body, "head_commit", "timestamp"), "head_commit.timestamp"
    )
    if at is None:
        return Report(key=delivery, note="a push without a commit")
    commits = body.get("commits")
    count = len(commits) if isinstance(commits, list) else 1
    title = text_at(body, "head_commit", "message", longest=2000).partition("\n")[0][:200]
    change = Change(
        at=at,
        service=_repository(body),
        kind="push",
        text=f"{count} commit{'s' if count != 1 else ''} to {branch}: {title or text_at(body, 'after')[:12]}",
        by=first((text_at(body, "sender", "login"), text_at(body, "pusher", "name"))),
        before=text_at(body, "before")[:12],
        after=text_at(body, "after")[:12],
        link=link_of(body.get("compare")),
    )
    return Report(changes=(change,), key=delivery)


def _workflow(delivery: str, body: Mapping[str, Json]) -> Report:
    run = body.get("workflow_run")
    name = required(inside(run, "name"), "workflow_run.name", _HINT)
    conclusion = text_at(run, "conclusion")
    deploys = _DEPLOYS.search(f"{name} {text_at(run, 'path')}") is not None
    if text_at(body, "action") != "completed" or not deploys or conclusion not in {"success", "failure"}:
        return Report(key=delivery, note=f"the workflow {name[:60]} deployed nothing")
    at = moment(inside(run, "updated_at"), "workflow_run.updated_at")
    if at is None:
        raise BadInput("workflow_run.updated_at is missing.", _HINT)
    version = text_at(run, "head_sha")[:12]
    word = "finished" if conclusion == "success" else "failed"
    change = Change(
        at=at,
        service=_repository(body),
        kind="deploy",
        text=f"the workflow {name} {word} for {text_at(run, 'head_branch') or version}",
        by=text_at(run, "actor", "login"),
        after=version,
        link=link_of(inside(run, "html_url")),
    )
    return Report(changes=(change,), key=delivery)


def _repository(body: Mapping[str, Json]) -> str:
    """`owner/name`; the configuration's `webhooks.services` may know it as a service, else its name is the service's."""
    return required(inside(body, "repository", "full_name"), "repository.full_name", _HINT)
