"""The Kubernetes executor changes what was shown, once, and knows what it does not know."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.adapters.actions.kubernetes import KubernetesRunner
from app.adapters.actions.kubernetes_cluster import Cluster, ClusterSettings
from app.domain.action import ActionSpec, Parameter, ParameterKind, Preview, Probe, Risk
from app.domain.canonical import Json
from app.domain.errors import ActionRefused, OutcomeUnknown, Unavailable
from app.ports.runner import RunResult
from tests.fakes.kubernetes_api import ApiServer, State, serving

REPLICAS = Parameter("replicas", ParameterKind.INTEGER, minimum=1, maximum=8)
REVISION = Parameter("revision", ParameterKind.INTEGER, minimum=1, maximum=1000)
MEMORY = Parameter("memory", ParameterKind.STRING, pattern=r"[0-9]{2,4}Mi")
POD = Parameter("pod", ParameterKind.STRING, pattern=r"[a-z0-9-]{1,60}")
NODE = Parameter("node", ParameterKind.STRING, choices=("node-a", "node-b"))
ON = Parameter("on", ParameterKind.BOOLEAN)

DEPLOYMENT = {"kind": "Deployment", "namespace": "shop", "name": "{target}"}


def entry(
    operation: str, *parameters: Parameter, timeout_s: float = 5.0, fields: Mapping[str, Json] | None = None, **call: Json
) -> ActionSpec:
    return ActionSpec(
        name=operation,
        title=operation,
        executor="kubernetes",
        targets=("checkout", "cart", "agent", "nowhere"),
        risk=Risk.MEDIUM,
        call={"operation": operation, **DEPLOYMENT, **call},
        observe={"fields": dict(fields)} if fields else {},
        probe=Probe("error_ratio", 0.02),
        parameters=parameters,
        timeout_s=timeout_s,
    )


SCALE = entry("scale", REPLICAS, replicas="{replicas}", fields={"before": "replicas", "uid": "uid"})
RESTART = entry("rollout_restart", fields={"revision": "revision", "image": "image"})
UNDO = entry("undo_to_revision", REVISION, revision="{revision}", fields={"before": "revision"})
DELETE = entry("delete_pod", POD, pod="{pod}", fields={"uid": "uid", "phase": "phase"})
CORDON = entry("cordon", NODE, kind="Node", name="{node}", fields={"before": "unschedulable"})
LIMIT = entry(
    "patch_field",
    MEMORY,
    field="spec.template.spec.containers[app].resources.limits.memory",
    value="{memory}",
    fields={"before": "value"},
)


def workload(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    containers = [
        {"name": "sidecar", "image": "proxy:1"},
        {
            "name": "app",
            "image": f"{name}:1",
            "resources": {"limits": {"memory": "256Mi", "cpu": "1"}},
            "env": [{"name": "DSN", "value": "secret"}],
        },
    ]
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": containers}}
    whole = {"selector": {"matchLabels": {"app": name}}, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": whole}


@pytest.fixture
def api() -> Iterator[ApiServer]:
    with serving() as server:
        for name in ("node-a", "node-b"):
            server.state.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": {}})
        server.state.create(workload("Deployment", "checkout", replicas=3))
        server.state.create(workload("StatefulSet", "cart", replicas=2, serviceName="cart"))
        server.state.create(workload("DaemonSet", "agent"))
        yield server


@pytest.fixture
def runner(api: ApiServer, tmp_path: Path) -> KubernetesRunner:
    return KubernetesRunner(lambda: Cluster(ClusterSettings(api.kubeconfig(tmp_path))))


def run(
    runner: KubernetesRunner,
    spec: ActionSpec,
    target: str = "checkout",
    run_id: str = "run_1",
    seen: Mapping[str, Json] | None = None,
    **parameters: Json,
) -> RunResult:
    return runner.run(spec, target, parameters, run_id, "sitrep for U1", seen)


def preview(runner: KubernetesRunner, spec: ActionSpec, target: str = "checkout", **parameters: Json) -> Preview:
    return runner.preview(spec, target, parameters)


def checkout(api: ApiServer) -> Any:
    return api.state.get("Deployment", "shop", "checkout")


def pods(api: ApiServer, name: str = "checkout") -> list[Any]:
    return [pod for pod in api.state.of_kind("Pod", "shop") if pod["metadata"].get("labels", {}).get("app") == name]


def release(state: State, image: str, kind: str = "Deployment", name: str = "checkout") -> None:
    """Somebody deploys."""
    old = state.get(kind, "shop", name)
    new = {**old, "metadata": dict(old["metadata"]), "spec": {**old["spec"]}}
    containers = [
        {**item, "image": image} if item["name"] == "app" else item for item in old["spec"]["template"]["spec"]["containers"]
    ]
    new["spec"]["template"] = {**old["spec"]["template"], "spec": {"containers": containers}}
    state.write(old, new, is_dry_run=False)


def image(item: Any) -> str:
    return str(item["spec"]["template"]["spec"]["containers"][1]["image"])


def test_scaling_changes_replicas_and_nothing_else(api: ApiServer, runner: KubernetesRunner) -> None:
    before = checkout(api)
    result = run(runner, SCALE, replicas=5)
    assert result == RunResult(True, "PATCH apps/v1 Deployment shop/checkout spec.replicas 3 -> 5")
    after = checkout(api)
    assert {**after["spec"], "replicas": 3} == before["spec"]
    assert after["metadata"]["annotations"]["sitrep/run-id"] == "run_1"
    assert len(pods(api)) == 5


def test_the_dry_run_is_the_servers_own_and_changes_nothing(api: ApiServer, runner: KubernetesRunner) -> None:
    version = api.state.version
    shown = preview(runner, SCALE, replicas=5)
    assert shown == Preview("PATCH apps/v1 Deployment shop/checkout spec.replicas 3 -> 5 (the server accepted the dry run)", True)
    assert api.state.version == version
    assert not api.writes
    assert api.asked[-1].query["dryRun"] == ["All"]
    assert api.asked[-1].query["fieldManager"] == ["sitrep"]


@pytest.mark.parametrize("replicas", [0, 9, -1, True, "5", 2.0])
def test_scaling_stays_within_the_catalogues_bounds(api: ApiServer, runner: KubernetesRunner, replicas: Json) -> None:
    for attempt in (run, preview):
        with pytest.raises(ActionRefused):
            attempt(runner, SCALE, replicas=replicas)
    assert not api.asked


def test_a_restart_replaces_every_pod_and_the_same_run_does_it_once(api: ApiServer, runner: KubernetesRunner) -> None:
    """R1: the run's id in the pod template makes a repeated run a no-op."""
    before = {pod["metadata"]["uid"] for pod in pods(api)}
    result = run(runner, RESTART)
    assert result.accepted
    assert "sitrep/run-id] -> run_1: all its pods are replaced" in result.output
    replaced = {pod["metadata"]["uid"] for pod in pods(api)}
    assert len(replaced) == 3
    assert not before & replaced
    again = run(runner, RESTART)
    assert "nothing was sent again" in again.output
    assert {pod["metadata"]["uid"] for pod in pods(api)} == replaced
    assert len(api.writes) == 1
    run(runner, RESTART, run_id="run_2")
    assert not replaced & {pod["metadata"]["uid"] for pod in pods(api)}


