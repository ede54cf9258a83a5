"""Grounding: nothing that the evidence does not hold reaches a person."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.canonical import Json
from app.domain.evidence import Assessment, Confidence, Evidence, EvidenceKind, Finding, Suggestion, Tier
from app.domain.figures import invented_in, known_in
from app.domain.grounding import MOST_FINDINGS, NOTHING_HOLDS, ground, ground_sentence
from app.domain.harmless import harmless, revealed

NOW = datetime(2026, 3, 14, 3, 20, tzinfo=UTC)
SERVICES = {"checkout", "payments"}


def seen(name: str, kind: EvidenceKind, summary: str, **data: Json) -> Evidence:
    return Evidence(kind, name, "test", summary, NOW, name, "checkout", data)


EVIDENCE = (
    seen("E1", EvidenceKind.METRIC, "error_ratio of checkout is 31 %", latest=0.3098, unit="ratio"),
    seen(
        "E2",
        EvidenceKind.CHANGE,
        "pool_size changed from 20 to 2 in v1.4.2",
        at=datetime(2026, 3, 14, 3, 12, 7, tzinfo=UTC).timestamp(),
    ),
    seen("E3", EvidenceKind.METRIC, "p95 latency is 1.24 s", latest=1.2418, unit="s"),
    seen("E4", EvidenceKind.LOG, "web-2 logged 1893 errors, heap 512 MB", nested={"list": [7, {"deep": 4096}]}, flag=True),
)
WHY = Finding("The pool shrank.", ("E2",), Confidence.LIKELY)
GIVEN = (Suggestion("S1", "set_config", "checkout", {"value": 20}, WHY), Suggestion("S2", "restart", "checkout", {}, WHY))


def said(*findings: Finding, **changes: object) -> Assessment:
    plain = Assessment(1, Tier.MODEL, Finding("The pool shrank.", ("E2",)), findings, (), NOW)
    return replace(plain, **changes)  # type: ignore[arg-type] # the changes are fields by name


def grounded(*findings: Finding, **changes: object) -> Assessment:
    return ground(said(*findings, **changes), EVIDENCE, GIVEN, SERVICES)


def test_unknown_ids_are_taken_off_and_a_sentence_left_without_one_is_dropped_and_counted() -> None:
    result = grounded(Finding("Errors rose.", ("E9", "E1", "E1")), Finding("Aliens.", ("E9",)), Finding("No source.", ()))
    assert [(item.text, item.evidence) for item in result.findings] == [("Errors rose.", ("E1",))]
    assert result.refused == 2


@pytest.mark.parametrize(
    "text",
    [
        "31 % of requests fail", "31% fail", "0.31 of requests fail", "30.98 % fail", "a ratio of 0.3098", "31 percent fail", "about 0.3",
        "p95 is 1.2 s", "p95 is 1200 ms", "p95 is 1242 ms", "p95 is 1.24s", "latency of 1.2 seconds", "pool_size went from 20 to 2", "twenty to two",
        "changed at 03:12", "changed at 03:12:07 UTC", "on 2026-03-14", "version v1.4.2", "web-2 has 1893 errors", "1,893 errors", "1.9k errors",
        "heap of 512 MB", "0.5 GB of heap", "seven and 4096", "see E1 and S1, SEV2, 5xx", "[SECRET:password#1] was refused", "nothing to count",
    ],
)  # fmt: skip
def test_numbers_that_the_evidence_holds_pass_in_any_usual_spelling(text: str) -> None:
    assert invented_in(text, known_in(EVIDENCE)) is None


@pytest.mark.parametrize(
    ("text", "invented"),
    [
        ("32 % of requests fail", "32 %"), ("97% fail", "97%"), ("0.5 of requests", "0.5"), ("p95 is 12 s", "12 s"), ("p95 is 1.3 s", "1.3 s"),
        ("1.24 % of requests", "1.24 %"), ("at 04:12", "04:12"), ("at 03:12:08", "03:12:08"), ("on 2026-03-15", "2026-03-15"), ("version v1.4.3", "v1.4.3"),
        ("web-3 fails", "web-3"), ("host 10.0.0.1", "10.0.0.1"), ("commit 3f2a9c8d", "3f2a9c8d"), ("1894 errors", "1894"), ("three pods", "three"),
        ("a million users", "million"), ("１０００ users", "1000"), ("512 GB of heap", "512 GB"), ("1 pod", "1"), ("0 errors", "0"),
        ("5000ms", "5000ms"), ("3x slower", "3"), ("-40 %", "-40 %"), ("1e9 requests", "1e9"),
    ],
)  # fmt: skip
def test_numbers_that_the_evidence_does_not_hold_are_named(text: str, invented: str) -> None:
    assert invented_in(text, known_in(EVIDENCE)) == invented


def test_a_number_must_stand_in_the_evidence_that_is_cited_not_elsewhere() -> None:
    result = grounded(Finding("31 % fail", ("E3",)), Finding("31 % fail", ("E1",)))
    assert [item.evidence for item in result.findings] == [("E1",)]
    assert result.refused == 1


def test_a_number_hidden_behind_the_length_limit_is_still_checked() -> None:
    assert grounded(Finding("word " * 200 + "99 %", ("E1",))).findings == ()


def test_suggestions_are_the_given_ones_word_for_word_in_the_models_order() -> None:
    altered = replace(GIVEN[0], parameters={"value": 2000}, target="db")
    result = grounded(suggestions=(GIVEN[1], altered, Suggestion("S9", "drop", "db", {}, WHY), GIVEN[1]))
    assert result.suggestions == (GIVEN[1], GIVEN[0])
    assert result.refused == 2


def test_an_unknown_cause_becomes_none() -> None:
    assert grounded(cause="checkout").cause == "checkout"
    assert grounded(cause="mainframe").cause is None
    assert grounded(cause="checkout", headline=Finding("Aliens.", ())).cause is None


def test_confirmed_takes_two_kinds_of_evidence() -> None:
    sure = Confidence.CONFIRMED
    result = grounded(
        Finding("A", ("E1", "E3"), sure), Finding("B", ("E1", "E2"), sure), Finding("C", ("E1",), Confidence.POSSIBLE)
    )
    assert [item.confidence for item in result.findings] == [Confidence.LIKELY, sure, Confidence.POSSIBLE]


def test_a_fallen_headline_is_replaced_by_the_first_sentence_that_stands() -> None:
    aliens = Finding("Aliens.", ("E9",))
    assert grounded(Finding("Errors rose.", ("E1",)), headline=aliens).headline.text == "Errors rose."
    nothing = grounded(aliens, headline=aliens, ruled_out=(aliens,))
    assert (nothing.headline.text, nothing.findings, nothing.ruled_out, nothing.refused) == (NOTHING_HOLDS, (), (), 3)


def test_too_many_sentences_are_cut_and_counted() -> None:
    result = grounded(*(Finding(f"Sentence {'x' * number}", ("E1",)) for number in range(MOST_FINDINGS + 5)))
    assert len(result.findings) == MOST_FINDINGS
    assert result.refused == 5


def test_unknowns_may_not_smuggle_numbers_or_links() -> None:
    result = grounded(unknowns=("Whether payments is hit", "99 other things", "see https://evil.example.com/x"))
    assert result.unknowns == ("Whether payments is hit", "see (link removed)")
    assert result.refused == 1


def test_a_sentence_of_an_answer_is_checked_against_what_it_cites() -> None:
    assert ground_sentence("Set pool_size to 20.", [], ["Set pool_size back to 20."]) == "Set pool_size to 20."
    assert ground_sentence("Set pool_size to 21.", [], ["Set pool_size back to 20."]) is None
    assert ground_sentence("Anything.", [], []) is None


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("ask <@U0123ABCD> now", "ask now"), ("<!channel> wake up", "wake up"), ("<!subteam^S1|ops> hi", "ops hi"), ("@here look, @channel", "here look, channel"),
        ("<https://evil.example.com|click>", "click"), ("see http://x.y/z?q=1 now", "see (link removed) now"), ("[docs](http://evil.com)", "docs"),
        ("![p](http://evil.com/p.png)", "p"), ("go to evil.com/login", "go to (link removed)"), ("javascript:alert(1)", "(link removed)"),
        ("<img src=x>", "img src=x"), ("=HYPERLINK(1)", "HYPERLINK(1)"), ("a\u202eb\u200bc\x1b[1m", "abc [1m"), ("two\nlines", "two lines"),
        ("latency < 5 s and > 2 s", "latency < 5 s and > 2 s"), ("mail jane@example.com", "mail jane@example.com"), ("checkout.svc fails", "checkout.svc fails"),
    ],
)  # fmt: skip
def test_nothing_in_a_text_can_act(text: str, plain: str) -> None:
    assert harmless(text) == plain


def test_hidden_characters_are_written_out() -> None:
    assert revealed("a\u200bb\x1b\n") == "a\\u{200b}b\\u{1b}\n"


WORDS = st.lists(
    st.sampled_from(
        [
            "checkout",
            "31 %",
            "97 %",
            "<!channel>",
            "http://e.com",
            "@here",
            "<@U123456>",
            "1.24 s",
            "03:12",
            "\u200b",
            "<",
            "E1",
            "|",
            "[a](b)",
            "99",
        ]
    )
    | st.text(max_size=12),
    max_size=12,
).map(" ".join)
FINDINGS = st.builds(
    Finding, WORDS, st.lists(st.sampled_from(["E1", "E2", "E3", "E9", ""]), max_size=4).map(tuple), st.sampled_from(Confidence)
)
SAID = st.builds(
    said,
    FINDINGS,
    FINDINGS,
    headline=FINDINGS,
    cause=st.none() | st.sampled_from(["checkout", "mainframe", ""]),
    unknowns=st.lists(WORDS, max_size=3).map(tuple),
    suggestions=st.lists(st.builds(replace, st.sampled_from(GIVEN), id=st.sampled_from(["S1", "S2", "S3"]), target=st.sampled_from(["checkout", "db"])), max_size=4).map(tuple),
)  # fmt: skip


@given(SAID)
@settings(max_examples=300, deadline=None)
def test_whatever_a_model_says_only_what_is_given_comes_out(assessment: Assessment) -> None:
    result = ground(assessment, EVIDENCE, GIVEN, SERVICES)
    assert all(item in GIVEN for item in result.suggestions)
    assert result.cause in {None, *SERVICES}
    by_id = {item.id: item for item in EVIDENCE}
    for finding in (result.headline, *result.findings, *result.ruled_out):
        assert set(finding.evidence) <= set(by_id)
        assert finding.evidence or finding.text == NOTHING_HOLDS
        assert invented_in(finding.text, known_in(by_id[name] for name in finding.evidence)) is None
        assert len(finding.text) <= 400
        assert not [sign for sign in ("<!", "<@", "http:", "@here", "97 %") if sign in finding.text]
        kinds = {by_id[name].kind for name in finding.evidence}
        assert finding.confidence is not Confidence.CONFIRMED or len(kinds) >= 2


@given(SAID)
@settings(max_examples=100, deadline=None)
def test_grounding_twice_changes_nothing_more(assessment: Assessment) -> None:
    once = ground(assessment, EVIDENCE, GIVEN, SERVICES)
    twice = ground(once, EVIDENCE, GIVEN, SERVICES)
    if once.headline.text != NOTHING_HOLDS:
        assert replace(twice, refused=0) == replace(once, refused=0)
