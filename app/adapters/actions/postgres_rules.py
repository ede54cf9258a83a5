"""Which backends a rule means and which setting may be changed: typed, bounded, checked before anything is sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.adapters.actions.templates import fill_json, spelled
from app.domain.canonical import Json
from app.domain.errors import ActionRefused

STATES = ("active", "idle in transaction", "idle in transaction (aborted)")
MOST_BACKENDS = 100
DEFAULT = "default"

# Settings that tune; none of them names a file, a library or a command, or decides who may log in.
ALLOWED_SETTINGS = frozenset({
    "autovacuum_naptime", "autovacuum_vacuum_cost_delay", "autovacuum_vacuum_cost_limit", "checkpoint_timeout",
    "deadlock_timeout", "default_statistics_target", "effective_cache_size", "effective_io_concurrency", "hash_mem_multiplier",
    "idle_in_transaction_session_timeout", "idle_session_timeout", "jit", "lock_timeout", "log_lock_waits",
    "log_min_duration_statement", "maintenance_work_mem", "max_parallel_maintenance_workers", "max_parallel_workers",
    "max_parallel_workers_per_gather", "max_wal_size", "random_page_cost", "statement_timeout", "temp_file_limit", "work_mem",
})  # fmt: skip

# The rule stands once: the same text selects the backends that are shown and checks each one again when it is signalled.
MATCHING = """
SELECT a.pid, a.backend_start, a.state, left(a.application_name, 60) AS application, a.usename AS username,
       floor(extract(epoch FROM clock_timestamp() - CASE WHEN a.state = 'active' THEN a.query_start ELSE a.xact_start END))::int
         AS age_s
  FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
 WHERE a.backend_type = 'client backend' AND a.pid <> pg_backend_pid() AND a.datname = current_database()
   AND NOT r.rolsuper AND NOT r.rolreplication
   AND a.state = ANY(%(states)s)
   AND clock_timestamp() - CASE WHEN a.state = 'active' THEN a.query_start ELSE a.xact_start END
       >= make_interval(secs => %(min_age_s)s)
   AND (%(application_name)s::text IS NULL OR a.application_name = %(application_name)s)
   AND (%(usename)s::text IS NULL OR a.usename = %(usename)s)
"""

_PLAIN = re.compile(r"[^A-Za-z0-9 _.:/-]")
_VALUE = re.compile(r"[A-Za-z0-9 ._-]{1,60}")


@dataclass(frozen=True, slots=True)
class Rule:
    """Backends of ordinary users in the connected database, in one of `states` for `min_age_s` seconds (a query or a
    transaction), the oldest `max_count` of them.
    """

    states: tuple[str, ...]
    min_age_s: int
    max_count: int
    application_name: str | None = None
    usename: str | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """For `MATCHING`."""
        return {
            "states": list(self.states),
            "min_age_s": self.min_age_s,
            "application_name": self.application_name,
            "usename": self.usename,
        }

    @property
    def sentence(self) -> str:
        """The rule in words."""
        more = [f"application {self.application_name}"] if self.application_name is not None else []
        more += [f"user {self.usename}"] if self.usename is not None else []
        return ", ".join([f"{' or '.join(self.states)} for {self.min_age_s} s or more", *more])


@dataclass(frozen=True, slots=True)
class Change:
    """One setting, its new value as text (`default` takes the own value away), and where it is set."""

    setting: str
    value: str
    scope: str
    name: str


def rule_of(template: Mapping[str, Json], values: Mapping[str, Json]) -> Rule:
    """The rule with its values in place; raises ActionRefused."""
    given = template.get("rule")
    rule = fill_json(given, values) if isinstance(given, dict) else {}
    if not isinstance(rule, dict):
        rule = {}
    state = rule.get("state")
    states = tuple(str(item) for item in (state if isinstance(state, list) else [state]))
    if not states or not set(states) <= set(STATES):
        raise ActionRefused(f"The rule's state is {state!r}.", f"It may name: {', '.join(STATES)}.")
    return Rule(
        states=states,
        min_age_s=_whole(rule.get("min_age_s"), 1, 604_800, "min_age_s"),
        max_count=_whole(rule.get("max_count"), 1, MOST_BACKENDS, "max_count"),
        application_name=_text_or_none(rule.get("application_name"), "application_name"),
        usename=_text_or_none(rule.get("usename"), "usename"),
    )


def change_of(template: Mapping[str, Json], values: Mapping[str, Json]) -> Change:
    """The setting and its value; raises ActionRefused for settings that are not tuning."""
    setting = str(template.get("setting", ""))
    if setting not in ALLOWED_SETTINGS:
        raise ActionRefused(
            f"The setting '{setting}' is not one Sitrep may change.", f"It may: {', '.join(sorted(ALLOWED_SETTINGS))}."
        )
    scope = str(template.get("scope", "system"))
    name = str(template.get("name", ""))
    if scope not in {"system", "database", "role"} or (scope == "system") == bool(name):
        raise ActionRefused("The setting's scope is not clear.", "Write scope: system, or scope: database or role with a name.")
    value = spelled(fill_json(template.get("value"), values))
    if not _VALUE.fullmatch(value):
        raise ActionRefused(f"The value {value!r} is no setting's value.", "Use letters, digits, spaces, '.', '_' and '-'.")
    return Change(setting, value, scope, name)


def shown(row: Mapping[str, Any]) -> str:
    """One backend in words. Clients name themselves, so all but plain characters of a name are replaced. Never its query."""
    application = _PLAIN.sub("?", str(row["application"] or ""))[:40]
    username = _PLAIN.sub("?", str(row["username"]))[:40]
    return f"pid {row['pid']}, {row['state']} for {row['age_s']} s, user {username}, application {application or '(none)'}"


def _whole(value: Json, least: int, most: int, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ActionRefused(f"{name} = {value!r} is not allowed.", f"It is a whole number from {least} to {most}.")
    return value


def _text_or_none(value: Json, name: str) -> str | None:
    if value is None or (isinstance(value, str) and 0 < len(value) <= 63):
        return value
    raise ActionRefused(f"{name} = {value!r} is not allowed.", "It is a name of up to 63 characters.")
