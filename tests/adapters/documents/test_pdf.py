"""The postmortem on paper holds the same words, selectable, with the plot and a timeline one can read."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from app.adapters.documents import DraftDocuments
from app.adapters.documents.pdf import pdf
from tests.adapters.documents.story import facts

PDFTOTEXT = shutil.which("pdftotext")


@pytest.fixture(scope="module")
def paper() -> bytes:
    """The postmortem of the story."""
    draft = DraftDocuments().postmortem(facts())
    return pdf(draft.markdown, "INC-7: Checkout errors", draft.plot_png, draft.written_at)


def test_it_is_a_document_with_its_fonts_its_title_and_one_picture(paper: bytes) -> None:
    """Fonts inside, so that it reads the same everywhere."""
    assert paper.startswith(b"%PDF-1.")
    assert paper.rstrip().endswith(b"%%EOF")
    assert paper.count(b"/Subtype /Image") >= 1
    assert b"DejaVuSans" in paper
    assert b"/Lang" in paper


def test_without_a_plot_only_its_sentence_is_left() -> None:
    """No metric could be read."""
    draft = DraftDocuments().postmortem(facts())
    bare = pdf(draft.markdown, "INC-7", b"", draft.written_at)
    assert bare.startswith(b"%PDF-1.")
    assert b"/Subtype /Image" not in bare


def test_hostile_words_and_odd_markdown_are_only_words() -> None:
    """Tags, unclosed markup, raw HTML and a long unbroken word do not break the page."""
    odd = (
        "# <b>x</i> & co\n\n<script>alert(1)</script>\n\n- one\n  - two\n\n1. first\n\n   more\n\n> quoted *and* ~~so~~ **on**\n\n"
        "```\n<x> & y\n```\n\n    indented\n\n---\n\n| A | B |\n|---|---|\n| `" + "w" * 300 + "` | a\\|b \u202e |\n\n"
        "[link](https://example.com/?a=1&b=2) line\nbreak  \nhard\n"
    )
    assert pdf(odd, "<x>", b"", facts().written_at).startswith(b"%PDF-1.")


@pytest.mark.skipif(PDFTOTEXT is None, reason="needs pdftotext (Debian's poppler-utils)")
def test_every_word_of_the_timeline_can_be_selected_row_by_row(paper: bytes, tmp_path: Path) -> None:
    """Times and what happened stand on one line, in order."""
    (tmp_path / "paper.pdf").write_bytes(paper)
    text = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "paper.pdf"), "-"], capture_output=True, text=True, check=True
    ).stdout
    timeline = text[text.index("Timeline") :]
    assert re.search(r"T1\s+03:12:30\s+Opened by alertmanager: Checkout errors\s+Sitrep", timeline)
    assert re.findall(r"^\s*T(\d+)\s+03:", timeline, re.MULTILINE) == [str(number) for number in range(1, 19)]