@pytest.mark.parametrize(("kind", "name"), [("StatefulSet", "cart"), ("DaemonSet", "agent")])
def test_the_other_workloads_restart_too(api: ApiServer, runner: KubernetesRunner, kind: str, name: str) -> None:
    before = {pod["metadata"]["uid"] for pod in pods(api, name)}
    assert run(runner, entry("rollout_restart", kind=kind), name).accepted
    assert len(pods(api, name)) == 2
    assert not before & {pod["metadata"]["uid"] for pod in pods(api, name)}


@pytest.mark.parametrize(("kind", "name"), [("Deployment", "checkout"), ("StatefulSet", "cart"), ("DaemonSet", "agent")])
def test_going_back_to_a_revision_brings_its_template_and_counts_on(
    api: ApiServer, runner: KubernetesRunner, kind: str, name: str
) -> None:
    release(api.state, f"{name}:2", kind, name)
    spec = entry("undo_to_revision", REVISION, revision="{revision}", kind=kind, fields={"before": "revision", "image": "image"})
    assert runner.observe(spec, name, {"revision": 1}) == {"before": 2, "image": f"proxy:1, {name}:2"}
    assert f"image {name}:2 -> {name}:1" in preview(runner, spec, name, revision=1).text
    assert run(runner, spec, name, revision=1).accepted
    assert image(api.state.get(kind, "shop", name)) == f"{name}:1"
    assert "pod-template-hash" not in str(api.state.get(kind, "shop", name)["spec"])
    assert runner.observe(spec, name, {"revision": 1})["before"] == 3
    assert run(runner, spec, name, run_id="run_2", revision=2).accepted, "the undo of the undo"
    assert image(api.state.get(kind, "shop", name)) == f"{name}:2"


