"""Reads the question and each of the best passages together and puts them in a better order: optional, slow, from a path."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import EncoderUnavailable
from retrieval.fusion import normalised
from retrieval.ranking import Ranked

Floats = NDArray[np.float64]

CANDIDATES = 20
SHARE = 0.6  # of the new order in the final one; the rest is the order that words and meaning gave


class Reranker(Protocol):
    """Tells how well each text answers a question."""

    def score(self, question: str, texts: Sequence[str]) -> Floats:
        """One number a text, larger is better; only comparable within one call. Raises EncoderUnavailable."""


class CrossEncoderReranker:
    """Any cross-encoder that sentence-transformers can load from a folder; needs the extra `sitrep[models]`."""

    def __init__(self, path: str, batch: int = 16) -> None:
        self._path = path
        self._batch = batch
        self._lock = threading.Lock()
        self._model: Any = None

    def score(self, question: str, texts: Sequence[str]) -> Floats:
        """One number a text, larger is better. Raises EncoderUnavailable."""
        pairs = [(question, text) for text in texts]
        scores = self._load().predict(pairs, batch_size=self._batch, show_progress_bar=False)
        return np.asarray(scores, dtype=np.float64).reshape(len(texts), -1)[:, -1]

    def _load(self) -> Any:
        with self._lock:
            if self._model is None:
                try:
                    from sentence_transformers import CrossEncoder
                except ImportError as error:
                    raise EncoderUnavailable("sentence-transformers is not installed. Install sitrep[models].") from error
                try:
                    self._model = CrossEncoder(self._path, local_files_only=True)
                except (OSError, ValueError) as error:
                    raise EncoderUnavailable(f"no cross-encoder can be loaded from {self._path}: {error}") from error
            return self._model


def reranked(ranked: Sequence[Ranked], scores: Floats) -> list[Ranked]:
    """The first len(scores) in their new order, the others behind. The scores' ladder stays, so the first remains comparable."""
    head, tail = list(ranked[: len(scores)]), list(ranked[len(scores) :])
    before = normalised(np.array([item.score for item in head]))
    mixed = SHARE * normalised(scores) + (1 - SHARE) * before
    order = np.argsort(-mixed, kind="stable")
    return [replace(head[place], score=head[rank].score) for rank, place in enumerate(order)] + tail
