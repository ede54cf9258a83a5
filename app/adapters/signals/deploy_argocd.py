"""Reads Argo CD's notifications, filled in by the template in this folder's README, into changes."""

from collections.abc import Mapping

from app.adapters.signals.fields import inside, link_of, moment, required, text_at
from app.domain.canonical import digest
from app.domain.change import Change
from app.domain.errors import BadInput
from app.domain.report import Report

_HINT = "Use the notification template in app/adapters/signals/README.md."
_OUTCOMES = {"Succeeded": "deployed", "Failed": "failed to sync", "Error": "failed to sync"}


def parse(app: object) -> Report:
    """A change for a sync that ended; application, revision and phase name the delivery."""
    if not isinstance(app, Mapping):
        raise BadInput("argocd is not an object.", _HINT)
    name = required(app.get("app"), "argocd.app", _HINT)
    phase = required(app.get("phase"), "argocd.phase", _HINT)
    revision = text_at(app, "revision")
    key = digest({"app": name, "phase": phase, "revision": revision, "at": text_at(app, "finished_at")})
    if phase not in _OUTCOMES:
        return Report(key=key, note=f"{name} is {phase}")
    at = moment(app.get("finished_at"), "argocd.finished_at")
    if at is None:
        raise BadInput("argocd.finished_at is missing.", _HINT)
    where = text_at(app, "namespace")
    change = Change(
        at=at,
        service=name,
        kind="deploy",
        text=f"{_OUTCOMES[phase]} {revision[:12] or 'it'}{f' to {where}' if where else ''}",
        by=text_at(app, "by"),
        after=revision[:12],
        link=link_of(inside(app, "link")),
    )
    return Report(changes=(change,), key=key)
