"""What the cluster holds: objects with uid, resourceVersion and generation, and the rules a write must pass."""

import copy
import re
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.kubernetes_api.controllers import reconcile

Object = dict[str, Any]
Key = tuple[str, str, str]

PLURALS = {
    "deployments": "Deployment",
    "replicasets": "ReplicaSet",
    "statefulsets": "StatefulSet",
    "daemonsets": "DaemonSet",
    "controllerrevisions": "ControllerRevision",
    "pods": "Pod",
    "nodes": "Node",
    "events": "Event",
    "kustomizations": "Kustomization",
    "helmreleases": "HelmRelease",
}
WORKLOAD_SPEC = {
    "replicas", "selector", "template", "strategy", "updateStrategy", "paused", "serviceName", "minReadySeconds",
    "progressDeadlineSeconds", "revisionHistoryLimit",
}  # fmt: skip
SPECS = {
    "Deployment": WORKLOAD_SPEC - {"updateStrategy", "serviceName"},
    "StatefulSet": WORKLOAD_SPEC - {"strategy", "paused", "progressDeadlineSeconds"},
    "DaemonSet": WORKLOAD_SPEC - {"replicas", "strategy", "paused", "progressDeadlineSeconds", "serviceName"},
    "Node": {"podCIDR", "providerID", "taints", "unschedulable"},
    "Kustomization": {"suspend", "interval", "path", "prune", "sourceRef"},
    "HelmRelease": {"suspend", "interval", "chart", "values"},
}
QUANTITY = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:m|k|Ki|M|Mi|G|Gi|T|Ti)?")


class Status(Exception):
    """A metav1.Status the server answers with."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code, self.reason = code, reason


@dataclass
class Fault:
    """One misbehaviour: on the next `times` requests of `method`, `what` happens.

    `what`: `status:500`, `reset` (nothing is committed), `reset_after` (committed, no answer), `hang_after` (committed, silent),
    `cut_body` (committed, half an answer).
    """

    method: str
    what: str
    times: int = 1


@dataclass
class State:
    """Objects by (kind, namespace, name)."""

    objects: dict[Key, Object] = field(default_factory=dict)
    version: int = 100
    lock: threading.RLock = field(default_factory=threading.RLock)
    faults: list[Fault] = field(default_factory=list)
    before_write: list[Callable[["State"], None]] = field(default_factory=list)

    def get(self, kind: str, namespace: str, name: str) -> Object:
        try:
            return self.objects[kind, namespace, name]
        except KeyError:
            raise Status(404, "NotFound", f'{kind.lower()}s "{name}" not found') from None

    def of_kind(self, kind: str, namespace: str = "") -> list[Object]:
        return [item for (k, ns, _), item in sorted(self.objects.items()) if k == kind and namespace in {"", ns}]

    def create(self, item: Object) -> Object:
        """Stores a new object as it is, then lets the controllers work."""
        kind, metadata = item["kind"], item["metadata"]
        metadata.setdefault("uid", str(uuid.uuid4()))
        metadata.setdefault("annotations", {})
        metadata["generation"] = 1
        metadata["resourceVersion"] = self.next_version()
        item.setdefault("status", {})
        self.objects[kind, metadata.get("namespace", ""), metadata["name"]] = item
        reconcile(self)
        return item

    def next_version(self) -> str:
        self.version += 1
        return str(self.version)

    def touch(self, item: Object) -> None:
        """A controller wrote this object's status."""
        item["metadata"]["resourceVersion"] = self.next_version()

    def write(self, old: Object, new: Object, *, is_dry_run: bool) -> Object:
        """What a PATCH or PUT stores; raises Status 409 for a stale resourceVersion and 422 for an invalid object."""
        kind, metadata = old["kind"], new.setdefault("metadata", {})
        if metadata.get("resourceVersion", old["metadata"]["resourceVersion"]) != old["metadata"]["resourceVersion"]:
            message = f'Operation cannot be fulfilled on {kind} "{old["metadata"]["name"]}": the object has been modified'
            raise Status(409, "Conflict", message)
        for name in ("uid", "name", "namespace"):
            if metadata.get(name) != old["metadata"].get(name):
                raise Status(422, "Invalid", f"metadata.{name}: field is immutable")
        validate(kind, new)
        stored = {**copy.deepcopy(new), "status": old["status"], "kind": kind, "apiVersion": old["apiVersion"]}
        if stored == old:
            return old
        if stored.get("spec") != old.get("spec"):
            stored["metadata"]["generation"] = old["metadata"]["generation"] + 1
        if is_dry_run:
            return stored
        stored["metadata"]["resourceVersion"] = self.next_version()
        self.objects[kind, old["metadata"].get("namespace", ""), old["metadata"]["name"]] = stored
        answer = copy.deepcopy(stored)
        reconcile(self)
        return answer

    def delete(self, kind: str, namespace: str, name: str, options: Object, *, is_dry_run: bool) -> Object:
        """Removes the object if its preconditions hold; raises Status."""
        item = self.get(kind, namespace, name)
        wanted = (options.get("preconditions") or {}).get("uid")
        if wanted is not None and wanted != item["metadata"]["uid"]:
            message = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {item['metadata']['uid']}"
            raise Status(409, "Conflict", message)
        if not is_dry_run:
            del self.objects[kind, namespace, name]
            reconcile(self)
        return item


def validate(kind: str, item: Object) -> None:
    """The checks of the real server that a wrong patch of ours would meet; raises Status."""
    spec = item.get("spec", {})
    unknown = sorted(set(spec) - SPECS.get(kind, set(spec)))
    if unknown:
        raise Status(400, "BadRequest", f'strict decoding error: unknown field "spec.{unknown[0]}"')
    replicas = spec.get("replicas", 1)
    if isinstance(replicas, bool) or not isinstance(replicas, int) or replicas < 0:
        raise Status(422, "Invalid", f"spec.replicas: Invalid value: {replicas}: must be greater than or equal to 0")
    for name in ("suspend", "paused", "unschedulable"):
        if not isinstance(spec.get(name, False), bool):
            raise Status(422, "Invalid", f"spec.{name}: Invalid value: must be a boolean")
    if "template" in spec:
        _validate_template(spec)


def _validate_template(spec: Object) -> None:
    template = spec["template"]
    labels = template.get("metadata", {}).get("labels", {})
    if any(labels.get(key) != value for key, value in spec["selector"]["matchLabels"].items()):
        raise Status(422, "Invalid", "spec.template.metadata.labels: `selector` does not match template `labels`")
    for number, container in enumerate(template["spec"]["containers"]):
        if not container.get("image"):
            raise Status(422, "Invalid", f"spec.template.spec.containers[{number}].image: Required value")
        resources = container.get("resources", {})
        for amounts in (resources.get("limits", {}), resources.get("requests", {})):
            for name, amount in amounts.items():
                if not QUANTITY.fullmatch(str(amount)):
                    raise Status(400, "BadRequest", f"quantities must match the regular expression ({name}: {amount})")
