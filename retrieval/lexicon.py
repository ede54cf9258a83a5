"""Finds texts by their words: each word asked brings its variants and synonyms, and only the best of them counts.

Robertson, Zaragoza, Taylor: Simple BM25 extension to multiple weighted fields, CIKM 2004 (BM25F).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

K1 = 1.2
B = 0.6
PREFIX = 5  # two words that share their first five letters and stand close in length are taken for variants
MOST_VARIANTS = 6

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Counted:
    """How often each word stands in one field of one text: word numbers, and as many counts."""

    words: NDArray[np.int32]
    counts: NDArray[np.float32]

    @property
    def length(self) -> float:
        """Words in the field, repeats included."""
        return float(self.counts.sum())


@dataclass(frozen=True)
class Concept:
    """One thing that is asked for.

    `weight` is its share in the question; `ways` are the words (or groups of words that must stand together in a text) that
    say it, each with how well it says it, 0 to 1. The first way is the word that was typed.
    """

    weight: float
    ways: tuple[tuple[tuple[str, ...], float], ...]

    @property
    def word(self) -> str:
        """The word that was typed."""
        return self.ways[0][0][0]


@dataclass(frozen=True)
class WordMatches:
    """For each text its BM25 score, and the share of the question's information (idf) that it holds, 0 to 1.

    `coverage` credits variants and synonyms by their closeness, `exact` only the words that were typed.
    """

    scores: Floats
    coverage: Floats
    exact: Floats


class Vocabulary:
    """Numbers words in the order of their coming; a word keeps its number for ever."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        self._numbers: dict[str, int] = {word: number for number, word in enumerate(words)}

    def __len__(self) -> int:
        return len(self._numbers)

    def words(self) -> list[str]:
        """Every word in the order of its number."""
        return list(self._numbers)

    def number(self, word: str) -> int | None:
        """The word's number, None for one never seen."""
        return self._numbers.get(word)

    def count(self, tokens: Iterable[str]) -> Counted:
        """Number and count the words of one field; new words are taken in."""
        found = Counter(tokens)
        numbers = self._numbers
        ids = np.fromiter((numbers.setdefault(word, len(numbers)) for word in found), np.int32, len(found))
        return Counted(ids, np.fromiter(found.values(), np.float32, len(found)))


