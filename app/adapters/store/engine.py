"""Connections: how SQLite and Postgres are opened so that what was committed survives a power cut."""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError

from app.adapters.store.columns import dump_json
from app.domain.errors import Conflict, NotFound, SitrepError, Unavailable

BUSY_S = 15.0
_POSTGRES_OPTIONS = (
    "-c TimeZone=UTC -c lock_timeout=10000 -c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000"
)
_POSTGRES_CONFLICTS = {"40001", "40P01", "23505"}
_NO_SUCH_ROW = "23503"


def database(url: str) -> URL:
    """The parsed address; raises Unavailable for one that is neither a SQLite file nor Postgres."""
    hint = "Use sqlite:///path/to/sitrep.db or postgresql+psycopg://user:password@host/name."
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise Unavailable("The database address cannot be understood.", hint) from error
    if parsed.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername in {"sqlite", "sqlite+pysqlite"} and parsed.database not in {None, "", ":memory:"}:
        return parsed
    raise Unavailable(f"Sitrep cannot keep its state in {parsed.drivername}.", hint)


def open_engine(url: str, pool_size: int = 10) -> Engine:
    """An engine over `url`; it connects only when it is first used."""
    parsed = database(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed)
    return create_engine(
        parsed,
        json_serializer=dump_json,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=True,
        # No server-side prepared statements: they break behind a transaction pooler.
        connect_args={"connect_timeout": 5, "prepare_threshold": None, "options": _POSTGRES_OPTIONS},
    )


def _open_sqlite(url: URL) -> Engine:
    engine = create_engine(
        url, json_serializer=dump_json, pool_size=2, max_overflow=0, connect_args={"timeout": BUSY_S, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        # Python's own transaction handling starts late and never IMMEDIATE; ours begins below.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=ON")
        _switch_to_wal(connection)
        # FULL, not NORMAL: in WAL mode NORMAL may lose the last commits at a power cut, and a delivery was acknowledged
        # to its sender on the strength of that commit.
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    # The switch needs the file to itself for a moment, and SQLite does not wait for that one by itself.
    give_up_at = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.02)
        else:
            return


@contextlib.contextmanager
def clear_errors() -> Iterator[None]:
    """Turns the database's errors into Conflict, NotFound or Unavailable, with what to do next."""
    try:
        yield
    except SQLAlchemyError as error:
        raise explain(error) from error


def explain(error: SQLAlchemyError) -> SitrepError:
    """What a database error means for whoever asked."""
    original = error.orig if isinstance(error, DBAPIError) else None
    state = getattr(original, "sqlstate", None)
    if state == _NO_SUCH_ROW or "FOREIGN KEY constraint failed" in str(original):
        return NotFound("This refers to something the database does not have.", "Store the incident or proposal first.")
    if state in _POSTGRES_CONFLICTS or isinstance(error, IntegrityError):
        return Conflict("Somebody else stored the same thing first.", "Read it again and retry.")
    reason = str(original or error).strip().splitlines()[0][:200]
    if "locked" in reason or state == "55P03":
        return Unavailable(f"The database is busy: {reason}.", "Look for a program that keeps it locked, and try again.")
    return Unavailable(f"The database does not answer: {reason}.", "Check that it runs, its address, and free disk space.")
