"""Keeps documents as they were made ready for search, so that a warm start neither cuts nor counts them again."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from retrieval.documents import Document
from retrieval.errors import StoreUnavailable
from retrieval.lexicon import Counted, Vocabulary
from retrieval.passages import Passage
from retrieval.units import Unit

VERSION = 1  # raise it whenever cutting, counting or naming changes: what an older version kept is then made anew
WHOLE_FIELDS = ("title", "names", "headings", "body")
PASSAGE_FIELDS = ("headings", "body")


class Prepared:
    """What the file holds of each document; give it the document again and get its unit, if nothing has changed."""

    def __init__(self, file: Path) -> None:
        self._kept: dict[str, tuple[dict[str, object], int]] = {}
        self.vocabulary = Vocabulary()
        try:
            with np.load(file, allow_pickle=False) as stored:
                meta = json.loads(stored["meta"].tobytes().decode("utf-8"))
                self._words, self._counts, self._lengths = stored["words"], stored["counts"], stored["lengths"]
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return  # absent or damaged: everything is made anew, and the file is written whole again
        if meta.get("version") != VERSION:
            return
        self.vocabulary = Vocabulary(meta["vocabulary"])
        self._ends = np.concatenate([[0], np.cumsum(self._lengths)])
        place = 0
        for item in meta["units"]:
            self._kept[item["id"]] = (item, place)
            place += len(WHOLE_FIELDS) + len(PASSAGE_FIELDS) * len(item["passages"])

    def unit(self, document: Document, digest: str) -> Unit | None:
        """The document made ready, None when the file does not know it as it is now."""
        item, place = self._kept.get(document.id, ({}, 0))
        if item.get("digest") != digest:
            return None
        rows: Sequence[tuple[list[str], str]] = item["passages"]  # type: ignore[assignment]
        passages = tuple(Passage(document.id, number, tuple(path), text) for number, (path, text) in enumerate(rows))
        words = {name: self._counted(place + number) for number, name in enumerate(WHOLE_FIELDS)}
        place += len(WHOLE_FIELDS)
        parts = []
        for number in range(len(passages)):
            part = {name: self._counted(place + len(PASSAGE_FIELDS) * number + k) for k, name in enumerate(PASSAGE_FIELDS)}
            parts.append({"title": words["title"], "names": words["names"], **part})
        names: Sequence[str] = item["vectors"]  # type: ignore[assignment]
        return Unit(document, digest, passages, tuple(names), words, tuple(parts))

    def _counted(self, place: int) -> Counted:
        part = slice(int(self._ends[place]), int(self._ends[place + 1]))
        return Counted(self._words[part], self._counts[part])


def keep(file: Path, units: Sequence[Unit], vocabulary: Vocabulary) -> None:
    """Write the units whole or not at all. Raises StoreUnavailable."""
    fields = [counted for unit in units for counted in _fields(unit)]
    meta = {"version": VERSION, "vocabulary": vocabulary.words(), "units": [_described(unit) for unit in units]}
    arrays: Mapping[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = {
        "meta": np.frombuffer(json.dumps(meta).encode("utf-8"), dtype=np.uint8),
        "words": np.concatenate([field.words for field in fields]) if fields else np.zeros(0, dtype=np.int32),
        "counts": np.concatenate([field.counts for field in fields]) if fields else np.zeros(0, dtype=np.float32),
        "lengths": np.array([len(field.words) for field in fields], dtype=np.int64),
    }
    draft = file.with_name(f".{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)
        draft.replace(file)
    except OSError as error:
        raise StoreUnavailable(f"{file} cannot be written ({error.strerror}). Free space or name another folder.") from error


def _fields(unit: Unit) -> Iterator[Counted]:
    yield from (unit.words[name] for name in WHOLE_FIELDS)
    for part in unit.passage_words:
        yield from (part[name] for name in PASSAGE_FIELDS)


def _described(unit: Unit) -> dict[str, object]:
    return {
        "id": unit.document.id,
        "digest": unit.digest,
        "vectors": unit.vector_ids,
        "passages": [(passage.heading_path, passage.text) for passage in unit.passages],
    }
