"""One runner for each executor; what a runner needs beyond the environment comes from the configuration's `executors`."""

from collections.abc import Mapping
from functools import partial

from app.adapters.actions.command import CommandRunner
from app.adapters.actions.http import HttpRunner
from app.adapters.actions.kubernetes import KubernetesRunner
from app.adapters.actions.kubernetes_cluster import Cluster, ClusterSettings
from app.adapters.actions.manual import ManualRunner
from app.adapters.actions.postgres import PostgresRunner
from app.domain.canonical import Json
from app.ports.runner import Runner


def runners(environ: Mapping[str, str], executors: Mapping[str, Mapping[str, Json]]) -> dict[str, Runner]:
    """Every runner by the name that stands under `executor`. Nothing is opened before an action needs it."""
    cluster = ClusterSettings.of(executors.get("kubernetes", {}), environ)
    return {
        "http": HttpRunner(environ),
        "command": CommandRunner(environ),
        "kubernetes": KubernetesRunner(partial(Cluster, cluster)),
        "postgres": PostgresRunner(environ),
        "manual": ManualRunner(),
    }
