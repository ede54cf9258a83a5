"""The shape of `call` and `observe` for each executor: every key, its type and its bounds; anything else is an error."""

from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from app.adapters.inventory.models import CommandCall, CommandObserve, Entry, HttpCall, HttpObserve, Line, Name, Variable, Word

# The places the kubernetes executor may set; the runner holds the same list and a test compares them.
KUBERNETES_FIELDS = (
    r"spec\.template\.spec\.containers\[[a-z0-9-]{1,63}\]\.(?:image|resources\.(?:limits|requests)\.(?:cpu|memory)"
    r"|env\[[A-Za-z_][A-Za-z0-9_]{0,62}\]\.value)"
    r"|spec\.(?:suspend|paused|minReadySeconds|progressDeadlineSeconds|revisionHistoryLimit)"
)

Placeholder = Annotated[str, StringConstraints(pattern=r"^\{[a-z][a-z0-9_]*\}$")]
ObjectName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9{][a-z0-9._{}-]{0,252}$")]
FieldPath = Annotated[str, StringConstraints(pattern=f"^(?:{KUBERNETES_FIELDS})$")]
Backend = Literal["active", "idle in transaction", "idle in transaction (aborted)"]
Setting = Literal[
    "autovacuum_naptime", "autovacuum_vacuum_cost_delay", "autovacuum_vacuum_cost_limit", "checkpoint_timeout",
    "deadlock_timeout", "default_statistics_target", "effective_cache_size", "effective_io_concurrency", "hash_mem_multiplier",
    "idle_in_transaction_session_timeout", "idle_session_timeout", "jit", "lock_timeout", "log_lock_waits",
    "log_min_duration_statement", "maintenance_work_mem", "max_parallel_maintenance_workers", "max_parallel_workers",
    "max_parallel_workers_per_gather", "max_wal_size", "random_page_cost", "statement_timeout", "temp_file_limit", "work_mem",
]  # fmt: skip

_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
_OPERATIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "rollout_restart": (_WORKLOADS, ()),
    "undo_to_revision": (_WORKLOADS, ("revision",)),
    "scale": (("Deployment", "StatefulSet"), ("replicas",)),
    "cordon": (("Node",), ()),
    "uncordon": (("Node",), ()),
    "delete_pod": (_WORKLOADS, ("pod",)),
    "patch_field": ((*_WORKLOADS, "Kustomization", "HelmRelease"), ("field", "value")),
}
_OWN_KEYS = ("replicas", "revision", "pod", "field", "value")


class KubernetesCall(Entry):
    """What the kubernetes executor changes."""

    operation: Literal["rollout_restart", "undo_to_revision", "scale", "cordon", "uncordon", "delete_pod", "patch_field"]
    kind: Literal["Deployment", "StatefulSet", "DaemonSet", "Node", "Kustomization", "HelmRelease"]
    namespace: ObjectName | None = None
    name: ObjectName
    replicas: Annotated[int, Field(ge=0, le=10_000)] | Placeholder | None = None
    revision: Annotated[int, Field(ge=1)] | Literal["previous"] | Placeholder | None = None
    pod: Placeholder | None = None
    field: FieldPath | None = None
    value: JsonValue = None

    @model_validator(mode="after")
    def goes_together(self) -> Self:
        """The kind fits the operation, and exactly its own keys are there."""
        kinds, needed = _OPERATIONS[self.operation]
        if self.kind not in kinds:
            raise ValueError(f"{self.operation} works on {', '.join(kinds)}, not on a {self.kind}")
        if (self.kind == "Node") == (self.namespace is not None):
            raise ValueError("a Node has no namespace; everything else needs one")
        given = [key for key in _OWN_KEYS if getattr(self, key) is not None]
        if given != list(needed):
            raise ValueError(f"{self.operation} takes {' and '.join(needed) or 'none of ' + ', '.join(_OWN_KEYS)}")
        return self


class KubernetesObserve(Entry):
    """What is read of the same object: a name for each value. Only what must not change between approval and run."""

    fields: Annotated[
        dict[
            Word,
            Literal[
                "replicas", "ready", "updated", "image", "revision", "previous_revision", "generation", "uid", "paused",
                "suspended", "unschedulable", "phase", "node", "value",
            ],
        ],
        Field(min_length=1),
    ]  # fmt: skip


class BackendRule(Entry):
    """Which backends are meant."""

    state: Backend | Annotated[list[Backend], Field(min_length=1)]
    min_age_s: Annotated[int, Field(ge=1, le=604_800)] | Placeholder
    max_count: Annotated[int, Field(ge=1, le=100)] | Placeholder
    application_name: Annotated[str, StringConstraints(min_length=1, max_length=63)] | None = None
    usename: Annotated[str, StringConstraints(min_length=1, max_length=63)] | None = None


class PostgresCall(Entry):
    """What the postgres executor does."""

    operation: Literal["cancel_backends", "terminate_backends", "change_setting"]
    dsn_env: Variable
    rule: BackendRule | None = None
    setting: Setting | None = None
    value: str | int | float | bool | None = None
    scope: Literal["system", "database", "role"] | None = None
    name: Name | None = None

    @model_validator(mode="after")
    def goes_together(self) -> Self:
        """Backends have a rule; a setting has a value, and a name unless it is the system's."""
        is_setting = self.operation == "change_setting"
        if is_setting and (self.rule is not None or self.setting is None or self.value is None):
            raise ValueError("change_setting takes setting and value, and no rule")
        if not is_setting and (self.rule is None or [self.setting, self.value, self.scope, self.name] != [None] * 4):
            raise ValueError(f"{self.operation} takes a rule, and nothing of a setting")
        if is_setting and (self.scope in {"database", "role"}) != (self.name is not None):
            raise ValueError("scope: database and scope: role need a name; scope: system has none")
        return self


class PostgresObserve(Entry):
    """What is read before: how many backends match, their numbers, or the setting's value."""

    fields: Annotated[dict[Word, Literal["matching", "pids", "value"]], Field(min_length=1)]


class ManualCall(Entry):
    """What a person is told to do."""

    instruction: Annotated[str, StringConstraints(min_length=1, max_length=1500, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f]*$")]


class NothingToObserve(Entry):
    """A manual step reads nothing; a person looks."""

    note: Line = ""


CALLS: dict[str, tuple[type[Entry], type[Entry]]] = {
    "http": (HttpCall, HttpObserve),
    "command": (CommandCall, CommandObserve),
    "kubernetes": (KubernetesCall, KubernetesObserve),
    "postgres": (PostgresCall, PostgresObserve),
    "manual": (ManualCall, NothingToObserve),
}
