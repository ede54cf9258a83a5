"""Selectors mean what Prometheus means by them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.metrics.selectors import Matcher, Selector, parse_selector
from app.domain.errors import BadInput


@pytest.mark.parametrize(
    ("text", "labels", "accepted"),
    [
        ("up", {"a": "1"}, True),
        ("up{}", {}, True),
        ('up{a="1"}', {"a": "1"}, True),
        ('up{a="1"}', {"a": "11"}, False),
        ('up{a!="1"}', {}, True),
        ('up{a=""}', {}, True),
        ('up{a=~"5.."}', {"a": "503"}, True),
        ('up{a=~"5.."}', {"a": "1503"}, False),
        ('up{a!~"5..|4.."}', {"a": "404"}, False),
        ('up{a=~".*"}', {}, True),
        ('up { a = "x" , b =~ "y|z" , }', {"a": "x", "b": "z"}, True),
        ("up{a='it\"s'}", {"a": 'it"s'}, True),
        ('up{a="},{"}', {"a": "},{"}, True),
        ('up{a="\\"\\\\\\n"}', {"a": '"\\\n'}, True),
    ],
)
def test_a_selector_accepts(text: str, labels: dict[str, str], accepted: bool) -> None:
    assert parse_selector(text).accepts("up", labels) is accepted
    assert not parse_selector(text).accepts("down", labels)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1up",
        "up{",
        "up}",
        "up{a}",
        "up{a=1}",
        'up{a="1}',
        'up{a=~"("}',
        'up{a="1" b="2"}',
        "up[5m]",
        "sum(up)",
        '{a="1"}',
        "up{,}",
    ],
)
def test_what_is_no_selector_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_selector(text)
    assert caught.value.hint


@given(st.lists(st.tuples(st.sampled_from(["a", "b_1"]), st.sampled_from(["=", "!="]), st.text(max_size=10)), max_size=3))
def test_a_selector_survives_being_written_and_read(matchers: list[tuple[str, str, str]]) -> None:
    selector = Selector("up", tuple(Matcher(*matcher) for matcher in matchers))
    assert parse_selector(str(selector)) == selector
