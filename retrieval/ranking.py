"""Scores documents for one question: words of every field, meaning of the best passages, exact names."""

import hashlib
import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from retrieval.documents import Document
from retrieval.fusion import fuse
from retrieval.passages import Passage, split_passages
from retrieval.queries import Question
from retrieval.vocabulary import expansion
from retrieval.words import WordIndex, plain, spoken_name, stem, tokens

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# chosen on the development set, see the table printed by the ablation; flat around these values
FIELDS = {"title": 3.0, "names": 3.0, "headings": 1.5, "body": 1.0}
LEGS = {"words": 0.35, "passage_words": 0.15, "meaning": 0.5}
CARD_FIELDS = ("symptoms", "root_cause", "alerts")
NAME_FIELDS = ("alerts", "symptoms", "service", "services", "tags", "root_cause", "aliases")
CONFIDENT = 0.5


@dataclass(frozen=True)
class Unit:
    """A document made ready for search."""

    document: Document
    digest: str
    passages: tuple[Passage, ...]
    spoken: tuple[str, ...]
    vector_ids: tuple[str, ...]
    words: Mapping[str, Counter[str]] = field(compare=False)
    passage_words: tuple[Mapping[str, Counter[str]], ...] = field(compare=False)

    @classmethod
    def of(cls, document: Document) -> "Unit":
        """Cut, count and name everything once; a refresh of other documents does not do it again."""
        passages = split_passages(document)
        bodies = tuple(Counter(tokens(passage.text)) for passage in passages)
        headings = tuple(Counter(tokens(" ".join(passage.heading_path))) for passage in passages)
        names = Counter(tokens(" ".join(value for name in NAME_FIELDS for value in document.values(name))))
        title = Counter(tokens(f"{document.title} {document.id}"))
        words = {
            "title": title,
            "names": names,
            "headings": Counter(tokens(" ".join(dict.fromkeys(part for passage in passages for part in passage.heading_path)))),
            "body": sum(bodies, Counter()),
        }
        parts = tuple(
            {"title": title, "names": names, "headings": heading, "body": body}
            for heading, body in zip(headings, bodies, strict=True)
        )
        spoken = (card_text(document, passages), *(embedded_text(document, passage) for passage in passages))
        names_of = tuple(_vector_id(document, number, text) for number, text in enumerate(spoken))
        return cls(document, document.content_hash(), passages, spoken, names_of, words, parts)


