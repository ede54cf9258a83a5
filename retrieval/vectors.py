"""Keeps passage vectors and finds the nearest: in memory with numpy, or on disk with Chroma."""

import re
import threading
from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from zipfile import BadZipFile

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
    """Exact and in memory: the fastest store below some 20,000 passages.

    With `file` the vectors are kept there between runs; the file is named by the caller after the model. A file that cannot be
    read is left alone and everything is encoded anew: it is written whole again at the next change.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._file = file
        self._frozen = _Frozen([], [], {}, np.zeros((0, 0), dtype=np.float32))
        if file is not None and file.exists():
            self._frozen = _read_vectors(file)

    @property
    def matrix(self) -> Vectors:
        """Every stored vector, one a row."""
        return self._frozen.matrix

    def ids(self) -> set[str]:
        """Every stored passage id."""
        return set(self._frozen.places)

    def add(self, ids: Sequence[str], document_ids: Sequence[str], vectors: Vectors) -> None:
        """Store or replace. Raises StoreUnavailable when the vectors' length is not that of those stored before."""
        with self._lock:
            known = self._frozen
            if known.names and len(ids) and known.matrix.shape[1] != vectors.shape[1]:
                raise StoreUnavailable(
                    f"vectors of length {vectors.shape[1]} do not go with stored ones of length {known.matrix.shape[1]}. "
                    "Rebuild the index: it is of another model."
                )
            fresh = dict(zip(ids, zip(document_ids, vectors, strict=True), strict=True))
            kept = [place for place, name in enumerate(known.names) if name not in fresh]
            names = [known.names[place] for place in kept] + list(fresh)
            owners = [known.owners[place] for place in kept] + [owner for owner, _ in fresh.values()]
            rows = np.asarray([row for _, row in fresh.values()], dtype=np.float32)
            matrix = rows if not kept else np.concatenate([known.matrix[kept], rows]) if fresh else known.matrix[kept]
            self._become(names, owners, matrix)

    def delete(self, ids: Collection[str]) -> None:
        """Forget; unknown ids are fine."""
        with self._lock:
            gone = set(ids)
            known = self._frozen
            kept = [place for place, name in enumerate(known.names) if name not in gone]
            if len(kept) < len(known.names):
                self._become([known.names[place] for place in kept], [known.owners[place] for place in kept], known.matrix[kept])

    def nearest(self, vector: Vectors, top: int, documents: Set[str] | None = None) -> Nearest:
        """(passage id, cosine) best first, only from `documents` when given."""
        known = self._frozen
        if not known.names or top < 1:
            return []
        cosines = known.matrix @ vector
        if documents is not None:
            cosines = np.where([owner in documents for owner in known.owners], cosines, -np.inf)
        top = min(top, len(known.names))
        best = np.argpartition(-cosines, top - 1)[:top]
        order = best[np.argsort(-cosines[best], kind="stable")]
        return [(known.names[row], float(cosines[row])) for row in order if np.isfinite(cosines[row])]

    def close(self) -> None:
        """Keep what is there, if a file was named. Raises StoreUnavailable."""
        with self._lock:
            if self._file is not None:
                _write_vectors(self._file, self._frozen)

    def _become(self, names: list[str], owners: list[str], matrix: Vectors) -> None:
        """Readers always see one whole generation."""
        self._frozen = _Frozen(names, owners, {name: place for place, name in enumerate(names)}, matrix)


@dataclass(frozen=True)
class _Frozen:
    names: list[str]
    owners: list[str]
    places: dict[str, int]
    matrix: Vectors


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


def _read_vectors(file: Path) -> _Frozen:
    try:
        with np.load(file, allow_pickle=False) as stored:
            names, owners = stored["names"].tolist(), stored["owners"].tolist()
            matrix = np.asarray(stored["matrix"], dtype=np.float32)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return _Frozen([], [], {}, np.zeros((0, 0), dtype=np.float32))
    if matrix.ndim != 2 or not len(names) == len(owners) == len(matrix):
        return _Frozen([], [], {}, np.zeros((0, 0), dtype=np.float32))
    return _Frozen(names, owners, {name: place for place, name in enumerate(names)}, matrix)


def _write_vectors(file: Path, frozen: _Frozen) -> None:
    draft = file.with_name(f".{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as stream:
            np.savez(
                stream, names=np.array(frozen.names, dtype=str), owners=np.array(frozen.owners, dtype=str), matrix=frozen.matrix
            )
        draft.replace(file)
    except OSError as error:
        raise StoreUnavailable(f"{file} cannot be written ({error.strerror}). Free space or name another folder.") from error
