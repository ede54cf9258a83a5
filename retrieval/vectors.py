"""Keeps passage vectors and finds the nearest: in memory with numpy, or on disk with Chroma."""

import re
import threading
from collections.abc import Collection, Sequence, Set
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from retrieval.encoder import Vectors
from retrieval.errors import StoreUnavailable

Nearest = list[tuple[str, float]]


class VectorStore(Protocol):
    """Vectors by passage id, each belonging to one document. One writer; reads may run beside each other."""

    def ids(self) -> set[str]:
        """Every stored passage id."""

    def add(self, ids: Sequence[str], document_ids: Sequence[str], vectors: Vectors) -> None:
        """Store or replace. Raises StoreUnavailable."""

    def delete(self, ids: Collection[str]) -> None:
        """Forget; unknown ids are fine. Raises StoreUnavailable."""

    def nearest(self, vector: Vectors, top: int, documents: Set[str] | None = None) -> Nearest:
        """(passage id, cosine) best first, only from `documents` when given. Raises StoreUnavailable."""

    def close(self) -> None:
        """Let go of files; nothing may be called afterwards."""


class NumpyVectors:
    """Exact and in memory: the fastest store below some 20,000 passages."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[str, tuple[str, Vectors]] = {}
        self._frozen: tuple[list[str], list[str], Vectors] = ([], [], np.zeros((0, 0), dtype=np.float32))

    def ids(self) -> set[str]:
        """Every stored passage id."""
        return set(self._frozen[0])

    def add(self, ids: Sequence[str], document_ids: Sequence[str], vectors: Vectors) -> None:
        """Store or replace."""
        with self._lock:
            for number, (name, document) in enumerate(zip(ids, document_ids, strict=True)):
                self._rows[name] = (document, vectors[number])
            self._freeze()

    def delete(self, ids: Collection[str]) -> None:
        """Forget; unknown ids are fine."""
        with self._lock:
            for name in ids:
                self._rows.pop(name, None)
            self._freeze()

    def nearest(self, vector: Vectors, top: int, documents: Set[str] | None = None) -> Nearest:
        """(passage id, cosine) best first, only from `documents` when given."""
        names, owners, matrix = self._frozen
        if not names or top < 1:
            return []
        cosines = matrix @ vector
        if documents is not None:
            cosines = np.where([owner in documents for owner in owners], cosines, -np.inf)
        top = min(top, len(names))
        best = np.argpartition(-cosines, top - 1)[:top]
        order = best[np.argsort(-cosines[best], kind="stable")]
        return [(names[row], float(cosines[row])) for row in order if np.isfinite(cosines[row])]

    def close(self) -> None:
        """Nothing to let go of."""

    def _freeze(self) -> None:
        """Readers always see one whole generation."""
        names = list(self._rows)
        matrix = np.stack([self._rows[name][1] for name in names]) if names else np.zeros((0, 0), dtype=np.float32)
        self._frozen = (names, [self._rows[name][0] for name in names], matrix)


class ChromaVectors:
    """On disk with Chroma, embedded. Exactly one process may own `folder`; the collection is named after the model."""

    def __init__(self, folder: Path, model: str) -> None:
        self._lock = threading.Lock()
        try:
            import chromadb
            from chromadb.config import Settings
        except ImportError as error:
            raise StoreUnavailable("chromadb is not installed. Install sitrep with its dependencies.") from error
        try:
            folder.mkdir(parents=True, exist_ok=True)
            settings = Settings(anonymized_telemetry=False, allow_reset=False, is_persistent=True)
            self._client: Any = chromadb.PersistentClient(path=str(folder), settings=settings)
            self._collection: Any = self._client.get_or_create_collection(
                name=collection_name(model), metadata={"hnsw:space": "cosine"}, embedding_function=None
            )
            self._ids: set[str] = set(self._collection.get(include=[])["ids"])
        except Exception as error:
            raise StoreUnavailable(
                f"the vector index in {folder} cannot be opened ({error}). Move it away; it is rebuilt."
            ) from error

    def ids(self) -> set[str]:
        """Every stored passage id."""
        return set(self._ids)

    def add(self, ids: Sequence[str], document_ids: Sequence[str], vectors: Vectors) -> None:
        """Store or replace. Raises StoreUnavailable."""
        with self._lock:
            for start in range(0, len(ids), 1_000):
                part = slice(start, start + 1_000)
                metadatas = [{"document": document} for document in document_ids[part]]
                self._call("upsert", ids=list(ids[part]), embeddings=vectors[part], metadatas=metadatas)
                self._ids = self._ids | set(ids[part])

    def delete(self, ids: Collection[str]) -> None:
        """Forget; unknown ids are fine. Raises StoreUnavailable."""
        with self._lock:
            known = [name for name in ids if name in self._ids]
            for start in range(0, len(known), 1_000):
                self._call("delete", ids=known[start : start + 1_000])
            self._ids = self._ids - set(known)

    def nearest(self, vector: Vectors, top: int, documents: Set[str] | None = None) -> Nearest:
        """(passage id, cosine) best first, only from `documents` when given. Raises StoreUnavailable."""
        count = min(top, len(self._ids))
        if count < 1 or (documents is not None and not documents):
            return []
        where = None if documents is None else {"document": {"$in": sorted(documents)}}
        found = self._call("query", query_embeddings=[vector], n_results=count, where=where, include=["distances"])
        return [(name, 1.0 - float(gap)) for name, gap in zip(found["ids"][0], found["distances"][0], strict=True)]

    def close(self) -> None:
        """Let go of the files, so that another store may open the folder."""
        with self._lock:
            self._client.close()

    def _call(self, verb: str, **arguments: object) -> Any:
        try:
            return getattr(self._collection, verb)(**arguments)
        except Exception as error:
            raise StoreUnavailable(f"the vector index failed to {verb} ({error}). Rebuild it from the documents.") from error


def collection_name(model: str) -> str:
    """A Chroma name for this model's vectors: vectors of two models never share a collection."""
    return f"passages-{re.sub(r'[^a-zA-Z0-9._-]+', '-', model)}".strip("-._")[:200]
