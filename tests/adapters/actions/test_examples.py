"""Every worked example of the catalogue loads, shows what it would do, and does exactly that."""

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from app.adapters.actions import RunnerByExecutor, runners
from app.adapters.actions.postgres_rules import change_of, rule_of
from app.adapters.inventory import load
from app.domain.action import ActionSpec, Parameter, ParameterKind
from app.domain.canonical import Json
from app.domain.errors import ActionRefused, Unavailable
from app.domain.inventory import Inventory
from tests.adapters.actions.target import Target, serving
from tests.adapters.actions.test_kubernetes import pods, release, workload
from tests.fakes.kubernetes_api import ApiServer
from tests.fakes.kubernetes_api import serving as serving_kubernetes

EXAMPLES = sorted(
    item.name for item in files("app.adapters.inventory").joinpath("examples").iterdir() if item.name.endswith(".yaml")
)
SECRETS = {
    name: f"s3cret-{name.lower()}"
    for name in (
        "SITREP_UNLEASH_TOKEN",
        "SITREP_LAUNCHDARKLY_TOKEN",
        "SITREP_GITHUB_TOKEN",
        "SITREP_ARGOCD_TOKEN",
        "SITREP_SCALING_TOKEN",
        "SITREP_PAGERDUTY_TOKEN",
    )
}
HTTP = [name for name in EXAMPLES if name not in {"kubernetes.yaml", "database_command_manual.yaml"}]
TAGS = {"version": "v1.2.3", "value": "30s", "pod": "checkout-x"}


def inventory_of(folder: Path, name: str, origin: str = "") -> Inventory:
    """The example as it stands, or with its vendor's address replaced by a target on loopback."""
    text = files("app.adapters.inventory").joinpath("examples", name).read_text(encoding="utf-8")
    path = folder / name
    path.write_text(re.sub(r"https://[a-z0-9.-]+", origin, text) if origin else text, encoding="utf-8")
    return load(path, {**SECRETS, "SITREP_SHOP_DSN": "x", "SITREP_KUBECONFIG": "x"})


def value_for(parameter: Parameter) -> Json:
    if parameter.suggested is not None:
        return parameter.suggested
    if parameter.kind is ParameterKind.BOOLEAN:
        return True
    if parameter.choices:
        return parameter.choices[-1]
    return TAGS[parameter.name] if parameter.kind is ParameterKind.STRING else int(parameter.minimum or 0) + 2


def values_of(spec: ActionSpec) -> dict[str, Json]:
    return {parameter.name: value_for(parameter) for parameter in spec.parameters}


def answering(spec: ActionSpec) -> dict[str, Any]:
    """A JSON document that has every place the entry observes."""
    document: dict[str, Any] = {}
    fields = spec.observe.get("fields")
    for name, place in (fields if isinstance(fields, dict) else {}).items():
        inner: Any = document
        *parents, last = [part for part in str(place).split(".") if part != "-1"]
        for part in parents:
            inner = inner.setdefault(part, {})
        inner[last] = f"seen {name}"
    return document


@pytest.fixture
def target() -> Iterator[Target]:
    with serving() as server:
        yield server


def test_there_is_an_example_for_every_executor(tmp_path: Path) -> None:
    used = {spec.executor for name in EXAMPLES for spec in inventory_of(tmp_path, name).actions.values()}
    assert used == set(runners({}, {}))


@pytest.mark.parametrize("name", HTTP)
def test_an_http_example_sends_exactly_what_its_dry_run_showed(tmp_path: Path, target: Target, name: str) -> None:
    """S7: what you see is what runs; secrets are named, not shown."""
    runner = RunnerByExecutor(runners(SECRETS, {}))
    for spec in inventory_of(tmp_path, name, target.url).actions.values():
        parameters = values_of(spec)
        target.seen.clear()
        shown = runner.preview(spec, "checkout", parameters).text
        assert not target.seen
        statuses = spec.call["expect_status"]
        target.status = int(str(statuses[0])) if isinstance(statuses, list) else 0
        result = runner.run(spec, "checkout", parameters, "run_1", "sitrep for U1")
        assert result.accepted, result.output
        (seen,) = target.seen
        assert shown.splitlines()[0] == f"{seen.method} {target.url}{seen.path}"
        if seen.body:
            assert f"body {seen.body.decode()}".replace("run_1", "(the id of the run)") in shown
        token = SECRETS[str(spec.call["token_env"])]
        assert seen.headers["authorization"] == str(spec.call.get("token_prefix", "Bearer ")) + token
        assert ("idempotency-key" in seen.headers) is spec.is_idempotent
        assert "s3cret" not in shown
        assert str(spec.call["token_env"]) in shown