def test_going_back_to_the_previous_revision_shows_which_one_it_is(api: ApiServer, runner: KubernetesRunner) -> None:
    spec = entry("undo_to_revision", revision="previous", fields={"previous": "previous_revision"})
    with pytest.raises(ActionRefused, match="no revision before this one"):
        run(runner, spec)
    release(api.state, "checkout:2")
    seen = runner.observe(spec, "checkout", {})
    assert seen == {"previous": 1}
    assert run(runner, spec, seen=seen).accepted
    assert image(checkout(api)) == "checkout:1"


def test_a_revision_that_is_not_there_is_refused_with_the_ones_that_are(api: ApiServer, runner: KubernetesRunner) -> None:
    with pytest.raises(ActionRefused, match=r"no revision 7\. It has: 1\."):
        run(runner, UNDO, revision=7)
    assert not api.writes


def test_values_of_variables_are_never_shown(api: ApiServer, runner: KubernetesRunner) -> None:
    """P2: an environment variable may hold a secret; a dry run says only that it changes."""
    old = checkout(api)
    changed = workload("Deployment", "checkout", replicas=3)["spec"]
    changed["template"]["spec"]["containers"][1]["env"][0]["value"] = "other-secret"
    api.state.write(old, {**old, "spec": changed, "metadata": dict(old["metadata"])}, is_dry_run=False)
    shown = preview(runner, UNDO, revision=1).text
    assert "env[DSN].value changes" in shown
    assert "secret" not in shown


def test_nodes_are_cordoned_and_uncordoned(api: ApiServer, runner: KubernetesRunner) -> None:
    assert runner.observe(CORDON, "checkout", {"node": "node-a"}) == {"before": False}
    assert preview(runner, CORDON, node="node-a").text.startswith("PATCH v1 Node node-a spec.unschedulable (not set) -> True")
    assert run(runner, CORDON, node="node-a").accepted
    assert runner.observe(CORDON, "checkout", {"node": "node-a"}) == {"before": True}
    assert run(runner, entry("uncordon", NODE, kind="Node", name="{node}"), run_id="run_2", node="node-a").accepted
    assert api.state.get("Node", "", "node-a")["spec"]["unschedulable"] is False
    assert "unschedulable" not in api.state.get("Node", "", "node-b")["spec"]


def test_a_pod_of_the_workload_is_deleted_by_its_uid(api: ApiServer, runner: KubernetesRunner) -> None:
    pod = pods(api)[0]["metadata"]
    shown = preview(runner, DELETE, pod=pod["name"]).text
    assert (
        shown
        == f"DELETE v1 Pod shop/{pod['name']} uid {pod['uid']}, run by Deployment shop/checkout (the server accepted the dry run)"
    )
    assert pod["name"] in {item["metadata"]["name"] for item in pods(api)}
    seen = runner.observe(DELETE, "checkout", {"pod": pod["name"]})
    assert seen == {"uid": pod["uid"], "phase": "Running"}
    assert run(runner, DELETE, seen=seen, pod=pod["name"]).accepted
    assert pod["uid"] not in {item["metadata"]["uid"] for item in pods(api)}
    assert len(pods(api)) == 3, "its controller made another one"
    assert api.writes[-1].body["preconditions"] == {"uid": pod["uid"]}


