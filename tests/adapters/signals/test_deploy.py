"""What each sender's documented deployment, push or script means as a change."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.change import Change
from app.domain.errors import BadInput
from tests.adapters.signals.deploy_payloads import (
    ARGOCD,
    DEPLOY,
    GITHUB_DEPLOYMENT,
    GITHUB_PUSH,
    GITHUB_WORKFLOW,
    GITLAB_DEPLOYMENT,
)
from tests.adapters.signals.payloads import Example, github
from tests.adapters.signals.test_sources import understood
from tests.entrypoints.http.house import NOW, changed


def change_of(body: Any, headers: dict[str, str] | None = None) -> Change:
    """The one change in it."""
    (change,) = understood(Example("deploy", body, headers or {})).changes
    return change


def test_github() -> None:
    deploy = change_of(GITHUB_DEPLOYMENT, github("deployment_status"))
    assert (deploy.service, deploy.kind, deploy.text, deploy.by) == (
        "checkout",
        "deploy",
        "deployed v1.4.2 to production",
        "alice",
    )
    push = change_of(GITHUB_PUSH, github("push"))
    assert (push.text, push.at) == ("2 commits to main: Test it", datetime(2026, 11, 24, 2, 58, 20, tzinfo=UTC))
    flow = change_of(GITHUB_WORKFLOW, github("workflow_run"))
    assert flow.text == "the workflow Deploy to production finished for main"
    failed = change_of(changed(GITHUB_DEPLOYMENT, deployment_status__state="failure"), github("deployment_status"))
    assert failed.text == "failed to deploy v1.4.2 to production"


@pytest.mark.parametrize(
    ("event", "body"),
    [
        ("ping", {"zen": "Keep it logically awesome.", "hook_id": 1}),
        ("push", changed(GITHUB_PUSH, ref="refs/heads/feature")),
        ("push", changed(GITHUB_PUSH, deleted=True)),
        ("deployment_status", changed(GITHUB_DEPLOYMENT, deployment_status__state="in_progress")),
        ("workflow_run", changed(GITHUB_WORKFLOW, workflow_run__name="Tests", workflow_run__path=".github/workflows/test.yml")),
        ("workflow_run", changed(GITHUB_WORKFLOW, action="requested")),
        ("issues", {"action": "opened"}),
    ],
)
def test_what_github_says_beside_changes_is_left_alone(event: str, body: Any) -> None:
    report = understood(Example("deploy", body, github(event)))
    assert (report.changes, bool(report.note)) == ((), True)


def test_gitlab_argocd_and_scripts() -> None:
    gitlab = change_of(GITLAB_DEPLOYMENT, {"x-gitlab-event": "Deployment Hook"})
    assert gitlab.text == "deployed 279484c0 to production: Halve the pool"
    assert gitlab.at == datetime(2026, 11, 24, 2, 58, tzinfo=UTC)
    assert change_of(ARGOCD).text == "deployed acb5820ced94 to production"
    script = change_of(DEPLOY)
    assert (script.kind, script.text, script.after) == ("deploy", "Halve the pool", "1.4.2")
    assert change_of({"service": "checkout", "kind": "restart"}).at == NOW.replace(second=0)
    for status in ("running", "canceled"):
        assert understood(Example("deploy", changed(GITLAB_DEPLOYMENT, status=status))).note
    with pytest.raises(BadInput, match="kind"):
        change_of({"service": "checkout", "kind": "<script>"})


def test_other_tools_names_become_ours() -> None:
    """As written down, without letter case, and without the owner."""
    named = {
        theirs: change_of({**DEPLOY, "service": theirs}).service
        for theirs in ("acme/shop", "CHECKOUT", "acme/search", "x/y", "z")
    }
    assert named == {"acme/shop": "checkout", "CHECKOUT": "checkout", "acme/search": "search", "x/y": "y", "z": "z"}
