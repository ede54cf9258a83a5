"""Odd files, odd texts and odd indexes: each gets a line that names it, and the rest is indexed."""

import json
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from retrieval.documents import MAX_DOCUMENT_BYTES, Document, load_folder, load_json_lines
from retrieval.encoder import Vectors
from retrieval.errors import BadInput
from retrieval.evaluate import load_documents
from retrieval.index import Index
from retrieval.vectors import ChromaVectors, NumpyVectors

GOOD = "# Disk is full\n\nNo space left on device."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one good runbook."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "good.md").write_text(GOOD, "utf-8")
    return tmp_path / "docs"


@pytest.mark.parametrize(
    ("name", "raw", "reason"),
    [
        ("image.md", b"\x89PNG\r\n\x1a\n\xff\xfe\xfa", "not UTF-8 at byte 0"),
        ("nul.md", b"# Title\n\x00\x00", "NUL"),
        ("latin.md", "# Stra\u00dfe".encode("latin-1"), "not UTF-8 at byte 6"),
        ("huge.md", b"word " * (MAX_DOCUMENT_BYTES // 5 + 1), "more than 2,000,000"),
    ],
)
def test_a_file_that_is_no_text_is_named_and_the_rest_is_read(folder: Path, name: str, raw: bytes, reason: str) -> None:
    """One line: file, reason."""
    (folder / name).write_bytes(raw)
    loaded = load_folder(folder)
    assert [document.id for document in loaded.documents] == ["good"]
    assert [refusal.path for refusal in loaded.refused] == [name]
    assert reason in loaded.refused[0].reason
    assert "\n" not in loaded.refused[0].reason


def test_fifty_megabytes_of_markdown_are_refused_without_being_read(folder: Path) -> None:
    """The line says how large the file really is."""
    with (folder / "dump.md").open("wb") as file:
        file.truncate(50_000_000)
    loaded = load_folder(folder)
    assert "50,000,000 bytes" in loaded.refused[0].reason
    assert [document.id for document in loaded.documents] == ["good"]


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ("---\ntitle: [never closed\n---\n", "not valid YAML"),
        ("---\ntitle: a\ntitle: b\n---\n", "'title' stands twice"),
        ("---\na: &x [1]\nb: *x\n---\n", "aliases"),
        ("---\n- a list\n---\n", "a mapping"),
        ("---\ntitle: never closed\n", "closing line"),
    ],
)
def test_broken_front_matter_is_left_out_and_the_text_is_kept(folder: Path, block: str, reason: str) -> None:
    """Nothing of the text is lost."""
    (folder / "broken.md").write_text(block + "\n# Queue is stuck\n\nWorkers wait.", "utf-8")
    loaded = load_folder(folder)
    assert {document.id for document in loaded.documents} == {"good", "broken"}
    assert loaded.refused[0].path == "broken.md"
    assert reason in loaded.refused[0].reason
    assert "Workers wait." in next(document.text for document in loaded.documents if document.id == "broken")


def test_a_text_that_begins_with_a_rule_has_no_broken_front_matter(folder: Path) -> None:
    """`---` alone is Markdown too."""
    (folder / "ruled.md").write_text("---\n\nA text below a rule.", "utf-8")
    assert load_folder(folder).refused == ()


def test_of_two_files_with_one_id_the_first_is_kept_and_the_second_named(folder: Path) -> None:
    """In a folder and in a JSON Lines file alike."""
    (folder / "sub").mkdir()
    (folder / "sub" / "good.md").write_text("# Another text", "utf-8")
    loaded = load_folder(folder)
    assert [document.title for document in loaded.documents] == ["Disk is full"]
    assert "used twice" in loaded.refused[0].reason
    lines = folder / "documents.jsonl"
    lines.write_text("".join(json.dumps({"id": "x", "text": text}) + "\n" for text in ("one", "two")), "utf-8")
    assert [document.text for document in load_json_lines(lines).documents] == ["one"]
    said = StringIO()
    documents, problems = load_documents([lines], said)
    assert (len(documents), problems) == (1, 1)
    assert "documents.jsonl:2" in said.getvalue()


def test_invisible_characters_neither_hide_a_word_nor_turn_a_text_around(folder: Path) -> None:
    """Zero-width and bidi controls are dropped where a text is read and where a question is asked."""
    (folder / "odd.md").write_text("# Kafka\n\ncon\u200bsumer l\u202eag of the gro\u2066up", "utf-8")
    index = Index()
    index.refresh(load_folder(folder).documents)
    document = index.document("odd")
    assert document is not None
    assert "consumer lag of the group" in document.text
    assert index.search("cons\u200dumer la\u202dg").ranked[0].document_id == "odd"


def test_an_empty_corpus_answers_with_nothing_and_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    """Search stays up; an evaluation has nothing to measure."""
    index = Index()
    index.refresh([])
    results = index.search("disk full")
    assert (results.ranked, results.confident) == ((), False)
    with pytest.raises(BadInput, match="no document found"):
        load_documents([tmp_path], StringIO())


def test_a_question_of_nothing_but_signs_is_answered_with_nothing_sure() -> None:
    """No division by zero, no false confidence."""
    index = Index()
    index.refresh([Document("good", "Disk is full", GOOD)])
    for question in ("", "   ", "?!", "\u200b", "{}", "[]", '{"alerts": []}', "the and of", "{" * 5_000, "\ud800"):
        assert not index.search(question).confident


class _Letters:
    """A small encoder: counts letters."""

    dimensions = 26

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked: list[str] = []

    def encode(self, texts: object) -> Vectors:
        listed = list(texts)  # type: ignore[call-overload]
        self.asked.extend(listed)
        rows = np.array([[text.lower().count(chr(97 + place)) + 0.01 for place in range(26)] for text in listed])
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def test_an_index_of_another_model_is_left_alone_and_a_new_one_is_made(tmp_path: Path) -> None:
    """Each model has its own collection; going back to the first one encodes nothing."""
    documents = [Document("good", "Disk is full", GOOD)]
    for name, expected in (("one", True), ("two", True), ("one", False)):
        encoder = _Letters(name)
        index = Index(encoder, ChromaVectors(tmp_path / "vectors", name))
        assert (index.refresh(documents).passages > 0) is expected
        assert index.search("disk full").degraded is None
        index.close()


def test_unchanged_passages_are_never_encoded_twice() -> None:
    """A paragraph put before the others costs that paragraph alone."""
    encoder = _Letters("one")
    index = Index(encoder, NumpyVectors())
    sections = [f"## Step {number}\n\nDo the thing number {number} with care." for number in range(6)]
    index.refresh([Document("long", "Long", "\n\n".join(sections))])
    first = len(encoder.asked)
    changes = index.refresh([Document("long", "Long", "\n\n".join([sections[0], "## New\n\nA fresh step.", *sections[1:]]))])
    assert first == 8
    assert (changes.changed, changes.passages) == (1, 1)
    assert "A fresh step." in encoder.asked[-1]


def test_while_passages_are_read_search_goes_on_with_words_and_says_so() -> None:
    """The reason stands in the answer and is gone when the vectors are there."""
    seen: list[str | None] = []
    index = Index(_Letters("one"))
    index.refresh(
        [Document("good", "Disk is full", GOOD)],
        lambda done, total: seen.append(index.search("disk full").degraded),
    )
    assert seen == ["words alone: 2 passages are being read"]
    assert index.search("disk full").degraded is None
