"""Each executor's part of an entry is checked strictly, and every mistake is said with its line."""

from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from app.adapters.actions.kubernetes_changes import KINDS
from app.adapters.actions.kubernetes_fields import ALLOWED_FIELDS
from app.adapters.actions.postgres_rules import ALLOWED_SETTINGS
from app.adapters.actions.process import Limits
from app.adapters.inventory import calls, load
from app.adapters.inventory.models import CommandLimits
from app.domain.errors import BadInput


def examples() -> Any:
    return files("app.adapters.inventory").joinpath("examples")


def broken(folder: Path, example: str, action: str, change: dict[str, Any], part: str = "call") -> str:
    """What `load` says about the example with another `part` of one action; None takes a key away."""
    document = yaml.safe_load(examples().joinpath(example).read_text(encoding="utf-8"))
    entry = next(item for item in document["actions"] if item["name"] == action)
    target = entry.setdefault(part, {})
    for key, value in change.items():
        if value is None:
            target.pop(key)
        else:
            target[key] = value
    path = folder / "sitrep.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        load(path, {})
    assert str(caught.value).startswith("sitrep.yaml:")
    return str(caught.value)


@pytest.mark.parametrize(
    ("action", "change", "words"),
    [
        ("scale", {"operation": "exec"}, "call.operation: must be"),
        ("scale", {"kind": "Secret"}, "call.kind: must be"),
        ("scale", {"kind": "DaemonSet"}, "scale works on Deployment, StatefulSet, not on a DaemonSet"),
        ("scale", {"replicas": None}, "scale takes replicas"),
        ("scale", {"revision": 1}, "scale takes replicas"),
        ("scale", {"replicas": "{other}"}, "the placeholder {other} is not known here"),
        ("scale", {"namespace": None}, "a Node has no namespace; everything else needs one"),
        ("scale", {"name": "Checkout"}, "call.name"),
        ("scale", {"command": "rm"}, "call.command: unknown key"),
        ("scale", {"replicas": True}, "call.replicas"),
        ("cordon_node", {"namespace": "shop"}, "a Node has no namespace"),
        ("set_memory_limit", {"field": "spec.template.spec.serviceAccountName"}, "call.field"),
        ("set_memory_limit", {"field": "spec.template.spec.containers[app].securityContext.privileged"}, "call.field"),
        ("set_memory_limit", {"value": "{memory} or more"}, "mixes text and placeholders"),
        ("replace_pod", {"pod": "checkout-1"}, "call.pod"),
        ("roll_back", {"revision": 0}, "call.revision"),
    ],
)
def test_a_kubernetes_call_that_does_not_hold_together(tmp_path: Path, action: str, change: dict[str, Any], words: str) -> None:
    assert words in broken(tmp_path, "kubernetes.yaml", action, change)


def test_only_known_fields_can_be_observed(tmp_path: Path) -> None:
    assert "observe.fields.before: must be" in broken(
        tmp_path, "kubernetes.yaml", "scale", {"fields": {"before": "secrets"}}, "observe"
    )


@pytest.mark.parametrize(
    ("action", "change", "words"),
    [
        ("end_idle_transactions", {"rule": None}, "takes a rule"),
        ("end_idle_transactions", {"setting": "work_mem"}, "takes a rule, and nothing of a setting"),
        ("end_idle_transactions", {"rule": {"state": "idle", "min_age_s": 60, "max_count": 5}}, "call.rule"),
        ("end_idle_transactions", {"rule": {"state": "active", "min_age_s": 60}}, "max_count: is missing"),
        ("end_idle_transactions", {"rule": {"state": "active", "min_age_s": 60, "max_count": 101}}, "call.rule"),
        ("end_idle_transactions", {"rule": {"state": "active", "min_age_s": 60, "max_count": 1, "query": "x"}}, "unknown key"),
        ("end_idle_transactions", {"dsn_env": "postgresql://u:p@host/db"}, "call.dsn_env"),
        ("set_statement_timeout", {"setting": "archive_command"}, "call.setting: must be"),
        ("set_statement_timeout", {"name": None}, "need a name"),
        ("set_statement_timeout", {"scope": "system"}, "scope: system has none"),
        ("set_statement_timeout", {"value": "{other}"}, "the placeholder {other} is not known here"),
        ("move_traffic", {"instruction": ""}, "call.instruction"),
        ("move_traffic", {"instruction": "Call {somebody}."}, "the placeholder {somebody} is not known here"),
        ("move_traffic", {"url": "x"}, "unknown key"),
        ("clean_up_spool", {"limits": {"memory_mb": 1}}, "call.limits.memory_mb"),
        ("clean_up_spool", {"limits": {"memory": 512}}, "call.limits.memory: unknown key"),
        ("clean_up_spool", {"shell": True}, "unknown key"),
    ],
)
def test_a_postgres_command_or_manual_call_that_does_not_hold_together(
    tmp_path: Path, action: str, change: dict[str, Any], words: str
) -> None:
    assert words in broken(tmp_path, "database_command_manual.yaml", action, change)


@pytest.mark.parametrize("header", ["Host", "authorization", "Content-Length", "Cookie"])
def test_headers_that_decide_where_a_call_goes_or_who_we_are_are_not_free(tmp_path: Path, header: str) -> None:
    assert f"{header} is set by Sitrep" in broken(tmp_path, "pager.yaml", "page_network_team", {"headers": {header: "x"}})


@pytest.mark.parametrize("settings", [{}, {"kubeconfig_env": "K", "in_cluster": True}, {"kubeconfig": "/root/.kube/config"}])
def test_the_cluster_has_exactly_one_source_of_credentials(tmp_path: Path, settings: dict[str, Any]) -> None:
    path = tmp_path / "sitrep.yaml"
    path.write_text(yaml.safe_dump({"executors": {"kubernetes": settings}}), encoding="utf-8")
    with pytest.raises(BadInput, match=r"sitrep\.yaml:[0-9]+ executors\.kubernetes"):
        load(path, {})


def test_another_cluster_voids_what_was_approved(tmp_path: Path) -> None:
    """S2: the policy version follows the executors' settings."""
    text = examples().joinpath("kubernetes.yaml").read_text(encoding="utf-8")
    versions = set()
    for name, content in (("a", text), ("b", text.replace("context: production", "context: staging"))):
        (tmp_path / name).write_text(content, encoding="utf-8")
        versions.add(load(tmp_path / name, {}).policy_version)
    assert len(versions) == 2


def test_the_file_and_the_runners_allow_the_same() -> None:
    """The two adapters do not know each other, so the lists stand twice."""
    assert calls.KUBERNETES_FIELDS == ALLOWED_FIELDS
    assert set(get_args(calls.Setting)) == ALLOWED_SETTINGS
    assert {name: kinds for name, (kinds, _) in calls._OPERATIONS.items()} == KINDS
    assert Limits() == Limits(**CommandLimits().model_dump())
