"""Finding runbooks: from alerts, words and exact names; honest when nothing matches or vectors are missing."""

import json
from pathlib import Path

import pytest

from retrieval.documents import Document
from retrieval.encoder import MiniLmEncoder
from retrieval.errors import BadInput, EncoderUnavailable
from retrieval.evaluate import run
from retrieval.index import Index
from retrieval.queries import question_from
from retrieval.vectors import ChromaVectors, NumpyVectors, VectorStore
from tests.retrieval.corpus import own_runbooks

POOL = Document("pool", "Connection pool exhausted", "# Connection pool exhausted\nOrders wait for a free database connection.")
DISK = Document("disk", "Disk is full", "# Disk is full\nNo space left on device; rotated logs fill the volume.")


def _webhook() -> str:
    labels = {"alertname": "CheckoutPoolExhausted", "service": "checkout", "severity": "critical"}
    return json.dumps(
        {"version": "4", "alerts": [{"status": "firing", "labels": labels, "annotations": {"summary": "no connection"}}]}
    )


def test_an_alert_becomes_a_question_without_json() -> None:
    """Names are kept and also split; braces and keys never reach the encoder."""
    question = question_from(_webhook())
    assert "{" not in question.text
    assert "generatorURL" not in question.text
    assert "CheckoutPoolExhausted" in question.identifiers
    assert "pool" in question.text.lower()


@pytest.mark.timeout(600)
def test_our_own_runbooks_are_found_by_an_alert_of_the_shop() -> None:
    """The first hit for the pool's alert is the pool's runbook, with vectors and without."""
    for with_vectors in (True, False):
        results = own_runbooks(with_vectors).search(_webhook(), top=3, kinds={"runbook"})
        assert results.ranked[0].document_id.endswith("connection-pool-exhausted")
        assert results.confident
        assert (results.degraded is None) == with_vectors


def test_a_question_nobody_wrote_about_is_not_answered_with_confidence() -> None:
    """Abstaining is a result."""
    index = Index(MiniLmEncoder())
    index.build([POOL, DISK])
    assert not index.search("Which wine goes with grilled fish?").confident


class _Broken:
    name, dimensions = "broken", 384

    def encode(self, texts: object) -> object:
        raise EncoderUnavailable("the model file is missing")


def test_without_an_encoder_words_go_on_and_say_so() -> None:
    """The reason is kept for the card."""
    index = Index(_Broken())  # type: ignore[arg-type]
    index.build([POOL, DISK])
    results = index.search("no space left on device")
    assert results.ranked[0].document_id == "disk"
    assert results.degraded


@pytest.fixture(params=["numpy", "chroma"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> VectorStore:
    """Both stores keep one contract."""
    return NumpyVectors() if request.param == "numpy" else ChromaVectors(tmp_path / "vectors", "test-model")


def test_a_changed_and_a_removed_document_are_honoured(store: VectorStore) -> None:
    """Only what changed is encoded again."""
    index = Index(MiniLmEncoder(), store)
    first = index.refresh([POOL, DISK])
    assert (first.added, first.changed, first.removed) == (2, 0, 0)
    assert index.refresh([POOL, DISK]).passages == 0
    last = index.refresh([POOL])
    assert last.removed == 1
    assert [hit.document_id for hit in index.search("no space left on device").ranked] in ([], ["pool"])
    index.close()


def test_eval_writes_one_line_a_query_in_order(tmp_path: Path) -> None:
    """The names of the measured contract."""
    folder, queries, out = tmp_path / "docs", tmp_path / "queries.jsonl", tmp_path / "out.jsonl"
    folder.mkdir()
    (folder / "pool.md").write_text(POOL.text, "utf-8")
    (folder / "disk.md").write_text(DISK.text, "utf-8")
    queries.write_text('{"id": "q1", "query": "no space left"}\n{"id": "q2", "query": ' + json.dumps(_webhook()) + "}\n", "utf-8")
    run([folder], queries, out, 10)
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [line["query_id"] for line in lines] == ["q1", "q2"]
    assert [line["ranked"][0] for line in lines] == ["disk", "pool"]
    assert all(set(line) >= {"query_id", "ranked", "scores", "confident", "ms"} for line in lines)


def test_eval_refuses_bad_input_and_writes_nothing(tmp_path: Path) -> None:
    """One clear line."""
    queries, out = tmp_path / "queries.jsonl", tmp_path / "out.jsonl"
    queries.write_text("not json\n", "utf-8")
    with pytest.raises(BadInput):
        run([tmp_path], queries, out, 10)
    assert not out.exists()
