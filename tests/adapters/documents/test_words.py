"""Safe text, times and blameless wording."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from app.adapters.documents.amounts import axis_number, axis_unit
from app.adapters.documents.blameless import remarks
from app.adapters.documents.safe_text import code, foreign, one_line, quoted


def rendered(markdown: str) -> str:
    """The HTML of a paragraph."""
    return str(MarkdownIt("commonmark", {"html": False}).enable("table").render(f"x {markdown} x"))


@given(st.text(max_size=80))
def test_foreign_text_never_becomes_markup(text: str) -> None:
    html = rendered(foreign(text))
    assert html.startswith("<p>x ")
    assert html.count("<") == 2


@given(st.text(max_size=80))
def test_a_code_span_holds_whatever_is_put_in(text: str) -> None:
    html = rendered(code(text))
    assert html.count("<") == 4
    assert html.count("<code>") == 1


def test_a_quotation_cannot_end_itself_and_loses_its_full_stop() -> None:
    assert quoted("He said ”no”. Done.") == "“He said 'no'. Done”"


def test_long_text_is_cut_with_a_mark() -> None:
    assert one_line("a" * 500, 10) == "a" * 9 + "…"


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("A human error caused it", "human error"),
        ("Bob should have checked", "should have"),
        ("The operator failed to look", "failed to"),
        ("It was Obviously wrong", "Obviously"),
    ],
)
def test_judging_words_are_found(text: str, phrase: str) -> None:
    assert [remark.phrase for remark in remarks(text)] == [phrase]


def test_plain_descriptions_pass() -> None:
    assert remarks("The deploy changed the pool size; the check did not cover it.") == []


def test_an_axis_names_its_unit_once_unless_the_unit_scales() -> None:
    assert (axis_unit("ratio"), axis_number(0.31, "ratio")) == ("%", "31")
    assert (axis_unit("s"), axis_number(0.2, "s")) == ("", "200 ms")
    assert (axis_unit("orders/min"), axis_number(60, "orders/min")) == ("orders/min", "60")
    assert axis_number(1500.0, "") == "1500"
