"""Ends stuck Postgres backends by a rule, or changes one setting; never its own, a superuser's or a replica's backend."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from app.adapters.actions.postgres_rules import DEFAULT, MATCHING, Change, Rule, change_of, rule_of, shown
from app.adapters.actions.templates import RUN_ID_IN_WORDS, values_for, visible
from app.domain.action import ActionSpec, Preview
from app.domain.canonical import Json, plain
from app.domain.errors import ActionRefused, OutcomeUnknown, Unavailable
from app.ports.runner import RunResult

OBSERVE_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 5
RELOAD_S = 10.0
SIGNALS = {"cancel_backends": "pg_cancel_backend", "terminate_backends": "pg_terminate_backend"}

Connection = psycopg.Connection[dict[str, Any]]


class PostgresRunner:
    """The `postgres` executor. Connection strings come from `environ` by the name an entry declares, and are never shown."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def observe(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> Mapping[str, Json]:
        """`matching` (how many backends), `pids`, or `value` (of the setting); raises Unavailable."""
        fields = spec.observe.get("fields")
        if not isinstance(fields, dict):
            return {}
        values = values_for(spec, target, parameters)
        with self._reading(spec) as connection:
            return {name: plain(_field(str(field), spec, values, connection)) for name, field in fields.items()}

    def preview(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> Preview:
        """The backends that match now (others may when it runs), or the setting's old and new value."""
        values = values_for(spec, target, parameters, run_id=RUN_ID_IN_WORDS)
        with self._reading(spec) as connection:
            if spec.call.get("operation") != "change_setting":
                text = _rehearse_signals(spec, rule_of(spec.call, values), connection)
                return Preview(visible(text), is_exact=False)
            change = change_of(spec.call, values)
            _check_setting(change, connection)
            statement = _statement(change).as_string(connection)
            return Preview(visible(f"{statement}; now it is {_current(change, connection)}"), is_exact=True)

    def run(
        self,
        spec: ActionSpec,
        target: str,
        parameters: Mapping[str, Json],
        run_id: str,
        actor: str,  # noqa: ARG002 - the server's log names Sitrep; the run's id stands in application_name
        seen: Mapping[str, Json] | None = None,
    ) -> RunResult:
        """Does it once, in one session named after the run."""
        values = values_for(spec, target, parameters, run_id=run_id)
        operation = str(spec.call.get("operation", ""))
        if operation not in {*SIGNALS, "change_setting"}:
            raise ActionRefused(f"There is no operation '{operation}'.", f"There are: {', '.join([*SIGNALS, 'change_setting'])}.")
        wanted = change_of(spec.call, values) if operation == "change_setting" else rule_of(spec.call, values)
        connection = self._connect(spec, spec.timeout_s, run_id)
        try:
            with connection:
                self._compare(spec, values, connection, seen)
                if isinstance(wanted, Change):
                    return _change(wanted, connection)
                return _signal(SIGNALS[operation], wanted, connection)
        except psycopg.errors.InsufficientPrivilege as error:
            return RunResult(False, visible(f"Postgres refused: {_words(error)}")[:2000])
        except psycopg.Error as error:
            raise OutcomeUnknown(
                visible(f"{spec.name} was sent to Postgres and its result is not known: {_words(error)}.")[:500],
                "Look at pg_stat_activity or the setting before repeating it.",
            ) from None

    @staticmethod
    def _compare(spec: ActionSpec, values: Mapping[str, Json], connection: Connection, seen: Mapping[str, Json] | None) -> None:
        fields = spec.observe.get("fields")
        if seen is None or not isinstance(fields, dict):
            return
        for name, field in fields.items():
            try:
                now = plain(_field(str(field), spec, values, connection))
            except psycopg.Error as error:
                raise Unavailable(f"Postgres cannot be read: {_words(error)}.", "Nothing was changed; retry.") from None
            if now != plain(seen.get(name)):
                what = f"{name} was {seen.get(name)!r}, is {now!r}"
                raise ActionRefused(f"Postgres changed since this was approved: {what}.", "Look again, then propose it anew.")

    @contextmanager
    def _reading(self, spec: ActionSpec) -> Iterator[Connection]:
        connection = self._connect(spec, min(spec.timeout_s, OBSERVE_TIMEOUT_S), "look")
        try:
            with connection:
                yield connection
        except psycopg.errors.DataError as error:
            raise ActionRefused(f"Postgres would refuse it: {_words(error)}.", "Give another value.") from None
        except psycopg.Error as error:
            raise Unavailable(f"Postgres cannot be read: {_words(error)}.", "Check the server and Sitrep's role.") from None

    def _connect(self, spec: ActionSpec, timeout_s: float, purpose: str) -> Connection:
        name = str(spec.call.get("dsn_env", ""))
        dsn = self._environ.get(name, "")
        if not dsn:
            raise ActionRefused(f"The connection string {name} is not set; nothing was sent.", f"Set {name} and restart Sitrep.")
        limit = max(100, int(timeout_s * 1000))
        try:
            connection: Connection = psycopg.connect(
                dsn,
                autocommit=True,
                row_factory=dict_row,
                connect_timeout=CONNECT_TIMEOUT_S,
                application_name=f"sitrep {purpose}"[:63],
            )
            # Not as connection options: they would stand as what new sessions start with, which is what we read.
            connection.execute(f"SET statement_timeout = {limit}")
            connection.execute(f"SET lock_timeout = {min(limit, 2000)}")
            return connection
        except psycopg.Error as error:
            raise Unavailable(f"Postgres was not reached: {_words(error)}.", f"Check the server and {name}.") from None


def _matching(rule: Rule, connection: Connection) -> list[dict[str, Any]]:
    return connection.execute(MATCHING + " ORDER BY age_s DESC, a.pid", rule.arguments).fetchall()


def _rehearse_signals(spec: ActionSpec, rule: Rule, connection: Connection) -> str:
    verb = str(spec.call.get("operation", "")).partition("_")[0]
    found = _matching(rule, connection)
    lines = [f"{verb} the oldest {rule.max_count} backends at most: {rule.sentence}", f"{len(found)} match now"]
    return "\n".join([*lines, *(shown(row) for row in found[: rule.max_count])])


def _signal(function: str, rule: Rule, connection: Connection) -> RunResult:
    """Each backend is checked against the rule again in the statement that signals it: a number may have a new owner."""
    found = _matching(rule, connection)
    again = sql.SQL(
        "WITH matching AS ({}) SELECT {}(pid) AS sent FROM matching WHERE pid = %(pid)s AND backend_start = %(start)s"
    )
    statement = again.format(sql.SQL(MATCHING), sql.Identifier(function))
    sent, refused = [], []
    for row in found[: rule.max_count]:
        try:
            answer = connection.execute(
                statement, {**rule.arguments, "pid": row["pid"], "start": row["backend_start"]}
            ).fetchone()
        except psycopg.errors.InsufficientPrivilege:
            refused.append(shown(row))
            continue
        if answer and answer["sent"]:
            sent.append(shown(row))
    lines = [f"{function}: {len(sent)} signalled of {len(found)} that matched", *sent]
    lines += [f"not allowed: {line}" for line in refused]
    return RunResult(not refused, visible("\n".join(lines))[:2000])


def _statement(change: Change) -> sql.Composed:
    where = {
        "system": sql.SQL("ALTER SYSTEM"),
        "database": sql.SQL("ALTER DATABASE {}").format(sql.Identifier(change.name)),
        "role": sql.SQL("ALTER ROLE {}").format(sql.Identifier(change.name)),
    }[change.scope]
    if change.value == DEFAULT:
        return sql.SQL("{} RESET {}").format(where, sql.Identifier(change.setting))
    return sql.SQL("{} SET {} = {}").format(where, sql.Identifier(change.setting), sql.Literal(change.value))


def _check_setting(change: Change, connection: Connection) -> str:
    """The value as the server spells it (empty if only the server itself may set it); raises ActionRefused or DataError."""
    row = connection.execute("SELECT context FROM pg_settings WHERE name = %s", (change.setting,)).fetchone()
    if row is None or row["context"] in {"postmaster", "internal"}:
        raise ActionRefused(f"{change.setting} needs a restart of the server, or this server does not know it.", "Do it by hand.")
    if change.value == DEFAULT or row["context"] not in {"user", "superuser"}:
        return ""
    with connection.transaction(force_rollback=True):
        told = connection.execute("SELECT set_config(%s, %s, true) AS value", (change.setting, change.value)).fetchone()
    return str(told["value"]) if told else ""


def _change(change: Change, connection: Connection) -> RunResult:
    try:
        wanted = _check_setting(change, connection)
    except psycopg.errors.DataError as error:
        return RunResult(False, visible(f"Nothing was changed: {_words(error)}")[:2000])
    before = _current(change, connection)
    connection.execute(_statement(change))
    if change.scope == "system":
        connection.execute("SELECT pg_reload_conf()")
    after = _settled(change, connection, before, wanted)
    where = f"{change.scope} {change.name}".strip()
    said = f"{change.setting} of the {where} was {before}, is {after}"
    is_in_effect = after == wanted if wanted else after != before or change.value in {DEFAULT, after}
    if change.scope == "system" and not is_in_effect:
        return RunResult(
            False, visible(f"{said}; {change.value} was written and is not in effect: overridden, or not reloaded.")[:2000]
        )
    return RunResult(True, visible(said)[:2000])


def _settled(change: Change, connection: Connection, before: str, wanted: str) -> str:
    """The value read back; a reload reaches the sessions a moment later."""
    deadline = time.monotonic() + RELOAD_S
    while True:
        now = _current(change, connection)
        is_there = now == wanted if wanted else now != before
        if change.scope != "system" or is_there or time.monotonic() >= deadline:
            return now
        time.sleep(0.05)


def _current(change: Change, connection: Connection) -> str:
    if change.scope == "system":
        # reset_val is what a new session starts with; a session's own timeouts are ours.
        row = connection.execute("SELECT reset_val, unit FROM pg_settings WHERE name = %s", (change.setting,)).fetchone()
        if row is None:
            return DEFAULT
        return _spelled(change.setting, str(row["reset_val"]), connection)
    catalogue = {"database": ("pg_database", "datname", "setdatabase"), "role": ("pg_roles", "rolname", "setrole")}
    table, name, column = catalogue[change.scope]
    other = "setrole" if column == "setdatabase" else "setdatabase"
    query = sql.SQL(
        "SELECT unnest(s.setconfig) AS line FROM pg_db_role_setting s JOIN {} o ON o.oid = s.{} WHERE o.{} = %s AND s.{} = 0"
    ).format(*(sql.Identifier(part) for part in (table, column, name, other)))
    lines = [str(row["line"]) for row in connection.execute(query, (change.name,)).fetchall()]
    return next((line.partition("=")[2] for line in lines if line.startswith(f"{change.setting}=")), DEFAULT)


def _spelled(setting: str, raw: str, connection: Connection) -> str:
    """With its unit, as people write it."""
    try:
        with connection.transaction(force_rollback=True):
            told = connection.execute("SELECT set_config(%s, %s, true) AS value", (setting, raw)).fetchone()
    except psycopg.errors.CantChangeRuntimeParam:  # then no session can differ from the server
        told = connection.execute("SELECT current_setting(%s) AS value", (setting,)).fetchone()
    return str(told["value"]) if told else raw


def _field(name: str, spec: ActionSpec, values: Mapping[str, Json], connection: Connection) -> object:
    if name == "value":
        return _current(change_of(spec.call, values), connection)
    if name not in {"matching", "pids"}:
        raise ActionRefused(f"There is no field '{name}' to observe.", "There are: matching, pids, value.")
    found = _matching(rule_of(spec.call, values), connection)
    return len(found) if name == "matching" else ", ".join(str(row["pid"]) for row in found)


def _words(error: psycopg.Error) -> str:
    """The server's first line, without the context lines that may repeat a statement."""
    text = error.diag.message_primary or str(error) or type(error).__name__
    return text.splitlines()[0][:300].rstrip(".")
