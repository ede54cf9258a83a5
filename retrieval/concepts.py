"""Turns a question into the things it asks for: each word with its variants and synonyms, long texts cut to what tells."""

from collections import Counter

from retrieval.lexicon import Concept, WordIndex
from retrieval.queries import Question
from retrieval.vocabulary import synonyms
from retrieval.words import tokens

VARIANT = 0.6  # `eviction` where `evicted` was typed
LONG_QUESTION = 150  # different words; of a longer text only the most telling ones are asked


def weighted_words(question: Question) -> dict[str, float]:
    """Each word once with the largest weight that it has in the question."""
    found: dict[str, float] = {}
    for text, weight in question.parts:
        for word in tokens(text):
            found[word] = max(found.get(word, 0.0), weight)
    return found


def concepts_of(question: Question, index: WordIndex, widen: bool = True) -> list[Concept]:
    """What is asked, each thing with the ways in which this corpus may say it; with `widen` off only as it was typed."""
    weights = weighted_words(question)
    if len(weights) > LONG_QUESTION:
        weights = telling_words(question, index)
    if not widen:
        return [Concept(weight, (((word,), 1.0),)) for word, weight in weights.items()]
    others = _synonyms(question)
    found: list[Concept] = []
    for word, weight in weights.items():
        ways: dict[tuple[str, ...], float] = {}
        for variant in index.variants(word):
            ways[(variant,)] = VARIANT
        for way, closeness in others.get(word, {}).items():
            ways[way] = max(ways.get(way, 0.0), closeness)
        kept = [(way, closeness) for way, closeness in ways.items() if way != (word,) and all(part in index for part in way)]
        found.append(Concept(weight, (((word,), 1.0), *kept)))
    return found


def telling_words(question: Question, index: WordIndex) -> dict[str, float]:
    """The words of a long text that set it apart: often said there, rare elsewhere."""
    counts = Counter(word for text, _ in question.parts for word in tokens(text))
    scored = {word: (1.0 + count**0.5) * index.idf(word) for word, count in counts.items() if word in index}
    best = sorted(scored, key=lambda word: -scored[word])[:LONG_QUESTION]
    return {word: (1.0 + counts[word] ** 0.5) / 2.0 for word in best}


def _synonyms(question: Question) -> dict[str, dict[tuple[str, ...], float]]:
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for text, _ in question.parts:
        words = tokens(text)
        for place, ways in synonyms(words).items():
            known = found.setdefault(words[place], {})
            for way, closeness in ways:
                known[way] = max(known.get(way, 0.0), closeness)
    return found