@dataclass(frozen=True)
class Snapshot:
    """One generation of the index. Readers hold one and are not disturbed by a refresh."""

    units: tuple[Unit, ...]
    numbers: Mapping[str, int]
    documents: WordIndex
    passages: WordIndex
    owner: Ints
    mask: Bools
    restricted_to: frozenset[str] | None = None

    @classmethod
    def of(cls, units: Sequence[Unit]) -> "Snapshot":
        """Build the word indexes of a generation."""
        flat = [words for unit in units for words in unit.passage_words]
        owner = np.repeat(np.arange(len(units)), [len(unit.passages) for unit in units]) if units else np.zeros(0, dtype=np.int64)
        return cls(
            units=tuple(units),
            numbers={unit.document.id: number for number, unit in enumerate(units)},
            documents=WordIndex([unit.words for unit in units], FIELDS),
            passages=WordIndex(flat, FIELDS),
            owner=owner.astype(np.int64),
            mask=np.ones(len(units), dtype=np.bool_),
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


@dataclass(frozen=True)
class Legs:
    """What each leg says about every document; `meaning` is None when there are no vectors."""

    words: Floats
    coverage: Floats
    passage_words: Floats
    best_word_passage: Ints
    meaning: Floats | None
    best_meaning_passage: Ints


@dataclass(frozen=True)
class Ranked:
    """A document's place: its number in the snapshot, the passage to cite, its score from 0 to 1 and the reasons."""

    number: int
    passage: int
    score: float
    why: tuple[str, ...]


def weighted_tokens(question: Question) -> dict[str, float]:
    """Each word once with the largest weight it has in the question."""
    found: dict[str, float] = {}
    for text, weight in question.parts:
        for token in tokens(text):
            found[token] = max(found.get(token, 0.0), weight)
    return found


def score_legs(snapshot: Snapshot, question: Question, cosines: Mapping[str, float] | None) -> Legs:
    """Ask every leg."""
    asked = weighted_tokens(question)
    widened = {**asked, **expansion(asked)}
    coverage = snapshot.documents.match(asked).coverage
    words = snapshot.documents.match(widened).scores
    passage_scores = snapshot.passages.match(widened).scores
    size = len(snapshot.units)
    passage_words, best_words = _best_of(passage_scores, snapshot.owner, size)
    if cosines is None:
        return Legs(words, coverage, passage_words, best_words, None, best_words)
    floor = min(cosines.values(), default=0.0)
    flat = np.array([cosines.get(name, floor) for unit in snapshot.units for name in unit.vector_ids[1:]])
    cards = np.array([cosines.get(unit.vector_ids[0], floor) for unit in snapshot.units])
    meaning, best_meaning = _best_of(flat, snapshot.owner, size)
    meaning = np.maximum(meaning, cards)
    return Legs(words, coverage, passage_words, best_words, meaning, best_meaning)


def card_text(document: Document, passages: Sequence[Passage]) -> str:
    """What the encoder reads for the document as a whole: its title, names and symptoms, and how it begins."""
    names = [spoken_name(value) for name in CARD_FIELDS for value in document.values(name)]
    opening = " ".join(plain(passages[0].text).split()[:60])
    return ". ".join(part for part in (spoken_name(document.title), *names, opening) if part)


def embedded_text(document: Document, passage: Passage) -> str:
    """What the encoder reads for a passage: the title and headings first, then the text without Markdown marks."""
    headings = (spoken_name(part) for part in (document.title, *passage.heading_path))
    return ". ".join(part for part in (*headings, plain(passage.text)) if part)


def _vector_id(document: Document, number: int, text: str) -> str:
    """Names a vector by what was encoded, so that unchanged text is never encoded twice."""
    return hashlib.sha256(f"{document.id}\n{number}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()[:40]


def _best_of(scores: Floats, owner: Ints, size: int) -> tuple[Floats, Ints]:
    """Per document the best passage score and that passage's number within the document."""
    if not size:
        return np.zeros(0), np.zeros(0, dtype=np.int64)
    starts = np.searchsorted(owner, np.arange(size))
    best = np.maximum.reduceat(scores, starts)
    order = np.lexsort((np.arange(len(scores)), -scores, owner))
    return best, order[starts] - starts


def rank(snapshot: Snapshot, question: Question, cosines: Mapping[str, float] | None) -> list[Ranked]:
    """Visible documents, best first. Scores lie in 0..1; that of the first is comparable across questions."""
    visible = np.flatnonzero(snapshot.mask)
    if not len(visible):
        return []
    legs = score_legs(snapshot, question, cosines)
    fused = fused_scores(legs, visible)
    order = visible[np.argsort(-fused, kind="stable")]
    values = np.sort(fused)[::-1]
    top = confidence(legs, int(order[0]))
    asked = weighted_tokens(question)
    return [
        Ranked(
            int(number),
            _passage(legs, int(number)),
            top * float(value) / max(float(values[0]), 1e-9),
            _why(snapshot, legs, int(number), asked, question),
        )
        for number, value in zip(order, values, strict=True)
        if value > 0
    ]


def fused_scores(legs: Legs, visible: Ints) -> Floats:
    """One score for each visible document."""
    scores = {"words": legs.words[visible], "passage_words": legs.passage_words[visible]}
    if legs.meaning is not None:
        scores["meaning"] = legs.meaning[visible]
    return fuse(scores, LEGS)


def confidence(legs: Legs, number: int) -> float:
    """How likely it is that this document answers, 0 to 1, from the share of the question it covers and its closeness."""
    if legs.meaning is None:
        strength = 6.0 * (float(legs.coverage[number]) - 0.5)
    else:
        strength = 6.0 * (float(legs.coverage[number]) - 0.5) + 8.0 * (float(legs.meaning[number]) - 0.45)
    return 1.0 / (1.0 + math.exp(-strength))


def _passage(legs: Legs, number: int) -> int:
    return int(legs.best_word_passage[number] if legs.meaning is None else legs.best_meaning_passage[number])


def _why(snapshot: Snapshot, legs: Legs, number: int, asked: Mapping[str, float], question: Question) -> tuple[str, ...]:
    """Reasons a person can check: exact names, shared words, closeness in meaning."""
    words = snapshot.units[number].words
    every = set().union(*words.values())
    reasons = [f"names {name}" for name in question.identifiers if stem(name.lower()) in every][:3]
    shared = sorted((token for token in asked if token in every), key=lambda token: -asked[token] * snapshot.documents.idf(token))
    if shared:
        reasons.append("shares " + ", ".join(shared[:5]))
    if legs.meaning is not None and legs.meaning[number] > 0:
        reasons.append(f"meaning {legs.meaning[number]:.2f}")
    return tuple(reasons)
