"""Measures search on a team's own questions: documents and questions in, one ranked line per question out."""

import json
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from retrieval.documents import MAX_DOCUMENT_BYTES, Document, load
from retrieval.encoder import Encoder, MiniLmEncoder
from retrieval.errors import BadInput, DocumentRefused
from retrieval.index import Index, Results

PROGRESS_EVERY_S = 0.2


@dataclass(frozen=True)
class Summary:
    """What a run did, with its timing in milliseconds and seconds."""

    documents: int
    queries: int
    confident: int
    refused: int
    index_s: float
    median_ms: float
    p95_ms: float
    degraded: str | None
    out: Path

    def __str__(self) -> str:
        tier = "words and vectors" if self.degraded is None else self.degraded
        refused = f", {self.refused} files with problems" if self.refused else ""
        return (
            f"{self.queries} queries over {self.documents} documents{refused}; {self.confident} confident; "
            f"indexed in {self.index_s:.1f} s, query median {self.median_ms:.1f} ms, p95 {self.p95_ms:.1f} ms; "
            f"{tier}; wrote {self.out}"
        )


def run(
    documents: list[Path],
    queries: Path,
    out: Path,
    top: int = 10,
    encoder: Encoder | None = None,
    messages: TextIO | None = None,
) -> Summary:
    """Answer every query in `queries` and write `out` whole or not at all.

    A Markdown file that cannot be read is named on `messages` (stderr by default) and left out; everything else that is wrong
    raises BadInput with one line.
    """
    stream = sys.stderr if messages is None else messages
    if top < 1:
        raise BadInput(f"--top {top}: give a number of 1 or more.")
    _check_paths(documents, queries, out)
    check_queries(queries)
    loaded, refused = load_documents(documents, stream)
    progress = _Progress(stream)
    index = Index(encoder if encoder is not None else MiniLmEncoder())
    started = time.perf_counter()
    index.build(loaded, lambda done, total: progress.show("passages", done, total))
    index_s = time.perf_counter() - started
    times: list[float] = []
    confident = 0
    with whole_file(out) as file:
        for identifier, text in read_queries(queries):
            results = index.search(text, top)
            file.write(json.dumps(_line(identifier, results), ensure_ascii=False) + "\n")
            times.append(results.ms)
            confident += results.confident
            progress.show("queries", len(times))
    progress.close()
    p95 = sorted(times)[math.ceil(len(times) * 0.95) - 1]
    return Summary(len(loaded), len(times), confident, refused, index_s, statistics.median(times), p95, index.degraded, out)


def load_documents(paths: Iterable[Path], messages: TextIO) -> tuple[list[Document], int]:
    """Every document below the paths, and how many files had a problem. Raises BadInput."""
    found: dict[str, Document] = {}
    problems = 0
    for path in paths:
        try:
            loaded = load(path, skip=frozenset())
        except DocumentRefused as error:
            raise BadInput(str(error)) from error
        unreadable = [refusal for refusal in loaded.refused if not refusal.twice]
        if unreadable and not path.is_dir() and path.suffix.lower() != ".md":
            raise BadInput(unreadable[0].reason)
        messages.writelines(f"{refusal.reason}\n" for refusal in loaded.refused)
        problems += len(loaded.refused)
        for document in loaded.documents:
            if document.id in found:
                messages.write(f"{path}: the id {document.id!r} is used twice; the first one is kept.\n")
                problems += 1
            found.setdefault(document.id, document)
    if not found:
        raise BadInput(
            "no document found. --documents takes a folder of Markdown files or a JSON Lines file of {id, title, text}."
        )
    return list(found.values()), problems


def check_queries(path: Path) -> None:
    """Read the queries once before any slow work, so that a bad last line costs no minute. Raises BadInput."""
    seen: set[str] = set()
    for identifier, _ in read_queries(path):
        if identifier in seen:
            raise BadInput(f"{path.name}: the query id {identifier!r} is used twice.")
        seen.add(identifier)
    if not seen:
        raise BadInput(f"{path}: holds no queries. Write one {{id, query}} a line.")


def read_queries(path: Path) -> Iterator[tuple[str, str]]:
    """(id, query) in file order. Raises BadInput with the line's number."""
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                if raw.strip():
                    yield _query(raw, f"{path.name}:{number}")
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}).") from error


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """A text file that appears under its name only when everything was written. Raises BadInput when it cannot be written."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror}).") from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            yield file
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror}).") from error
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


class _Progress:
    """A counter that moves on a terminal and is silent in a file or a pipe."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._last = 0.0

    def show(self, what: str, done: int, total: int | None = None) -> None:
        now = time.perf_counter()
        if self._live and (now - self._last >= PROGRESS_EVERY_S or done == total):
            self._last = now
            self._stream.write(f"\r\x1b[K{done}{'' if total is None else f' of {total}'} {what}")
            self._stream.flush()

    def close(self) -> None:
        if self._live:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def _check_paths(documents: list[Path], queries: Path, out: Path) -> None:
    if not documents:
        raise BadInput("--documents is missing. Give a folder of Markdown files or a JSON Lines file.")
    if not queries.is_file():
        raise BadInput(f"{queries}: no such file. --queries takes JSON Lines of {{id, query}}.")
    if not out.parent.is_dir():
        raise BadInput(f"{out.parent}: no such folder. Create it, then run again.")
    if out.is_dir():
        raise BadInput(f"{out}: is a folder. --out takes a file.")


def _query(raw: bytes, place: str) -> tuple[str, str]:
    if len(raw) > MAX_DOCUMENT_BYTES:
        raise BadInput(f"{place}: longer than {MAX_DOCUMENT_BYTES:,} bytes.")
    try:
        item = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadInput(f"{place}: not UTF-8. Save the file as UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{place}: not a JSON object. Write one {{id, query}} a line.") from error
    if not isinstance(item, dict):
        raise BadInput(f"{place}: a JSON object is expected.")
    identifier, text = item.get("id"), item.get("query")
    if not isinstance(identifier, str) or not identifier:
        raise BadInput(f"{place}: the key 'id' must be a string that is not empty.")
    if isinstance(text, Mapping):
        text = json.dumps(text)
    if not isinstance(text, str):
        raise BadInput(f"{place}: the key 'query' must be a string.")
    return identifier, text


def _line(identifier: str, results: Results) -> dict[str, object]:
    return {
        "query_id": identifier,
        "ranked": [hit.document_id for hit in results.ranked],
        "scores": [round(hit.score, 6) for hit in results.ranked],
        "confident": results.confident,
        "ms": round(results.ms, 3),
    }
