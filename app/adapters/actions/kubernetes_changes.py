"""Turns one Kubernetes operation of the catalogue into the exact patch that is sent, for the object as it was read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.adapters.actions.kubernetes_cluster import JSON_PATCH, MERGE, STRATEGIC
from app.adapters.actions.kubernetes_fields import RUN_ANNOTATION, Object, is_allowed_field, patch_at, value_at
from app.adapters.actions.templates import fill_json, fill_text
from app.domain.canonical import Json
from app.domain.errors import ActionRefused

REVISION = "deployment.kubernetes.io/revision"
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
FLUX = ("Kustomization", "HelmRelease")
KINDS = {
    "rollout_restart": WORKLOADS,
    "undo_to_revision": WORKLOADS,
    "scale": ("Deployment", "StatefulSet"),
    "cordon": ("Node",),
    "uncordon": ("Node",),
    "delete_pod": WORKLOADS,
    "patch_field": (*WORKLOADS, *FLUX),
}

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Call:
    """One operation on one object, with every value in place."""

    operation: str
    kind: str
    namespace: str
    name: str
    pod: str = ""
    replicas: int = 0
    revision: int | None = None
    field: str = ""
    value: Json = None

    @property
    def where(self) -> str:
        """Kind, namespace and name, as people write them."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Change:
    """What is sent in a PATCH."""

    body: Json
    content_type: str


def call_of(template: Mapping[str, Json], values: Mapping[str, Json]) -> Call:
    """The call with its values in place; raises ActionRefused for anything the API server should not even be asked."""
    operation, kind = str(template.get("operation", "")), str(template.get("kind", ""))
    if operation not in KINDS:
        raise ActionRefused(f"There is no operation '{operation}'.", f"There are: {', '.join(KINDS)}.")
    if kind not in KINDS[operation]:
        raise ActionRefused(
            f"{operation} cannot be done to a {kind or 'nothing'}.", f"It works on: {', '.join(KINDS[operation])}."
        )
    replicas, revision = (fill_json(template.get(key), values) for key in ("replicas", "revision"))
    call = Call(
        operation=operation,
        kind=kind,
        namespace="" if kind == "Node" else _name(template, "namespace", values),
        name=_name(template, "name", values),
        pod=_name(template, "pod", values) if operation == "delete_pod" else "",
        replicas=_whole(replicas, 0, "replicas") if operation == "scale" else 0,
        revision=_revision(revision) if operation == "undo_to_revision" else None,
        field=str(template.get("field", "")),
        value=fill_json(template.get("value"), values),
    )
    if operation == "patch_field" and (not is_allowed_field(call.field) or call.value is None):
        raise ActionRefused(f"The field '{call.field}' is not one Sitrep may set.", "See the list in the documentation.")
    return call


def change_of(call: Call, found: Object, revisions: Callable[[], list[Object]], run_id: str) -> Change:
    """The patch for the object as it was read. It names the resourceVersion that was read, so that the server refuses it
    (409) if anything changed since, and carries the run's id. `revisions` reads the workload's history, where it is needed.
    """
    metadata: dict[str, Json] = {
        "resourceVersion": str(found["metadata"]["resourceVersion"]),
        "annotations": {RUN_ANNOTATION: run_id},
    }
    if call.operation == "undo_to_revision":
        return _undo(call, found, revisions(), metadata)
    if call.operation == "patch_field":
        _check_field(call, found)
        kind = MERGE if call.kind in FLUX else STRATEGIC
        return Change({"metadata": metadata, **patch_at(call.field, call.value)}, kind)
    specs: dict[str, dict[str, Json]] = {
        "rollout_restart": {"template": {"metadata": {"annotations": {RUN_ANNOTATION: run_id}}}},
        "scale": {"replicas": call.replicas},
        "cordon": {"unschedulable": True},
        "uncordon": {"unschedulable": False},
    }
    if call.operation == "rollout_restart" and found.get("spec", {}).get("paused") is True:
        raise ActionRefused(f"{call.where} is paused; a restart would not begin.", "Resume its rollout first.")
    return Change({"metadata": metadata, "spec": specs[call.operation]}, MERGE)


def number_of(revision: Object) -> int:
    """The number of a ReplicaSet (by its annotation) or a ControllerRevision; 0 if it has none."""
    given = revision.get("revision", revision.get("metadata", {}).get("annotations", {}).get(REVISION, 0))
    return int(given) if str(given).isdigit() else 0


def current_revision(found: Object, revisions: list[Object]) -> int:
    """The revision whose template the workload asks for now; 0 if the controller has not caught up."""
    if found.get("kind") == "Deployment":
        return number_of(found)
    wanted = found.get("status", {}).get("updateRevision")
    named = [number_of(item) for item in revisions if item["metadata"]["name"] == wanted]
    return named[0] if named else max((number_of(item) for item in revisions), default=0)


def previous_revision(found: Object, revisions: list[Object]) -> int:
    """The highest revision below the current one; 0 if there is none."""
    current = current_revision(found, revisions)
    return max((number_of(item) for item in revisions if number_of(item) < current), default=0)


def _undo(call: Call, found: Object, revisions: list[Object], metadata: dict[str, Json]) -> Change:
    if found.get("spec", {}).get("paused") is True:
        raise ActionRefused(f"{call.where} is paused; going back would not begin.", "Resume its rollout first.")
    number = call.revision or previous_revision(found, revisions)
    chosen = [item for item in revisions if number and number_of(item) == number]
    if not chosen:
        known = ", ".join(str(number_of(item)) for item in sorted(revisions, key=number_of)) or "none"
        raise ActionRefused(f"{call.where} has no revision {number or 'before this one'}.", f"It has: {known}.")
    if call.kind != "Deployment":
        data = chosen[0].get("data")
        spec = data.get("spec") if isinstance(data, dict) else None
        if not isinstance(spec, dict) or set(spec) != {"template"}:
            raise ActionRefused(f"Revision {number} of {call.where} holds no pod template.", "Use another revision.")
        return Change({"metadata": metadata, "spec": spec}, STRATEGIC)
    template: Any = {**chosen[0]["spec"]["template"]}
    labels = {k: v for k, v in template.get("metadata", {}).get("labels", {}).items() if k != "pod-template-hash"}
    template["metadata"] = {**template.get("metadata", {}), "labels": labels}
    annotations: dict[str, Json] = {**found["metadata"].get("annotations", {}), **_mapping(metadata["annotations"])}
    return Change(
        [
            {"op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
            {"op": "add", "path": "/metadata/annotations", "value": annotations},
            {"op": "replace", "path": "/spec/template", "value": template},
        ],
        JSON_PATCH,
    )


def _check_field(call: Call, found: Object) -> None:
    try:
        value_at(found, call.field)
    except KeyError as error:
        raise ActionRefused(f"{call.where} has no {error.args[0]}.", "Correct the entry's field.") from None


def _name(template: Mapping[str, Json], key: str, values: Mapping[str, Json]) -> str:
    text = fill_text(str(template.get(key, "")), values)
    if not _NAME.fullmatch(text):
        raise ActionRefused(f"'{text}' is not a name in Kubernetes ({key}).", "Use lower-case letters, digits, '-' and '.'.")
    return text


def _revision(value: Json) -> int | None:
    return None if value == "previous" else _whole(value, 1, "revision")


def _whole(value: Json, least: int, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ActionRefused(f"{name} = {value!r} is not a whole number from {least} on.", "Correct the entry.")
    return value


def _mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}