@pytest.mark.parametrize("name", HTTP)
def test_an_http_example_reads_the_state_its_undo_needs(tmp_path: Path, target: Target, name: str) -> None:
    import json

    runner = RunnerByExecutor(runners(SECRETS, {}))
    for spec in inventory_of(tmp_path, name, target.url).actions.values():
        document = answering(spec)
        if "history" in document.get("status", {}):
            document["status"]["history"] = [{"id": "first"}, document["status"]["history"]]
        target.status, target.body = 200, json.dumps(document).encode()
        seen = runner.observe(spec, "checkout", values_of(spec))
        assert seen
        assert all(value == f"seen {key}" for key, value in seen.items())
        if spec.undo:
            placeholders = {
                value.strip("{}") for value in spec.undo.parameters.values() if isinstance(value, str) and value.startswith("{")
            }
            assert placeholders <= {*seen, *values_of(spec)}


@pytest.fixture
def cluster() -> Iterator[ApiServer]:
    with serving_kubernetes() as api:
        for node in ("node-a", "node-b"):
            api.state.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}, "spec": {}})
        api.state.create(workload("Deployment", "checkout", replicas=3))
        release(api.state, "checkout:2")
        release(api.state, "checkout:3")
        release(api.state, "checkout:4")
        metadata = {"name": "checkout", "namespace": "shop"}
        api.state.create(
            {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": metadata, "spec": {}}
        )
        yield api


def test_every_kubernetes_example_previews_observes_and_runs(
    tmp_path: Path, cluster: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(cluster.kubeconfig(tmp_path))
    path.write_text(
        path.read_text(encoding="utf-8")
        .replace("name: test", "name: production")
        .replace("current-context: test", "current-context: none"),
        encoding="utf-8",
    )
    inventory = inventory_of(tmp_path, "kubernetes.yaml")
    runner = RunnerByExecutor(runners({"SITREP_KUBECONFIG": str(path)}, inventory.executors))
    for spec in inventory.actions.values():
        monkeypatch.setitem(TAGS, "pod", pods(cluster)[0]["metadata"]["name"])
        parameters, writes = values_of(spec), len(cluster.writes)
        seen = runner.observe(spec, "checkout", parameters)
        shown = runner.preview(spec, "checkout", parameters)
        assert shown.is_exact
        assert len(cluster.writes) == writes
        result = runner.run(spec, "checkout", parameters, f"run_{spec.name}", "U1", seen)
        assert result.accepted, result.output
        assert len(cluster.writes) == writes + 1


def test_the_other_examples_are_bounded_and_shown(tmp_path: Path) -> None:
    inventory = inventory_of(tmp_path, "database_command_manual.yaml")
    runner = RunnerByExecutor(runners({"PATH": "/usr/bin:/bin"}, {}))
    idle, timeout = inventory.action("end_idle_transactions"), inventory.action("set_statement_timeout")
    rule = rule_of(idle.call, values_of(idle))
    assert (rule.states, rule.min_age_s, rule.max_count, rule.application_name) == (("idle in transaction",), 300, 5, "checkout")
    assert change_of(timeout.call, values_of(timeout)).value == "30s"
    with pytest.raises(ActionRefused, match="SITREP_SHOP_DSN is not set"):
        runner.preview(idle, "checkout", values_of(idle))
    command = runner.preview(inventory.action("clean_up_spool"), "checkout", {"age_min": 60})
    assert '"-mmin", "+60", "-delete"] in /' in command.text
    assert "time limit 30 s, 20 s of CPU, 512 MB of memory, 4 processes" in command.text
    manual = runner.run(inventory.action("move_traffic"), "checkout", {"link": 2}, "run_1", "U1")
    assert manual.output == "Call the network team and have checkout moved to link 2. Name run run_1 in the ticket."


def test_without_a_kubeconfig_only_kubernetes_is_unavailable(tmp_path: Path) -> None:
    inventory = inventory_of(tmp_path, "kubernetes.yaml")
    with pytest.raises(Unavailable, match="no kubeconfig"):
        RunnerByExecutor(runners({}, inventory.executors)).observe(inventory.action("restart"), "checkout", {})
