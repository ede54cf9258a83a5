"""A warm start: what was made ready for search is kept, and only what changed is made again."""

from pathlib import Path

from retrieval.documents import Document, load_folder
from retrieval.index import Index
from retrieval.lexicon import Vocabulary
from retrieval.prepared import Prepared, keep
from retrieval.units import Unit

RUNBOOKS = Path(__file__).resolve().parents[2] / "runbooks"
QUESTIONS = ("KafkaConsumerLagHigh: group is behind", "we shipped and everything went red", "no space left on device")


def test_a_warm_index_ranks_exactly_as_a_fresh_one(tmp_path: Path) -> None:
    """Same documents, passages, scores and reasons."""
    documents = load_folder(RUNBOOKS).documents
    for _ in range(2):
        index = Index(prepared=tmp_path / "ready.npz")
        index.refresh(documents)
    fresh = Index()
    fresh.refresh(documents)
    for question in QUESTIONS:
        assert index.search(question).ranked == fresh.search(question).ranked


def test_a_changed_document_is_made_again_and_the_others_are_taken_as_they_were(tmp_path: Path) -> None:
    """The new text is found, the old one is not."""
    file = tmp_path / "ready.npz"
    first = Index(prepared=file)
    first.refresh([Document("a", "Disk", "inodes are gone"), Document("b", "Queue", "workers wait")])
    second = Index(prepared=file)
    second.refresh([Document("a", "Disk", "quota reached"), Document("b", "Queue", "workers wait")])
    assert second.search("quota").ranked[0].document_id == "a"
    assert second.search("workers").ranked[0].document_id == "b"
    assert not any("inod" in reason for hit in second.search("inodes").ranked for reason in hit.why)


def test_a_file_that_is_damaged_or_of_another_version_is_made_anew(tmp_path: Path) -> None:
    """Nothing is lost but the time."""
    file = tmp_path / "ready.npz"
    document = Document("a", "Disk", "inodes are gone")
    for raw in (b"", b"PK\x03\x04", b"{}"):
        file.write_bytes(raw)
        index = Index(prepared=file)
        index.refresh([document])
        assert index.search("inodes").ranked[0].document_id == "a"
    assert Prepared(file).unit(document, document.content_hash()) is not None


def test_what_cannot_be_written_costs_no_search(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "taken").write_text("x", "utf-8")
    index = Index(prepared=tmp_path / "taken" / "ready.npz")
    index.refresh([Document("a", "Disk", "inodes are gone")])
    assert index.search("inodes").ranked[0].document_id == "a"


def test_a_kept_unit_is_equal_to_the_one_that_was_made(tmp_path: Path) -> None:
    """Passages, headings and names of vectors."""
    vocabulary = Vocabulary()
    units = [Unit.of(document, vocabulary) for document in load_folder(RUNBOOKS).documents]
    keep(tmp_path / "ready.npz", units, vocabulary)
    kept = Prepared(tmp_path / "ready.npz")
    assert [kept.unit(unit.document, unit.digest) for unit in units] == units