def test_a_pod_of_another_workload_or_of_nobody_is_never_deleted(api: ApiServer, runner: KubernetesRunner) -> None:
    """S5: the pod must belong to the workload the entry names."""
    api.state.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "lonely", "namespace": "shop"}, "spec": {}})
    for name in ("lonely", pods(api, "cart")[0]["metadata"]["name"]):
        with pytest.raises(ActionRefused, match="is not run by Deployment shop/checkout"):
            run(runner, DELETE, pod=name)
    assert not api.writes


def test_a_pod_that_was_replaced_meanwhile_is_left_alone(api: ApiServer, runner: KubernetesRunner) -> None:
    pod = pods(api)[0]["metadata"]
    api.state.before_write.append(lambda state: state.get("Pod", "shop", pod["name"])["metadata"].update(uid="another"))
    seen = runner.observe(DELETE, "checkout", {"pod": pod["name"]})
    with pytest.raises(ActionRefused, match="changed since it was approved: uid was"):
        run(runner, DELETE, seen=seen, pod=pod["name"])
    assert pod["name"] in {item["metadata"]["name"] for item in pods(api)}


def test_one_allowed_field_is_patched_by_the_name_of_its_container(api: ApiServer, runner: KubernetesRunner) -> None:
    assert runner.observe(LIMIT, "checkout", {"memory": "512Mi"}) == {"before": "256Mi"}
    assert "containers[app].resources.limits.memory 256Mi -> 512Mi (the" in preview(runner, LIMIT, memory="512Mi").text
    assert run(runner, LIMIT, memory="512Mi").accepted
    containers = checkout(api)["spec"]["template"]["spec"]["containers"]
    assert [item["name"] for item in containers] == ["sidecar", "app"]
    assert containers[1]["resources"]["limits"] == {"memory": "512Mi", "cpu": "1"}


@pytest.mark.parametrize(
    "field",
    [
        "spec.template.spec.serviceAccountName",
        "spec.template.spec.containers[app].securityContext.privileged",
        "spec.template.spec.containers[app].command",
        "spec.template.spec.volumes[x].hostPath.path",
        "metadata.annotations",
        "spec.template.spec.containers[app].image.x",
        "spec.suspend\nspec.x",
        "",
    ],
)
def test_any_other_field_is_refused_before_the_cluster_is_asked(api: ApiServer, runner: KubernetesRunner, field: str) -> None:
    with pytest.raises(ActionRefused, match="not one Sitrep may set"):
        run(runner, entry("patch_field", MEMORY, field=field, value="{memory}"), memory="512Mi")
    assert not api.asked


def test_flux_is_suspended_and_resumed_by_its_one_field(api: ApiServer, runner: KubernetesRunner) -> None:
    api.state.create(
        {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": {"name": "checkout", "namespace": "shop"},
            "spec": {"interval": "5m"},
        }
    )
    spec = entry("patch_field", ON, kind="Kustomization", field="spec.suspend", value="{on}", fields={"before": "suspended"})
    assert runner.observe(spec, "checkout", {"on": True}) == {"before": False}
    assert preview(runner, spec, on=True).text.startswith(
        "PATCH kustomize.toolkit.fluxcd.io/v1 Kustomization shop/checkout spec.suspend (not set) -> True"
    )
    assert run(runner, spec, on=True).accepted
    assert api.state.get("Kustomization", "shop", "checkout")["spec"] == {"interval": "5m", "suspend": True}


def test_what_was_seen_is_what_is_changed(api: ApiServer, runner: KubernetesRunner) -> None:
    """S2: the state people approved is compared with the very object whose version the patch names."""
    seen = runner.observe(SCALE, "checkout", {"replicas": 5})
    run(runner, SCALE, run_id="somebody_else", replicas=4)
    with pytest.raises(ActionRefused, match="before was 3, is 4"):
        run(runner, SCALE, seen=seen, replicas=5)
    assert checkout(api)["spec"]["replicas"] == 4


def test_a_change_between_reading_and_writing_is_refused_by_the_server_and_compared_again(
    api: ApiServer, runner: KubernetesRunner
) -> None:
    seen = runner.observe(RESTART, "checkout", {})
    api.state.before_write.append(lambda state: release(state, "checkout:2"))
    with pytest.raises(ActionRefused, match="revision was 1, is 2"):
        run(runner, RESTART, seen=seen)
    assert "sitrep/run-id" not in checkout(api)["metadata"]["annotations"]


