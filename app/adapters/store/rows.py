"""What a row is, and the few statements every table needs."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar, cast

from sqlalchemy import ColumnElement, CursorResult, Insert, MetaData, Table, Update, bindparam, text
from sqlalchemy import Select as SqlSelect
from sqlalchemy import select as sql_select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import Executable, Select
from sqlalchemy.sql.dml import ReturningInsert
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


def find(session: Session, row: type[R], *, lock: bool = False, **equal: Any) -> R | None:
    """The first row whose columns equal these values, as it is in the database now; `lock` holds it until commit."""
    statement = _search(row, tuple(equal), (), lock).limit(1)
    # The database's own row, not an instance of the class: it has the same attributes at a fifth of the cost.
    return cast("R | None", session.connection().execute(statement, equal).first())


def find_all(session: Session, row: type[R], order: tuple[str, ...], **equal: Any) -> Sequence[R]:
    """All rows whose columns equal these values, in the order of the columns in `order`."""
    return cast("Sequence[R]", session.connection().execute(_search(row, tuple(equal), order, False), equal).all())


def insert_row(session: Session, row: Row, omit: frozenset[str] = frozenset()) -> None:
    """Stores a row that must be new; `omit` names columns the database fills itself."""
    session.connection().execute(_insertion(type(row)), row.model_dump(exclude=set(omit)))


def insert_new(session: Session, row: Row, omit: frozenset[str] = frozenset()) -> bool:
    """Stores `row` unless a unique key of it exists; True if stored. A racing writer waits for the other's commit.

    `omit` names columns the database fills itself.
    """
    stored = _careful_insertion(type(row), _is_sqlite(session))
    return session.connection().execute(stored, row.model_dump(exclude=set(omit))).first() is not None


def set_row(session: Session, row: type[Row], where: Mapping[str, Any], values: Mapping[str, Any]) -> int:
    """Writes `values` into the rows whose columns equal those of `where`; how many there were."""
    statement = _setting(row, tuple(where), tuple(values))
    given = {**{f"where_{name}": value for name, value in where.items()}, **values}
    return session.connection().execute(statement, given).rowcount


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


# Statements of the hot paths are built once: building one costs several times what running it does.
@functools.cache
def _search(row: type[Row], equal: tuple[str, ...], order: tuple[str, ...], lock: bool) -> SqlSelect[Any]:
    columns = table(row).columns
    found = sql_select(table(row)).where(*(columns[name] == bindparam(name) for name in equal))
    found = found.order_by(*(columns[name] for name in order))
    return found.with_for_update() if lock else found


@functools.cache
def _insertion(row: type[Row]) -> Insert:
    return table(row).insert()


@functools.cache
def _careful_insertion(row: type[Row], is_sqlite: bool) -> ReturningInsert[Any]:
    target = table(row)
    insert = sqlite.insert(target) if is_sqlite else postgresql.insert(target)
    # A returned key says whether the row is new: the count of rows is unknown where the database fills a column itself.
    return insert.on_conflict_do_nothing().returning(next(iter(target.primary_key.columns)))


@functools.cache
def _setting(row: type[Row], where: tuple[str, ...], values: tuple[str, ...]) -> Update:
    target = table(row)
    ours = (target.columns[name] == bindparam(f"where_{name}") for name in where)
    return target.update().where(*ours).values({name: bindparam(name) for name in values})


def _is_sqlite(session: Session) -> bool:
    return session.connection().dialect.name == "sqlite"