class WordIndex:
    """An immutable BM25F index over texts, each a mapping of field name to counted words."""

    def __init__(self, texts: Sequence[Mapping[str, Counted]], weights: Mapping[str, float], vocabulary: Vocabulary) -> None:
        self._size = len(texts)
        self._vocabulary = vocabulary
        parts = [_weighted(texts, name, weight) for name, weight in weights.items()]
        rows = np.concatenate([part[0] for part in parts]) if texts else np.zeros(0, dtype=np.int64)
        words = np.concatenate([part[1] for part in parts]) if texts else np.zeros(0, dtype=np.int64)
        values = np.concatenate([part[2] for part in parts]) if texts else np.zeros(0)
        keys, places = np.unique(words * max(self._size, 1) + rows, return_inverse=True)
        self._values: NDArray[np.float32] = np.bincount(places, values, len(keys)).astype(np.float32)
        self._rows: NDArray[np.int32] = (keys % max(self._size, 1)).astype(np.int32)
        self._starts: Ints = np.searchsorted(keys // max(self._size, 1), np.arange(len(vocabulary) + 1)).astype(np.int64)
        self._variants: dict[str, list[str]] | None = None

    def idf(self, word: str) -> float:
        """Information of a word: high for rare ones, highest for those that stand nowhere."""
        frequency = len(self._postings(word)[0])
        return float(np.log1p((self._size - frequency + 0.5) / (frequency + 0.5)))

    def variants(self, word: str) -> list[str]:
        """Words of the corpus that begin like this one (`evict`, `eviction`), nearest in length first."""
        if len(word) < PREFIX or not word.isalpha():
            return []
        if self._variants is None:
            table: dict[str, list[str]] = {}
            for number, known in enumerate(self._vocabulary.words()[: len(self._starts) - 1]):
                if len(known) >= PREFIX and known.isalpha() and self._starts[number] < self._starts[number + 1]:
                    table.setdefault(known[:PREFIX], []).append(known)
            self._variants = table
        close = [known for known in self._variants.get(word[:PREFIX], ()) if known != word and _akin(word, known)]
        return sorted(close, key=lambda known: abs(len(known) - len(word)))[:MOST_VARIANTS]

    def match(self, concepts: Sequence[Concept]) -> WordMatches:
        """Score every text. A text that says one thing in several ways is credited with the best of them."""
        scores, covered, exact = np.zeros(self._size), np.zeros(self._size), np.zeros(self._size)
        gain, held = np.zeros(self._size), np.zeros(self._size)
        total = 0.0
        for concept in concepts:
            information = concept.weight * self.idf(concept.word)
            total += information
            for words, closeness in concept.ways:
                rows, strength, rarity = self._way(words)
                gain[rows] = np.maximum(gain[rows], concept.weight * closeness * rarity * strength)
                held[rows] = np.maximum(held[rows], closeness)
            rows = np.flatnonzero(gain).astype(np.int32)
            scores[rows] += gain[rows]
            covered[rows] += information * held[rows]
            exact[self.texts_with(concept.word)] += information
            gain[rows] = held[rows] = 0.0  # one scratch line for all concepts: fresh ones would cost more than the matching
        return WordMatches(scores, covered / max(total, 1e-12), exact / max(total, 1e-12))

    def texts_with(self, word: str) -> NDArray[np.int32]:
        """The numbers of the texts that hold the word."""
        return self._postings(word)[0]

    def __contains__(self, word: str) -> bool:
        return len(self._postings(word)[0]) > 0

    def _postings(self, word: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        number = self._vocabulary.number(word)
        if number is None or number + 1 >= len(self._starts):
            return self._rows[:0], self._values[:0]
        part = slice(self._starts[number], self._starts[number + 1])
        return self._rows[part], self._values[part]

    def _way(self, words: tuple[str, ...]) -> tuple[NDArray[np.int32], Floats, float]:
        """Texts that hold all the words, how strongly (0 to K1 + 1) and how rare that is."""
        rows, values = self._postings(words[0])
        for other in words[1:]:
            more, others = self._postings(other)
            rows, left, right = np.intersect1d(rows, more, assume_unique=True, return_indices=True)
            values = np.minimum(values[left], others[right])
        strength = np.asarray(values * (K1 + 1) / (K1 + values), dtype=np.float64)
        return rows, strength, float(np.mean([self.idf(word) for word in words]))


def _weighted(texts: Sequence[Mapping[str, Counted]], name: str, weight: float) -> tuple[Ints, Ints, Floats]:
    """(text number, word number, weighted count) of one field over all texts, long fields counting less."""
    fields = [text[name] for text in texts]
    lengths = np.array([field.length for field in fields])
    norms = 1 - B + B * lengths / max(float(lengths.mean()) if len(lengths) else 0.0, 1.0)
    sizes = [len(field.words) for field in fields]
    rows = np.repeat(np.arange(len(texts)), sizes)
    words = np.concatenate([field.words for field in fields]).astype(np.int64) if fields else np.zeros(0, dtype=np.int64)
    counts = np.concatenate([field.counts for field in fields]) if fields else np.zeros(0)
    return rows, words, counts * np.repeat(weight / norms, sizes)


def _akin(one: str, other: str) -> bool:
    """`compress` and `compression` yes; `inter` and `international` no: most of the shorter word must be shared."""
    shared = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        shared += 1
    return shared >= max(PREFIX, min(len(one), len(other)) - 2) and abs(len(one) - len(other)) <= 6