def test_a_conflict_that_changed_nothing_of_what_was_seen_is_tried_again(api: ApiServer, runner: KubernetesRunner) -> None:
    seen = runner.observe(SCALE, "checkout", {"replicas": 5})
    api.state.before_write.append(lambda state: state.touch(checkout(api)))
    assert run(runner, SCALE, seen=seen, replicas=5).accepted
    assert len(api.writes) == 2


def test_an_object_that_never_stands_still_is_left_alone(api: ApiServer, runner: KubernetesRunner) -> None:
    api.state.before_write += [lambda state: state.touch(checkout(api))] * 3
    result = run(runner, SCALE, replicas=5)
    assert not result.accepted
    assert "kept changing" in result.output
    assert checkout(api)["spec"]["replicas"] == 3


def test_what_the_account_may_not_do_is_refused_in_the_dry_run_and_not_accepted_in_the_run(
    api: ApiServer, tmp_path: Path
) -> None:
    api.tokens["reader"] = {"get deployments", "list replicasets"}
    runner = KubernetesRunner(lambda: Cluster(ClusterSettings(api.kubeconfig(tmp_path, "reader"))))
    with pytest.raises(ActionRefused, match=r"cannot patch resource .*widen its role"):
        preview(runner, SCALE, replicas=5)
    result = run(runner, SCALE, replicas=5)
    assert not result.accepted
    assert "403 Forbidden" in result.output
    assert checkout(api)["spec"]["replicas"] == 3


def test_an_unknown_object_or_token_is_refused(api: ApiServer, runner: KubernetesRunner, tmp_path: Path) -> None:
    for attempt in (
        lambda: run(runner, RESTART, "nowhere"),
        lambda: preview(runner, RESTART, "nowhere"),
        lambda: runner.observe(RESTART, "nowhere", {}),
    ):
        with pytest.raises(ActionRefused, match="404 NotFound"):
            attempt()
    stranger = KubernetesRunner(lambda: Cluster(ClusterSettings(api.kubeconfig(tmp_path, "stolen"))))
    with pytest.raises(ActionRefused, match="renew it"):
        run(stranger, RESTART)


def test_an_answer_lost_after_the_change_is_looked_up_and_found(api: ApiServer, runner: KubernetesRunner) -> None:
    """R2: the run's id on the object proves that it arrived."""
    api.fail("PATCH", "reset_after")
    result = run(runner, SCALE, replicas=5)
    assert result.accepted
    assert "The answer was lost" in result.output
    assert checkout(api)["spec"]["replicas"] == 5
    assert len(api.writes) == 1


def test_a_deletion_whose_answer_was_lost_is_looked_up_by_the_pods_uid(api: ApiServer, runner: KubernetesRunner) -> None:
    name = pods(api)[0]["metadata"]["name"]
    api.fail("DELETE", "reset_after")
    assert "The answer was lost" in run(runner, DELETE, pod=name).output
    assert len(api.writes) == 1, "the client must not repeat a deletion by itself"


@pytest.mark.parametrize("what", ["reset", "hang_after", "status:500", "status:504"])
def test_a_change_whose_fate_nobody_can_tell_is_unknown_and_not_repeated(
    api: ApiServer, runner: KubernetesRunner, what: str
) -> None:
    """R2: unknown is a state; here the look-up fails too, or finds no proof."""
    api.fail("PATCH", what)
    if what == "hang_after":
        api.state.before_write.append(lambda state: api.fail("GET", "reset", times=9))
    spec = entry("scale", REPLICAS, replicas="{replicas}", timeout_s=1.0)
    with pytest.raises(OutcomeUnknown, match="sitrep/run-id=run_1"):
        run(runner, spec, replicas=5)
    assert len(api.writes) == 1


def test_an_overloaded_server_says_that_nothing_was_done(api: ApiServer, runner: KubernetesRunner) -> None:
    api.fail("PATCH", "status:503")
    result = run(runner, SCALE, replicas=5)
    assert not result.accepted
    assert "was not changed: status 503" in result.output


