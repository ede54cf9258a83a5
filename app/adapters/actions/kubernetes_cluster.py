"""Talks to one Kubernetes API server through the official client, and knows whether a request had left when it failed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import yaml

from app.domain.canonical import Json
from app.domain.errors import ActionRefused, Unavailable

Object = dict[str, Any]

ANSWER_BYTES = 4 * 1024**2
FIELD_MANAGER = "sitrep"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"

_APPS = {"Deployment": "deployment", "StatefulSet": "stateful_set", "DaemonSet": "daemon_set", "ReplicaSet": "replica_set"}
_CUSTOM = {
    "Kustomization": ("kustomize.toolkit.fluxcd.io", "v1", "kustomizations"),
    "HelmRelease": ("helm.toolkit.fluxcd.io", "v2", "helmreleases"),
}


class Answered(Exception):
    """The server said no: its status, its own reason (such as Conflict) and its words."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"status {status} {reason}: {message}"[:600])
        self.status = status
        self.reason = reason


class NotReached(Exception):
    """The connection could not be made; nothing left."""


class NoAnswer(Exception):
    """The request was sent, and no answer came back."""


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """Which API server: a kubeconfig file and one of its contexts (empty: its current one), or the pod's own account."""

    kubeconfig: str = ""
    context: str = ""
    is_in_cluster: bool = False

    @classmethod
    def of(cls, given: Mapping[str, Json], environ: Mapping[str, str]) -> "ClusterSettings":
        """From the configuration's `executors.kubernetes`; the kubeconfig's path stands in the variable it names."""
        path = environ.get(str(given.get("kubeconfig_env", "")), "")
        return cls(path, str(given.get("context", "")), given.get("in_cluster") is True)


def api_version(kind: str) -> str:
    """The group and version we speak for a kind, as manifests write it."""
    if kind in _CUSTOM:
        group, version, _ = _CUSTOM[kind]
        return f"{group}/{version}"
    return "v1" if kind in {"Node", "Pod"} else "apps/v1"


class Cluster:
    """One connection to one API server. Nothing is retried, no proxy is used, redirects are not followed."""

    def __init__(self, settings: ClusterSettings) -> None:
        from kubernetes import client

        self._api = client.ApiClient(_configuration(settings))
        self._apps, self._core = client.AppsV1Api(self._api), client.CoreV1Api(self._api)
        self._custom = client.CustomObjectsApi(self._api)
        self._delete_options = client.V1DeleteOptions
        self._preconditions = client.V1Preconditions

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._api.rest_client.pool_manager.clear()

    def read(self, kind: str, namespace: str, name: str, timeout_s: float) -> Object:
        """The object as plain JSON; raises Answered, NotReached or NoAnswer."""
        call, where = self._method("read", kind, namespace, name)
        return _document(_sent(call, **where, _request_timeout=timeout_s))

    def patch(
        self, kind: str, namespace: str, name: str, body: Json, content_type: str, timeout_s: float, *, is_dry_run: bool
    ) -> Object:
        """The changed object (empty if its text broke off); raises Answered, NotReached or NoAnswer."""
        call, where = self._method("patch", kind, namespace, name)
        more = {"dry_run": "All"} if is_dry_run else {}
        answer = _sent(
            call,
            **where,
            body=body,
            field_manager=FIELD_MANAGER,
            field_validation="Strict",
            _content_type=content_type,
            _request_timeout=timeout_s,
            **more,
        )
        return _document_or_nothing(answer)

    def delete_pod(self, namespace: str, name: str, uid: str, timeout_s: float, *, is_dry_run: bool) -> None:
        """Deletes the pod if it still is the one with this uid; raises Answered, NotReached or NoAnswer."""
        options = self._delete_options(
            preconditions=self._preconditions(uid=uid), dry_run=["All"] if is_dry_run else None, propagation_policy="Background"
        )
        answer = _sent(self._core.delete_namespaced_pod, name=name, namespace=namespace, body=options, _request_timeout=timeout_s)
        _document_or_nothing(answer)

    def owned(self, kind: str, owner: Object, timeout_s: float) -> list[Object]:
        """The ReplicaSets or ControllerRevisions whose controller is `owner`."""
        listing = {
            "ReplicaSet": self._apps.list_namespaced_replica_set,
            "ControllerRevision": self._apps.list_namespaced_controller_revision,
        }[kind]
        labels = owner.get("spec", {}).get("selector", {}).get("matchLabels", {})
        selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
        namespace = owner["metadata"]["namespace"]
        found = _document(_sent(listing, namespace=namespace, label_selector=selector, _request_timeout=timeout_s))
        items = [item for item in found.get("items") or [] if isinstance(item, dict)]
        return [item for item in items if (controller(item) or {}).get("uid") == owner["metadata"]["uid"]]

    def _method(self, verb: str, kind: str, namespace: str, name: str) -> tuple[Callable[..., Any], dict[str, str]]:
        if kind in _CUSTOM:
            group, version, plural = _CUSTOM[kind]
            where = {"group": group, "version": version, "namespace": namespace, "plural": plural, "name": name}
            return getattr(self._custom, f"{'get' if verb == 'read' else verb}_namespaced_custom_object"), where
        if kind == "Node":
            return getattr(self._core, f"{verb}_node"), {"name": name}
        if kind == "Pod":
            return getattr(self._core, f"{verb}_namespaced_pod"), {"name": name, "namespace": namespace}
        return getattr(self._apps, f"{verb}_namespaced_{_APPS[kind]}"), {"name": name, "namespace": namespace}


