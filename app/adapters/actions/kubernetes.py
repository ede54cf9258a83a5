"""Changes exactly one object of one Kubernetes cluster: what was shown is what is changed, or nothing is."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from app.adapters.actions.kubernetes_changes import Call, call_of, change_of, current_revision, previous_revision
from app.adapters.actions.kubernetes_cluster import Answered, Cluster, NoAnswer, NotReached, api_version, controller
from app.adapters.actions.kubernetes_fields import RUN_ANNOTATION, Object, differences, value_at
from app.adapters.actions.templates import RUN_ID_IN_WORDS, values_for, visible
from app.domain.action import ActionSpec, Preview
from app.domain.canonical import Json, plain
from app.domain.errors import ActionRefused, OutcomeUnknown, Unavailable
from app.ports.runner import RunResult

OBSERVE_TIMEOUT_S = 10.0
LOOK_UP_TIMEOUT_S = 5.0
ATTEMPTS = 3

Revisions = Callable[[], list[Object]]


class KubernetesRunner:
    """The `kubernetes` executor. `connect` opens the one cluster the configuration names.

    Every change names the resourceVersion (a deletion the uid) that was read a moment before, and carries the run's id in
    the annotation `sitrep/run-id`: the same run twice changes nothing, and a lost answer can be looked up.
    """

    def __init__(self, connect: Callable[[], Cluster]) -> None:
        self._connect = connect

    def observe(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> Mapping[str, Json]:
        """The entry's fields of the object it changes; raises Unavailable, or ActionRefused if there is no such object."""
        if not spec.observe:
            return {}
        call = call_of(spec.call, values_for(spec, target, parameters, run_id=RUN_ID_IN_WORDS))
        with self._connect() as cluster:
            limit = min(spec.timeout_s, OBSERVE_TIMEOUT_S)
            return _fields(spec, call, _subject(cluster, call, limit), _history(cluster, call, limit))

    def preview(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> Preview:
        """What the server itself says would differ: the change is sent with dryRun=All, admission included."""
        call = call_of(spec.call, values_for(spec, target, parameters, run_id=RUN_ID_IN_WORDS))
        limit = min(spec.timeout_s, OBSERVE_TIMEOUT_S)
        try:
            with self._connect() as cluster:
                return Preview(visible(_rehearse(cluster, call, limit)), is_exact=True)
        except Answered as error:
            raise ActionRefused(f"The cluster refuses {spec.name} on {call.where}: {error}.", _hint(error)) from None
        except (NotReached, NoAnswer) as error:
            raise Unavailable(f"The cluster did not answer the dry run: {error}.", "Check the API server, then retry.") from None

    def run(
        self,
        spec: ActionSpec,
        target: str,
        parameters: Mapping[str, Json],
        run_id: str,
        actor: str,  # noqa: ARG002 - the cluster's audit log names Sitrep's account; the run's id leads to the person
        seen: Mapping[str, Json] | None = None,
    ) -> RunResult:
        """Does it once. A conflict (409) is an answer: nothing changed, so it is read, compared and tried again."""
        call = call_of(spec.call, values_for(spec, target, parameters, run_id=run_id))
        deadline = time.monotonic() + spec.timeout_s
        with self._connect() as cluster:
            for _ in range(ATTEMPTS):
                limit = max(0.1, deadline - time.monotonic())
                found = _subject(cluster, call, limit)
                if _carries(found, run_id):
                    return RunResult(True, f"{call.where} already carries this run's id; nothing was sent again.")
                _compare(spec, seen, call, found, _history(cluster, call, limit))
                try:
                    return RunResult(True, visible(_change(cluster, call, found, run_id, limit))[:2000])
                except Answered as error:
                    if error.status >= 500 and error.status != 503:
                        return self._look_up(call, found, run_id, str(error))
                    if error.status != 409 or error.reason not in {"Conflict", ""}:
                        return RunResult(False, visible(f"{call.where} was not changed: {error}. {_hint(error)}")[:2000])
                except NotReached as error:
                    raise Unavailable(f"The cluster was not reached: {error}.", "Check the API server, then retry.") from None
                except NoAnswer as error:
                    return self._look_up(call, found, run_id, str(error))
        return RunResult(False, f"{call.where} kept changing under us; {ATTEMPTS} attempts were refused as out of date.")

    def _look_up(self, call: Call, before: Object, run_id: str, problem: str) -> RunResult:
        """A lost answer is no failure: the object itself says whether this run reached it. Reads only."""
        try:
            with self._connect() as cluster:
                if _is_done(cluster, call, before, run_id):
                    return RunResult(True, visible(f"The answer was lost ({problem}), and {call.where} shows the change.")[:2000])
        except (Answered, NotReached, NoAnswer, Unavailable, ActionRefused):
            pass  # we still do not know
        raise OutcomeUnknown(
            visible(f"The change of {call.where} was sent and its result is not known: {problem}.")[:500],
            f"Look for the annotation {RUN_ANNOTATION}={run_id} before repeating it.",
        )


def _subject(cluster: Cluster, call: Call, timeout_s: float) -> Object:
    """The object that will change, as it is now; a pod only if it belongs to the named workload."""
    workload = _read(cluster, call.kind, call.namespace, call.name, timeout_s)
    if call.operation != "delete_pod":
        return workload
    pod = _read(cluster, "Pod", call.namespace, call.pod, timeout_s)
    owner = controller(pod)
    if owner and owner.get("kind") == "ReplicaSet" and call.kind == "Deployment":
        owner = controller(_read(cluster, "ReplicaSet", call.namespace, str(owner.get("name")), timeout_s))
    if not owner or (owner.get("kind"), owner.get("uid")) != (call.kind, workload["metadata"]["uid"]):
        raise ActionRefused(f"The pod {call.pod} is not run by {call.where}.", "Name a pod of that workload.")
    return pod


def _read(cluster: Cluster, kind: str, namespace: str, name: str, timeout_s: float) -> Object:
    where = f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"
    try:
        return cluster.read(kind, namespace, name, timeout_s)
    except Answered as error:
        if error.status in {401, 403, 404}:
            raise ActionRefused(f"{where} cannot be read: {error}.", _hint(error)) from None
        raise Unavailable(f"{where} cannot be read: {error}.", "Check the API server, then retry.") from None
    except (NotReached, NoAnswer) as error:
        raise Unavailable(f"{where} cannot be read: {error}.", "Check the API server, then retry.") from None


def _history(cluster: Cluster, call: Call, timeout_s: float) -> Callable[[Object], list[Object]]:
    kind = "ReplicaSet" if call.kind == "Deployment" else "ControllerRevision"

    def read(found: Object) -> list[Object]:
        try:
            return cluster.owned(kind, found, timeout_s)
        except (Answered, NotReached, NoAnswer) as error:
            raise Unavailable(f"The history of {call.where} cannot be read: {error}.", "Check Sitrep's role.") from None

    return read


def _change(cluster: Cluster, call: Call, found: Object, run_id: str, timeout_s: float, *, is_dry_run: bool = False) -> str:
    """Sends the one change and says what differs now."""
    if call.operation == "delete_pod":
        uid = str(found["metadata"]["uid"])
        cluster.delete_pod(call.namespace, call.pod, uid, timeout_s, is_dry_run=is_dry_run)
        return f"DELETE v1 Pod {call.namespace}/{call.pod} uid {uid}, run by {call.where}"
    change = change_of(call, found, lambda: _history(cluster, call, timeout_s)(found), run_id)
    after = cluster.patch(
        call.kind, call.namespace, call.name, change.body, change.content_type, timeout_s, is_dry_run=is_dry_run
    )
    lines = differences(found, after) if after else ["(the answer broke off after its success status)"]
    if call.operation == "rollout_restart":
        lines.insert(0, f"spec.template.metadata.annotations[{RUN_ANNOTATION}] -> {run_id}: all its pods are replaced")
    what = "; ".join(lines) or "nothing differs from what is there"
    return f"PATCH {api_version(call.kind)} {call.where} {what}"


def _rehearse(cluster: Cluster, call: Call, timeout_s: float) -> str:
    found = _subject(cluster, call, timeout_s)
    said = _change(cluster, call, found, RUN_ID_IN_WORDS, timeout_s, is_dry_run=True)
    return f"{said} (the server accepted the dry run)"


def _is_done(cluster: Cluster, call: Call, before: Object, run_id: str) -> bool:
    if call.operation != "delete_pod":
        return _carries(cluster.read(call.kind, call.namespace, call.name, LOOK_UP_TIMEOUT_S), run_id)
    try:
        pod = cluster.read("Pod", call.namespace, call.pod, LOOK_UP_TIMEOUT_S)
    except Answered as error:
        return error.status == 404
    metadata: Any = pod.get("metadata", {})
    return metadata.get("uid") != before["metadata"]["uid"] or "deletionTimestamp" in metadata


def _carries(found: Object, run_id: str) -> bool:
    return bool((found.get("metadata", {}).get("annotations") or {}).get(RUN_ANNOTATION) == run_id)


def _compare(
    spec: ActionSpec, seen: Mapping[str, Json] | None, call: Call, found: Object, history: Callable[[Object], list[Object]]
) -> None:
    if seen is None or not spec.observe:
        return
    now = _fields(spec, call, found, history)
    changed = [
        f"{name} was {seen.get(name)!r}, is {now.get(name)!r}"
        for name in sorted({*seen, *now})
        if plain(seen.get(name)) != now.get(name)
    ]
    if changed:
        raise ActionRefused(
            f"{call.where} changed since it was approved: {', '.join(changed)}.", "Look again, then propose it anew."
        )


def _fields(spec: ActionSpec, call: Call, found: Object, history: Callable[[Object], list[Object]]) -> dict[str, Json]:
    fields = spec.observe.get("fields")
    revisions: list[list[Object]] = []

    def read() -> list[Object]:
        if not revisions:
            revisions.append(history(found))
        return revisions[0]

    return {name: _field(str(field), call, found, read) for name, field in (fields if isinstance(fields, dict) else {}).items()}


def _field(name: str, call: Call, found: Object, revisions: Revisions) -> Json:
    spec, status, metadata = found.get("spec", {}), found.get("status", {}), found["metadata"]
    readers: dict[str, Callable[[], Any]] = {
        "replicas": lambda: spec.get("replicas", 1),
        "ready": lambda: status.get("readyReplicas", status.get("numberReady", 0)),
        "updated": lambda: status.get("updatedReplicas", status.get("updatedNumberScheduled", 0)),
        "image": lambda: ", ".join(_images(found)),
        "revision": lambda: current_revision(found, [] if call.kind == "Deployment" else revisions()),
        "previous_revision": lambda: previous_revision(found, revisions()),
        "generation": lambda: metadata.get("generation", 0),
        "uid": lambda: metadata["uid"],
        "paused": lambda: spec.get("paused", False),
        "suspended": lambda: spec.get("suspend", False),
        "unschedulable": lambda: spec.get("unschedulable", False),
        "phase": lambda: status.get("phase", ""),
        "node": lambda: spec.get("nodeName", ""),
        "value": lambda: value_at(found, call.field),
    }
    if name not in readers:
        raise ActionRefused(f"There is no field '{name}' to observe.", f"There are: {', '.join(readers)}.")
    try:
        return plain(readers[name]())
    except KeyError as error:
        raise ActionRefused(f"{call.where} has no {error.args[0]}.", "Correct the entry's field.") from None


def _images(found: Object) -> list[str]:
    spec = found.get("spec", {})
    containers = spec.get("template", {}).get("spec", spec).get("containers") or []
    return [str(item.get("image", "")) for item in containers if isinstance(item, dict)]


def _hint(error: Answered) -> str:
    return {
        401: "Its token is not accepted: renew it.",
        403: "Sitrep's account may not do this: widen its role, or remove the entry.",
        404: "Check namespace and name.",
        422: "The cluster says why; correct the entry.",
    }.get(error.status, "Look at the object, then decide.")
