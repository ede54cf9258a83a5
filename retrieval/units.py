"""Documents made ready for search, and the generations of them that searches read."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from retrieval.documents import Document
from retrieval.lexicon import Counted, Vocabulary, WordIndex
from retrieval.passages import Passage, split_passages
from retrieval.words import plain, spoken_name, tokens

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# a word in the title or among the names says more about a document than one in its text
FIELDS = {"title": 3.0, "names": 2.5, "headings": 1.5, "body": 1.0}
PASSAGE_FIELDS = {"title": 2.0, "names": 1.0, "headings": 1.5, "body": 1.0}
CARD_FIELDS = ("symptoms", "root_cause", "alerts")
NAME_FIELDS = ("alerts", "symptoms", "service", "services", "component", "tags", "root_cause", "aliases")
CARD_WORDS = 60
WHOLE = 2  # vectors of the document as a whole come before those of its passages: card and title


@dataclass(frozen=True)
class Unit:
    """A document made ready for search. `vector_ids` names the vectors of its card, its title and its passages, in order."""

    document: Document
    digest: str
    passages: tuple[Passage, ...]
    vector_ids: tuple[str, ...]
    words: Mapping[str, Counted] = field(compare=False)
    passage_words: tuple[Mapping[str, Counted], ...] = field(compare=False)

    @classmethod
    def of(cls, document: Document, vocabulary: Vocabulary) -> "Unit":
        """Cut, count and name everything once; a refresh of other documents does not do it again."""
        passages = split_passages(document)
        bodies = [tokens(passage.text) for passage in passages]
        headings = [tokens(" ".join(passage.heading_path)) for passage in passages]
        names = vocabulary.count(tokens(" ".join(value for name in NAME_FIELDS for value in document.values(name))))
        title = vocabulary.count(tokens(f"{document.title} {document.id}"))
        every_heading = " ".join(dict.fromkeys(part for passage in passages for part in passage.heading_path))
        words = {
            "title": title,
            "names": names,
            "headings": vocabulary.count(tokens(every_heading)),
            "body": vocabulary.count(word for body in bodies for word in body),
        }
        parts = tuple(
            {"title": title, "names": names, "headings": vocabulary.count(heading), "body": vocabulary.count(body)}
            for heading, body in zip(headings, bodies, strict=True)
        )
        unit = cls(document, document.content_hash(), passages, (), words, parts)
        return replace(unit, vector_ids=tuple(_vector_id(document, text) for text in unit.spoken()))

    def spoken(self) -> tuple[str, ...]:
        """What the encoder reads, in the order of `vector_ids`."""
        document, passages = self.document, self.passages
        title = spoken_name(document.title)
        return (card_text(document, passages), title, *(embedded_text(document, passage) for passage in passages))


@dataclass(frozen=True)
class Snapshot:
    """One generation of the index. Readers hold one and are not disturbed by a refresh."""

    units: tuple[Unit, ...]
    numbers: Mapping[str, int]
    documents: WordIndex
    passages: WordIndex
    owner: Ints
    mask: Bools
    rows: Mapping[str, tuple[int, int]]
    restricted_to: frozenset[str] | None = None

    @classmethod
    def of(cls, units: Sequence[Unit], vocabulary: Vocabulary) -> "Snapshot":
        """Build the word indexes of a generation."""
        flat = [words for unit in units for words in unit.passage_words]
        owner = np.repeat(np.arange(len(units)), [len(unit.passages) for unit in units]) if units else np.zeros(0, dtype=np.int64)
        rows = {name: (number, place) for number, unit in enumerate(units) for place, name in enumerate(unit.vector_ids)}
        return cls(
            units=tuple(units),
            numbers={unit.document.id: number for number, unit in enumerate(units)},
            documents=WordIndex([unit.words for unit in units], FIELDS, vocabulary),
            passages=WordIndex(flat, PASSAGE_FIELDS, vocabulary),
            owner=owner.astype(np.int64),
            mask=np.ones(len(units), dtype=np.bool_),
            rows=rows,
        )

    def visible(self, kinds: Collection[str] | None, allowed: Collection[str] | None) -> "Snapshot":
        """The same generation with everything else masked out before anything is scored."""
        if kinds is None and allowed is None:
            return self
        kinds_set, allowed_set = (None if names is None else frozenset(names) for names in (kinds, allowed))
        shown = [
            (kinds_set is None or unit.document.kind in kinds_set) and (allowed_set is None or unit.document.id in allowed_set)
            for unit in self.units
        ]
        names = frozenset(unit.document.id for unit, show in zip(self.units, shown, strict=True) if show)
        return replace(self, mask=np.array(shown, dtype=np.bool_), restricted_to=names)


def card_text(document: Document, passages: Sequence[Passage]) -> str:
    """What the encoder reads for the document as a whole: its title, names and symptoms, and how it begins."""
    names = [spoken_name(value) for name in CARD_FIELDS for value in document.values(name)]
    opening = " ".join(plain(passages[0].text).split()[:CARD_WORDS])
    return ". ".join(part for part in (spoken_name(document.title), *names, opening) if part)


def embedded_text(document: Document, passage: Passage) -> str:
    """What the encoder reads for a passage: the title and headings first, then the text without Markdown marks."""
    headings = (spoken_name(part) for part in (document.title, *passage.heading_path))
    return ". ".join(part for part in (*headings, plain(passage.text)) if part)


def _vector_id(document: Document, text: str) -> str:
    """Names a vector by what was encoded, so that unchanged text is never encoded twice."""
    return hashlib.sha256(f"{document.id}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()[:40]
