"""How good a ranking is: share of cases with the cause in the first places, ties at their worst, beside blind chance."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from app.analysis.suspects import Ranking

SHUFFLES = 200


@dataclass(frozen=True, slots=True)
class Score:
    """Shares of `cases` with the cause ranked first and within three, and the mean of the shares for 1 to 5."""

    cases: int
    first: float
    three: float
    average5: float


def rank_of(cause: str, ranking: Ranking) -> int:
    """The place of the cause from 1; those with the same score before it, whatever their order; missing is far out."""
    if cause not in ranking.services:
        return 10**6
    own = ranking.scores[ranking.services.index(cause)]
    return sum(score >= own for score in ranking.scores)


def score_of(ranks: Iterable[int]) -> Score:
    """The score of a set of cases from the places of their causes."""
    places = np.array(list(ranks))
    hits = [float(np.mean(places <= top)) for top in range(1, 6)]
    return Score(len(places), hits[0], hits[2], float(np.mean(hits)))


def chance(rankings: Sequence[Ranking], causes: Sequence[str]) -> Score:
    """What shuffled scores reach: the mean over 200 shuffles with a fixed seed."""
    random = np.random.default_rng(0)
    places = []
    for ranking, cause in zip(rankings, causes, strict=True):
        own = ranking.services.index(cause) if cause in ranking.services else -1
        for _ in range(SHUFFLES):
            scores = random.permutation(np.array(ranking.scores))
            places.append(int(np.sum(scores >= scores[own])) if own >= 0 else 10**6)
    found = score_of(places)
    return Score(len(rankings), found.first, found.three, found.average5)