def test_half_an_answer_after_a_success_status_is_a_success(api: ApiServer, runner: KubernetesRunner) -> None:
    api.fail("PATCH", "cut_body")
    assert run(runner, SCALE, replicas=5).accepted
    assert checkout(api)["spec"]["replicas"] == 5


def test_a_state_that_cannot_be_read_is_unavailable_and_nothing_is_sent(api: ApiServer, runner: KubernetesRunner) -> None:
    for what in ("reset", "status:500", "status:503", "cut_body"):
        api.fail("GET", what)
        with pytest.raises(Unavailable, match="cannot be read"):
            run(runner, SCALE, replicas=5)
    assert not api.writes


def test_a_server_that_is_not_there_is_unavailable(api: ApiServer, tmp_path: Path) -> None:
    gone = KubernetesRunner(lambda: Cluster(ClusterSettings(api.kubeconfig(tmp_path, server="http://127.0.0.1:1"))))
    for attempt in (
        lambda: run(gone, SCALE, replicas=5),
        lambda: preview(gone, SCALE, replicas=5),
        lambda: gone.observe(SCALE, "checkout", {"replicas": 5}),
    ):
        with pytest.raises(Unavailable):
            attempt()


def test_proxy_settings_are_ignored(api: ApiServer, runner: KubernetesRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    """S6."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert run(runner, SCALE, replicas=5).accepted


@pytest.mark.parametrize(
    ("server", "user", "words"),
    [
        ("http://cluster.example:6443", {}, "not https"),
        ("", {"exec": {"command": "aws", "apiVersion": "client.authentication.k8s.io/v1"}}, "start a program"),
        ("", {"auth-provider": {"name": "gcp"}}, "start a program"),
    ],
)
def test_a_kubeconfig_that_would_leak_a_token_or_start_a_program_is_refused(
    api: ApiServer, tmp_path: Path, server: str, user: dict[str, Any], words: str
) -> None:
    settings = ClusterSettings(api.kubeconfig(tmp_path, server=server, **user))
    with pytest.raises(ActionRefused, match=words):
        run(KubernetesRunner(lambda: Cluster(settings)), SCALE, replicas=5)


def test_a_missing_kubeconfig_or_context_is_unavailable(api: ApiServer, tmp_path: Path) -> None:
    missing = (ClusterSettings(), ClusterSettings(str(tmp_path / "none")), ClusterSettings(is_in_cluster=True))
    for settings in (*missing, ClusterSettings(api.kubeconfig(tmp_path), "other")):
        with pytest.raises(Unavailable, match=r"kubeconfig|credentials"):
            run(KubernetesRunner(partial(Cluster, settings)), SCALE, replicas=5)


@pytest.mark.parametrize("name", ["../nodes/x", "a/b", "A", "a b", "a?dryRun=x", "-a", "a\u200b"])
def test_a_name_that_is_no_name_never_reaches_the_cluster(api: ApiServer, runner: KubernetesRunner, name: str) -> None:
    spec = entry("delete_pod", Parameter("pod", ParameterKind.STRING, pattern=".*"), pod="{pod}")
    with pytest.raises(ActionRefused):
        run(runner, spec, pod=name)
    assert not api.asked


@pytest.mark.parametrize(
    ("operation", "kind"),
    [("scale", "DaemonSet"), ("cordon", "Deployment"), ("rollout_restart", "Node"), ("exec", "Pod"), ("patch_field", "Secret")],
)
def test_an_operation_that_does_not_go_with_the_kind_is_refused(
    api: ApiServer, runner: KubernetesRunner, operation: str, kind: str
) -> None:
    with pytest.raises(ActionRefused):
        run(runner, entry(operation, kind=kind, replicas=2))
    assert not api.asked


def test_a_server_that_does_not_follow_the_schema_is_heard(api: ApiServer, runner: KubernetesRunner) -> None:
    """Strict field validation: a field the kind does not have is refused by the server, not dropped in silence."""
    with pytest.raises(ActionRefused, match="unknown field"):
        preview(runner, entry("patch_field", ON, field="spec.suspend", value="{on}"), on=True)
