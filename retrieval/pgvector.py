"""Keeps passage vectors in Postgres, for many replicas that share one memory: needs the extension pgvector."""

import re
import threading
from collections.abc import Callable, Collection, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar

from retrieval.encoder import Vectors
from retrieval.errors import StoreUnavailable
from retrieval.vectors import Nearest

T = TypeVar("T")

MOST_CANDIDATES = 1_000  # the largest hnsw.ef_search that pgvector accepts
BATCH = 500


class PgVectors:
    """One table a model. Every replica may read and write; the same passage always has the same vector.

    `url` is a psycopg address such as `postgresql://user@host/database`; one kept for SQLAlchemy (`postgresql+psycopg://`)
    is understood. Raises StoreUnavailable when the server or the extension is missing.
    """

    def __init__(self, url: str, model: str, dimensions: int) -> None:
        self._url = re.sub(r"^postgresql\+\w+://", "postgresql://", url)
        self._table = table_name(model, dimensions)
        self._dimensions = dimensions
        self._lock = threading.Lock()
        self._connection: Any = None
        with self._lock:
            self._call("open", self._prepare)

    def ids(self) -> set[str]:
        """Every stored passage id. Raises StoreUnavailable."""
        with self._lock:
            return self._call("read", lambda cursor: {row[0] for row in cursor.execute(f"SELECT id FROM {self._table}")})  # noqa: S608 - the table name is made of word characters

    def add(self, ids: Sequence[str], document_ids: Sequence[str], vectors: Vectors) -> None:
        """Store or replace, all of it or nothing. Raises StoreUnavailable."""
        statement = (
            f"INSERT INTO {self._table} (id, document, embedding) VALUES (%s, %s, %s::vector) "  # noqa: S608 - see above
            "ON CONFLICT (id) DO UPDATE SET document = excluded.document, embedding = excluded.embedding"
        )
        rows = [(name, document, _literal(vector)) for name, document, vector in zip(ids, document_ids, vectors, strict=True)]
        with self._lock:
            self._call("write", lambda cursor: cursor.executemany(statement, rows) if rows else None)

    def delete(self, ids: Collection[str]) -> None:
        """Forget; unknown ids are fine. Raises StoreUnavailable."""
        with self._lock:
            self._call("delete", lambda cursor: cursor.execute(f"DELETE FROM {self._table} WHERE id = ANY(%s)", (list(ids),)))  # noqa: S608 - see above

    def nearest(self, vector: Vectors, top: int, documents: AbstractSet[str] | None = None) -> Nearest:
        """(passage id, cosine) best first, only from `documents` when given. Raises StoreUnavailable."""
        if top < 1 or (documents is not None and not documents):
            return []
        where = "" if documents is None else "WHERE document = ANY(%(documents)s)"
        statement = (
            f"SELECT id, 1 - (embedding <=> %(vector)s::vector) FROM {self._table} {where} "  # noqa: S608 - see above
            "ORDER BY embedding <=> %(vector)s::vector LIMIT %(top)s"
        )
        values = {"vector": _literal(vector), "top": top, "documents": sorted(documents or ())}

        def ask(cursor: Any) -> Nearest:
            # without a large candidate list and iterative scans a filtered or long answer would come back short
            cursor.execute(f"SET LOCAL hnsw.ef_search = {min(max(top, 40), MOST_CANDIDATES)}")
            cursor.execute("SET LOCAL hnsw.iterative_scan = strict_order")
            return [(str(name), float(cosine)) for name, cosine in cursor.execute(statement, values).fetchall()]

        with self._lock:
            return self._call("query", ask)

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _prepare(self, cursor: Any) -> None:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS vector")
        cursor.execute(
            f"CREATE TABLE IF NOT EXISTS {self._table} "
            f"(id text PRIMARY KEY, document text NOT NULL, embedding vector({int(self._dimensions)}) NOT NULL)"
        )
        cursor.execute(f"CREATE INDEX IF NOT EXISTS {self._table}_near ON {self._table} USING hnsw (embedding vector_cosine_ops)")
        cursor.execute(f"CREATE INDEX IF NOT EXISTS {self._table}_document ON {self._table} (document)")

    def _call(self, verb: str, act: Callable[[Any], T]) -> T:
        """Run `act` in one transaction; a connection that broke is opened anew at the next call."""
        try:
            import psycopg
        except ImportError as error:
            raise StoreUnavailable("psycopg is not installed. Install sitrep with its dependencies.") from error
        try:
            if self._connection is None or self._connection.closed:
                self._connection = psycopg.connect(self._url, connect_timeout=10)
            with self._connection.transaction(), self._connection.cursor() as cursor:
                return act(cursor)
        except psycopg.Error as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise StoreUnavailable(f"Postgres failed to {verb} vectors ({reason}). Check the server and its pgvector.") from error


def table_name(model: str, dimensions: int) -> str:
    """A table for this model's vectors: vectors of two models or lengths never share one."""
    return f"passages_{re.sub(r'[^a-z0-9]+', '_', model.lower()).strip('_')[:40]}_{int(dimensions)}"


def _literal(vector: Vectors) -> str:
    return "[" + ",".join(f"{value:.7g}" for value in vector.tolist()) + "]"
