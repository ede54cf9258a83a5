"""Scores documents for one question: words of every field, words of the best passage, meaning, and how sure that is."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.concepts import concepts_of
from retrieval.fusion import fuse
from retrieval.lexicon import Concept
from retrieval.queries import Question
from retrieval.units import WHOLE, Snapshot
from retrieval.words import stem

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# chosen on the development questions; the ranking is flat around these values, see scripts/bench_retrieval.py
LEGS = {"words": 0.35, "passage_words": 0.15, "passage": 0.25, "card": 0.25}
CONFIDENT = 0.5
RIVALS = 5  # the first is compared with the mean of so many that follow


@dataclass(frozen=True)
class Sureness:
    """A logistic regression: how much each sign speaks for the first document being an answer.

    Fitted on questions with their document present, and with it, its whole family or its subject removed.
    """

    exact: float
    passage_coverage: float
    meaning: float
    lead: float
    constant: float


SURE = Sureness(exact=2.8, passage_coverage=2.1, meaning=5.6, lead=1.4, constant=-5.0)
SURE_BY_WORDS = Sureness(exact=2.8, passage_coverage=2.1, meaning=0.0, lead=1.4, constant=-2.4)


@dataclass(frozen=True)
class Legs:
    """What each leg says about every document, in the order of the snapshot. `meaning` is empty when there are no vectors."""

    concepts: Sequence[Concept]
    words: Floats
    exact: Floats
    passage_words: Floats
    passage_coverage: Floats
    best_word_passage: Ints
    meaning: Mapping[str, Floats]
    best_meaning_passage: Ints


@dataclass(frozen=True)
class Ranked:
    """A document's place: its number in the snapshot, the passage to cite, its score from 0 to 1 and the reasons."""

    number: int
    passage: int
    score: float
    why: tuple[str, ...]


def score_legs(snapshot: Snapshot, question: Question, cosines: Mapping[str, float] | None, widen: bool = True) -> Legs:
    """Ask every leg; with `widen` off without variants, synonyms and slang."""
    concepts = concepts_of(question, snapshot.documents, widen)
    whole = snapshot.documents.match(concepts)
    parts = snapshot.passages.match(concepts)
    size = len(snapshot.units)
    passage_words, best_words = best_of(parts.scores, snapshot.owner, size)
    passage_coverage, _ = best_of(parts.coverage, snapshot.owner, size)
    if cosines is None:
        return Legs(concepts, whole.scores, whole.exact, passage_words, passage_coverage, best_words, {}, best_words)
    meaning, best_meaning = _meaning(snapshot, cosines)
    return Legs(concepts, whole.scores, whole.exact, passage_words, passage_coverage, best_words, meaning, best_meaning)


def _meaning(snapshot: Snapshot, cosines: Mapping[str, float]) -> tuple[dict[str, Floats], Ints]:
    """Per document the cosine of its best passage, of its card and of its title; what was not near gets the lowest seen."""
    size = len(snapshot.units)
    floor = min(cosines.values(), default=0.0)
    passage, card, title = (np.full(size, floor) for _ in range(3))
    best = np.zeros(size, dtype=np.int64)
    for name, cosine in cosines.items():
        number, place = snapshot.rows.get(name, (-1, 0))
        if number < 0:
            continue
        if place >= WHOLE:
            if cosine > passage[number]:
                passage[number], best[number] = cosine, place - WHOLE
        else:
            (card, title)[place][number] = cosine
    return {"passage": passage, "card": card, "title": title}, best


def best_of(scores: Floats, owner: Ints, size: int) -> tuple[Floats, Ints]:
    """Per document the best passage score and that passage's number within the document."""
    if not size:
        return np.zeros(0), np.zeros(0, dtype=np.int64)
    starts = np.searchsorted(owner, np.arange(size))
    best = np.maximum.reduceat(scores, starts)
    places = np.arange(len(scores))
    first = np.minimum.reduceat(np.where(scores == best[owner], places, len(scores)), starts)
    return best, first - starts


def rank(snapshot: Snapshot, question: Question, cosines: Mapping[str, float] | None, top: int) -> list[Ranked]:
    """The `top` visible documents, best first. Scores lie in 0..1; that of the first is comparable across questions."""
    visible = np.flatnonzero(snapshot.mask)
    if not len(visible):
        return []
    legs = score_legs(snapshot, question, cosines)
    fused = fused_scores(legs, visible)
    order = np.argsort(-fused, kind="stable")[:top]
    best = float(fused[order[0]]) if len(order) else 0.0
    sure = confidence(legs, visible, fused)
    return [
        Ranked(
            int(visible[place]),
            _passage(legs, int(visible[place])),
            sure * float(fused[place]) / max(best, 1e-9),
            _why(snapshot, legs, int(visible[place]), question),
        )
        for place in order
        if legs.meaning or legs.words[visible[place]] > 0
    ]


def fused_scores(legs: Legs, visible: Ints, weights: Mapping[str, float] = LEGS) -> Floats:
    """One score for each visible document."""
    scores = {"words": legs.words[visible], "passage_words": legs.passage_words[visible]}
    scores.update({name: cosines[visible] for name, cosines in legs.meaning.items()})
    return fuse(scores, weights)


def confidence(legs: Legs, visible: Ints, fused: Floats) -> float:
    """How likely it is that the first document answers, 0 to 1.

    Signs: the share of the question's information that the document and its best passage hold, how close its meaning is, and
    how far it leads its rivals.
    """
    order = np.argsort(-fused, kind="stable")
    number = int(visible[order[0]])
    rivals = fused[order[1 : 1 + RIVALS]]
    weights = SURE if legs.meaning else SURE_BY_WORDS
    close = max((float(legs.meaning[name][number]) for name in ("passage", "card") if legs.meaning), default=0.0)
    strength = (
        weights.exact * float(legs.exact[number])
        + weights.passage_coverage * float(legs.passage_coverage[number])
        + weights.meaning * close
        + weights.lead * float(fused[order[0]] - rivals.mean() if len(rivals) else 0.0)
        + weights.constant
    )
    return 1.0 / (1.0 + math.exp(-strength))


def _passage(legs: Legs, number: int) -> int:
    return int(legs.best_meaning_passage[number] if legs.meaning else legs.best_word_passage[number])


def _why(snapshot: Snapshot, legs: Legs, number: int, question: Question) -> tuple[str, ...]:
    """Reasons a person can check: exact names, shared words, closeness in meaning."""
    index = snapshot.documents
    held = {concept.word: concept.weight for concept in legs.concepts if number in index.texts_with(concept.word)}
    reasons = [f"names {name}" for name in question.identifiers if number in index.texts_with(stem(name.lower()))][:3]
    if held:
        reasons.append("shares " + ", ".join(sorted(held, key=lambda word: -held[word] * index.idf(word))[:5]))
    if legs.meaning and legs.meaning["passage"][number] > 0:
        reasons.append(f"meaning {legs.meaning['passage'][number]:.2f}")
    return tuple(reasons)
