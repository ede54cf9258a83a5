"""A tiny controller loop: ReplicaSets and ControllerRevisions from templates, pods from replicas, status from pods."""

import copy
import hashlib
import json
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.kubernetes_api.state import State

Object = dict[str, Any]
REVISION = "deployment.kubernetes.io/revision"


def reconcile(state: "State") -> None:
    """Brings the world to what the objects ask for."""
    for deployment in state.of_kind("Deployment"):
        if not deployment["spec"].get("paused"):
            _roll(state, deployment)
    for kind in ("StatefulSet", "DaemonSet"):
        for workload in state.of_kind(kind):
            _remember(state, workload)
            count = len(state.of_kind("Node")) if kind == "DaemonSet" else workload["spec"].get("replicas", 1)
            _fill(state, workload, count, workload["status"]["updateRevision"])
            _report(state, workload, count)


def owner_of(item: Object) -> Object:
    metadata = item["metadata"]
    return {
        "apiVersion": item["apiVersion"],
        "kind": item["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
    }


def owned(state: "State", kind: str, owner: Object) -> list[Object]:
    uid = owner["metadata"]["uid"]
    found = state.of_kind(kind, owner["metadata"]["namespace"])
    return [item for item in found if any(ref["uid"] == uid for ref in item["metadata"].get("ownerReferences", []))]


def _roll(state: "State", deployment: Object) -> None:
    hashed, sets = _hash(deployment["spec"]["template"]), owned(state, "ReplicaSet", deployment)
    current = next((item for item in sets if item["metadata"]["labels"]["pod-template-hash"] == hashed), None)
    newest = max((int(item["metadata"]["annotations"][REVISION]) for item in sets), default=0)
    if current is None:
        current = _replica_set(state, deployment, hashed)
    if int(current["metadata"]["annotations"].get(REVISION, 0)) < newest or REVISION not in current["metadata"]["annotations"]:
        current["metadata"]["annotations"][REVISION] = str(newest + 1)
    revision = current["metadata"]["annotations"][REVISION]
    if deployment["metadata"]["annotations"].get(REVISION) != revision:
        deployment["metadata"]["annotations"][REVISION] = revision
        state.touch(deployment)
    count = deployment["spec"].get("replicas", 1)
    for item in owned(state, "ReplicaSet", deployment):
        wanted = count if item is current else 0
        item["spec"]["replicas"] = wanted
        _fill(state, item, wanted, hashed)
    _report(state, deployment, count)


def _replica_set(state: "State", deployment: Object, hashed: str) -> Object:
    metadata, template = deployment["metadata"], copy.deepcopy(deployment["spec"]["template"])
    template["metadata"]["labels"]["pod-template-hash"] = hashed
    name = f"{metadata['name']}-{hashed}"
    item: Object = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "namespace": metadata["namespace"],
            "uid": str(uuid.uuid4()),
            "resourceVersion": state.next_version(),
            "labels": dict(template["metadata"]["labels"]),
            "annotations": {},
            "ownerReferences": [owner_of(deployment)],
        },
        "spec": {"replicas": 0, "template": template, "selector": deployment["spec"]["selector"]},
        "status": {},
    }
    state.objects["ReplicaSet", metadata["namespace"], name] = item
    return item


def _remember(state: "State", workload: Object) -> None:
    """One ControllerRevision per template; going back to an old one gives it the next number, as the real one does."""
    metadata, template = workload["metadata"], workload["spec"]["template"]
    name = f"{metadata['name']}-{_hash(template)}"
    known = owned(state, "ControllerRevision", workload)
    newest = max((item["revision"] for item in known), default=0)
    current = next((item for item in known if item["metadata"]["name"] == name), None)
    if current is None:
        current = {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {
                "name": name,
                "namespace": metadata["namespace"],
                "uid": str(uuid.uuid4()),
                "resourceVersion": state.next_version(),
                "labels": dict(template["metadata"]["labels"]),
                "ownerReferences": [owner_of(workload)],
            },
            "data": {"spec": {"template": {**copy.deepcopy(template), "$patch": "replace"}}},
            "revision": newest + 1,
        }
        state.objects["ControllerRevision", metadata["namespace"], name] = current
    elif current["revision"] < newest:
        current["revision"] = newest + 1
    workload["status"]["updateRevision"] = name


def _fill(state: "State", owner: Object, count: int, hashed: str) -> None:
    for pod in owned(state, "Pod", owner):
        if pod["metadata"]["labels"]["hash"] != hashed:
            del state.objects["Pod", pod["metadata"]["namespace"], pod["metadata"]["name"]]
    pods = owned(state, "Pod", owner)
    for pod in pods[count:]:
        del state.objects["Pod", pod["metadata"]["namespace"], pod["metadata"]["name"]]
    for _ in range(count - len(pods)):
        _pod(state, owner, hashed)


def _pod(state: "State", owner: Object, hashed: str) -> None:
    number = state.next_version()
    metadata, template = owner["metadata"], owner["spec"]["template"]
    name = f"{metadata['name']}-{int(number):05x}"
    state.objects["Pod", metadata["namespace"], name] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": metadata["namespace"],
            "uid": str(uuid.uuid4()),
            "resourceVersion": number,
            "labels": {**template["metadata"]["labels"], "hash": hashed},
            "annotations": dict(template["metadata"].get("annotations", {})),
            "ownerReferences": [owner_of(owner)],
        },
        "spec": copy.deepcopy(template["spec"]),
        "status": {"phase": "Running"},
    }


def _report(state: "State", workload: Object, count: int) -> None:
    status = {**workload["status"], "observedGeneration": workload["metadata"]["generation"]}
    names = ("desiredNumberScheduled", "numberReady", "updatedNumberScheduled")
    if workload["kind"] != "DaemonSet":
        names = ("replicas", "readyReplicas", "updatedReplicas")
    status.update(dict.fromkeys(names, count))
    if status != workload["status"]:
        workload["status"] = status
        state.touch(workload)


def _hash(template: Object) -> str:
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:8]