def controller(item: Object) -> Object | None:
    """The owner reference of the controller, if the object has one."""
    owners = item.get("metadata", {}).get("ownerReferences") or []
    return next((owner for owner in owners if isinstance(owner, dict) and owner.get("controller") is True), None)


def _configuration(settings: ClusterSettings) -> Any:
    from kubernetes import client, config
    from kubernetes.config import ConfigException

    hint = "Check executors.kubernetes in the configuration."
    made = client.Configuration()
    try:
        if settings.is_in_cluster:
            config.load_incluster_config(client_configuration=made)
        else:
            _check_kubeconfig(settings)
            config.load_kube_config(settings.kubeconfig, settings.context or None, made, persist_config=False)
    except (ConfigException, OSError, ValueError, yaml.YAMLError) as error:
        raise Unavailable(f"The cluster's credentials cannot be read: {error}.", hint) from None
    parts = urlsplit(made.host)
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise ActionRefused(f"{made.host} is not https; a token would travel in the open.", hint)
    if not made.verify_ssl:
        raise ActionRefused("The kubeconfig switches off the check of the server's certificate.", hint)
    made.retries = False  # urllib3 would repeat a DELETE by itself, and follow redirects
    made.proxy = None
    return made


def _check_kubeconfig(settings: ClusterSettings) -> None:
    hint = "Set the variable named by executors.kubernetes.kubeconfig_env to a kubeconfig with a token or a client certificate."
    path = Path(settings.kubeconfig)
    if not settings.kubeconfig or not path.is_file():
        raise Unavailable("There is no kubeconfig to read.", hint)
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    users = document.get("users") if isinstance(document, dict) else None
    for entry in users if isinstance(users, list) else []:
        user = entry.get("user") if isinstance(entry, dict) else None
        if isinstance(user, dict) and ("exec" in user or "auth-provider" in user):
            raise ActionRefused("The kubeconfig wants to start a program to log in.", hint)


def _sent(call: Callable[..., Any], **arguments: Any) -> Any:
    from kubernetes.client.exceptions import ApiException
    from urllib3 import exceptions

    try:
        return call(**arguments, _preload_content=False)
    except ApiException as error:
        if error.status:
            raise _answer(error) from None
        # The client folds every TLS failure into status 0; only a refused certificate surely means that nothing left.
        surely = "CERTIFICATE_VERIFY_FAILED" in str(error.reason)
        raise (NotReached if surely else NoAnswer)(str(error.reason)) from None
    except (exceptions.NewConnectionError, exceptions.ConnectTimeoutError, exceptions.LocationValueError) as error:
        raise NotReached(f"{type(error).__name__}") from None
    except exceptions.HTTPError as error:
        raise NoAnswer(f"{type(error).__name__}") from None


def _answer(error: Any) -> Answered:
    try:
        status = json.loads(error.body or "")
    except (ValueError, RecursionError):
        status = None
    status = status if isinstance(status, dict) else {}
    return Answered(int(error.status), str(status.get("reason", "")), str(status.get("message", error.reason)))


def _document(response: Any) -> Object:
    from urllib3.exceptions import HTTPError

    try:
        text = response.read(ANSWER_BYTES + 1)
    except HTTPError as error:
        raise NoAnswer(f"the answer broke off ({type(error).__name__})") from None
    finally:
        response.release_conn()
    try:
        value = json.loads(text) if len(text) <= ANSWER_BYTES else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise NoAnswer("the answer is no JSON object, or larger than 4 MiB")
    return value


def _document_or_nothing(response: Any) -> Object:
    """After a success status the change is done; a body that breaks off only shortens our words."""
    try:
        return _document(response)
    except NoAnswer:
        return {}
