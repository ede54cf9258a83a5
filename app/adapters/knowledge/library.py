"""Memory on one machine: Markdown runbooks, sample incidents and what this installation learnt, in one index."""

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog

from app.domain.canonical import Json
from app.domain.errors import Unavailable
from app.domain.messages import Passage
from app.ports.knowledge import Memory, Recollection
from retrieval.documents import Document, load_folder
from retrieval.encoder import Encoder
from retrieval.errors import RetrievalError
from retrieval.index import Index
from retrieval.vectors import VectorStore

log = structlog.get_logger()


class Library:
    """Implements the knowledge port. Words can be searched as soon as `open` returns; vectors follow in the background."""

    def __init__(self, runbooks: Path, learnt: Path, encoder: Encoder | None, vectors: VectorStore | None) -> None:
        self._runbooks = runbooks
        self._learnt = learnt
        self._index = Index(encoder, vectors)
        self._words = Index(None)
        self._ready = threading.Event()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None

    def open(self, *, wait: bool = False) -> None:
        """Reads every document; encodes them in a thread, or at once with `wait`."""
        documents = self._documents()
        self._words.refresh(documents)
        if wait:
            self._encode(documents)
            return
        self._thread = threading.Thread(target=self._encode, args=(documents,), name="library", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Waits for the background work and lets go of the files."""
        if self._thread is not None:
            self._thread.join(timeout=30)
        self._index.close()

    @property
    def size(self) -> int:
        """How many documents can be found."""
        return self._words.size

    def search(self, question: str, kinds: Sequence[str] = (), top: int = 5) -> Recollection:
        """The best passages; words alone until the vectors are there."""
        index = self._index if self._ready.is_set() else self._words
        try:
            results = index.search(question, top=top, kinds=frozenset(kinds) or None)
        except RetrievalError as problem:
            raise Unavailable(f"Memory cannot be searched: {problem}.", "Restart Sitrep to rebuild its index.") from problem
        passages = tuple(
            Passage(hit.document_id, hit.kind, hit.title, hit.passage, hit.score, " > ".join(hit.heading_path))
            for hit in results.ranked
        )
        return Recollection(passages, results.confident, results.degraded or "")

    def fields(self, document_id: str) -> dict[str, Json]:
        """The front matter, with parallel lists put back into records."""
        document = self._words.document(document_id)
        return {} if document is None else _unfolded(document.fields)

    def learn(self, memory: Memory) -> None:
        """Writes the incident beside the others and takes it into the index."""
        with self._writing:
            self._learnt.mkdir(parents=True, exist_ok=True)
            record = {"id": memory.id, "title": memory.title, "text": memory.text, "fields": memory.fields}
            draft = self._learnt / f"{memory.id}.draft"
            draft.write_text(json.dumps(record, ensure_ascii=False), "utf-8")
            draft.replace(self._learnt / f"{memory.id}.json")
            documents = self._documents()
            self._words.refresh(documents)
            if self._ready.is_set():
                self._index.refresh(documents)

    def _encode(self, documents: Sequence[Document]) -> None:
        with self._writing:
            self._index.refresh(documents)
        self._ready.set()
        log.info("library.ready", documents=self._index.size, degraded=self._index.degraded or "")

    def _documents(self) -> list[Document]:
        found: list[Document] = []
        incidents = self._runbooks / "incidents"
        for folder, kind in ((self._runbooks, "runbook"), (incidents, "incident")):
            if not folder.is_dir():
                continue
            loaded = load_folder(folder, kind)
            for refusal in loaded.refused:
                log.warning("library.refused", problem=str(refusal))
            found += [document for document in loaded.documents if kind == "incident" or not _is_incident(document, incidents)]
        return found + self._learnt_documents()

    def _learnt_documents(self) -> list[Document]:
        found: list[Document] = []
        for path in sorted(self._learnt.glob("*.json")) if self._learnt.is_dir() else ():
            record = json.loads(path.read_text("utf-8"))
            found.append(Document(record["id"], record["title"], record["text"], "incident", _folded(record["fields"])))
        return found


def _is_incident(document: Document, incidents: Path) -> bool:
    return (incidents / f"{document.id.rsplit('/', 1)[-1]}.md").is_file()


def _folded(fields: Mapping[str, Json]) -> dict[str, str | tuple[str, ...]]:
    """Front matter as the library keeps it: text or lists of text, records as parallel lists."""
    flat: dict[str, str | tuple[str, ...]] = {}
    for key, value in fields.items():
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            records = [item for item in value if isinstance(item, dict)]
            for name in records[0]:
                flat[f"{key}.{name}"] = tuple(str(item.get(name, "")) for item in records)
        elif isinstance(value, list):
            flat[key] = tuple(str(item) for item in value)
        else:
            flat[key] = str(value)
    return flat


def _unfolded(fields: Mapping[str, str | tuple[str, ...]]) -> dict[str, Json]:
    whole: dict[str, Json] = {}
    records: dict[str, dict[str, tuple[str, ...]]] = {}
    for key, value in fields.items():
        name, dot, part = key.partition(".")
        if dot and isinstance(value, tuple):
            records.setdefault(name, {})[part] = value
        else:
            whole[key] = list(value) if isinstance(value, tuple) else value
    for name, columns in records.items():
        length = max(len(column) for column in columns.values())
        whole[name] = [{part: column[row] for part, column in columns.items() if row < len(column)} for row in range(length)]
    return whole
