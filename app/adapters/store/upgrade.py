"""Brings the tables up to date when a process starts; two processes that start at once take turns."""

from sqlalchemy import text

from app.adapters.store.engine import clear_errors, open_engine

_LOCK = 7_483_112_019


def upgrade(url: str) -> None:
    """Creates or changes the tables until they fit this version; raises Unavailable if the database cannot be reached.

    All in one transaction that holds the whole database (SQLite) or a lock of its own (Postgres): a second process waits
    and then finds nothing to do, and a crash in between leaves the old tables.
    """
    from alembic import command
    from alembic.config import Config

    engine = open_engine(url, pool_size=1)
    try:
        with clear_errors(), engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            config = Config()
            config.set_main_option("script_location", "app.adapters.store:migrations")
            config.set_main_option("path_separator", "os")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
