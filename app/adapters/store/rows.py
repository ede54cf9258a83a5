"""What a row is, and the few statements every table needs."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar, cast

from sqlalchemy import ColumnElement, CursorResult, MetaData, Table, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import Executable, Select
from sqlmodel import Session, SQLModel

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Row(SQLModel):
    """A row of one of Sitrep's tables. Rows never leave the adapter."""

    metadata: ClassVar[MetaData] = METADATA


R = TypeVar("R", bound=Row)


def table(row: type[Row]) -> Table:
    """The table behind a row class."""
    return METADATA.tables[str(row.__tablename__)]


def fetch(session: Session, statement: Select[R]) -> Sequence[R]:
    """All rows, as they are in the database now and not as they were first seen in this transaction."""
    return session.execute(statement, execution_options={"populate_existing": True}).scalars().all()


def fetch_one(session: Session, statement: Select[R]) -> R | None:
    """The first row, if there is one."""
    found = fetch(session, statement.limit(1))
    return found[0] if found else None


def insert_new(session: Session, row: Row, omit: frozenset[str] = frozenset()) -> bool:
    """Stores `row` unless a unique key of it exists; True if stored. A racing writer waits for the other's commit.

    `omit` names columns the database fills itself.
    """
    values = row.model_dump(exclude=set(omit))
    target = table(type(row))
    insert = sqlite.insert(target) if _is_sqlite(session) else postgresql.insert(target)
    # A returned key says whether the row is new: the count of rows is unknown where the database fills a column itself.
    stored = insert.values(**values).on_conflict_do_nothing().returning(next(iter(target.primary_key.columns)))
    return session.connection().execute(stored).first() is not None


def upsert(session: Session, row: Row, keys: Sequence[str], keep: frozenset[str] = frozenset()) -> None:
    """Stores `row`, or writes it over the one with the same `keys`, except for the columns in `keep`."""
    target = table(type(row))
    values = {name: value for name, value in row.model_dump().items() if name not in keep}
    insert = (sqlite.insert(target) if _is_sqlite(session) else postgresql.insert(target)).values(**values)
    changes = {name: value for name, value in values.items() if name not in keys}
    run(session, insert.on_conflict_do_update(index_elements=list(keys), set_=changes))


def change(session: Session, row: type[Row], where: Sequence[ColumnElement[bool]], values: Mapping[str, Any]) -> int:
    """Updates the matching rows; how many there were."""
    return run(session, table(row).update().where(*where).values(**values))


def run(session: Session, statement: Executable) -> int:
    """Executes a writing statement; how many rows it touched."""
    return cast("CursorResult[Any]", session.connection().execute(statement)).rowcount


def wait_for_turn(session: Session, name: str) -> None:
    """Waits until no other open transaction holds the turn called `name`; it is given back at the end of this one.

    Only Postgres needs it: on SQLite every transaction already has the whole database to itself.
    """
    if not _is_sqlite(session):
        session.connection().execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"sitrep:{name}"})


def _is_sqlite(session: Session) -> bool:
    return session.connection().dialect.name == "sqlite"
