"""Brings several rankings into one: by rank, or by scores brought to one scale."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def reciprocal_rank_fusion(rankings: Sequence[Sequence[str]], k: float = 60.0) -> list[tuple[str, float]]:
    """Sum 1 / (k + rank) over the rankings, best first; ties by first appearance.

    Cormack, Clarke, Buettcher: Reciprocal rank fusion outperforms Condorcet, SIGIR 2009.
    """
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, name in enumerate(ranking, start=1):
            scores[name] = scores.get(name, 0.0) + 1.0 / (k + rank)
    return sorted(scores.items(), key=lambda item: -item[1])


def normalised(scores: Floats) -> Floats:
    """Scores brought to 0..1 by the smallest and the largest. Equal ones are all 1, or all 0 where there is nothing at all."""
    if not len(scores):
        return scores
    low, high = float(scores.min()), float(scores.max())
    if high - low < 1e-12:
        return np.full_like(scores, 1.0 if high > 0 else 0.0)
    return (scores - low) / (high - low)


def fuse(legs: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """Weighted mean of the normalised scores of each leg; every leg scores the same documents in the same order."""
    used = {name: scores for name, scores in legs.items() if name in weights}
    total = sum(weights[name] for name in used)
    fused = sum(weights[name] * normalised(scores) for name, scores in used.items())
    return np.asarray(fused, dtype=np.float64) / total
