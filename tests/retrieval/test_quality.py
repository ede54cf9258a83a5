"""Our own questions about our own runbooks: alerts, rewordings and slang find their page, and groups ask for each alert."""

import json
from pathlib import Path

import pytest

from retrieval.index import Index
from retrieval.queries import question_from, questions_from
from retrieval.vocabulary import said_plainly, synonyms
from retrieval.words import tokens
from tests.retrieval.corpus import own_runbooks

QUESTIONS = Path(__file__).parent / "data" / "questions.jsonl"


def _questions(kind: str) -> list[tuple[str, list[str]]]:
    lines = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
    return [(line["query"], line["relevant"]) for line in lines if line["kind"] == kind]


def _found(index: Index, kind: str, top: int) -> float:
    asked = _questions(kind)
    kinds = None if kind == "similar" else {"runbook"}
    hits = [
        any(hit.document_id in relevant for hit in index.search(query, top=top, kinds=kinds).ranked) for query, relevant in asked
    ]
    return sum(hits) / len(hits)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("kind", "top", "expected"),
    [("alert", 1, 0.95), ("hard", 5, 0.95), ("reworded", 5, 0.85), ("chat", 5, 0.85), ("similar", 5, 0.9)],
)
def test_our_own_questions_find_their_page(kind: str, top: int, expected: float) -> None:
    """A floor under what was measured, so that a change that loses a page is seen."""
    assert _found(own_runbooks(True), kind, top) >= expected


@pytest.mark.parametrize(("kind", "top", "expected"), [("alert", 1, 0.9), ("hard", 5, 0.9), ("chat", 5, 0.6)])
def test_words_alone_find_most_of_them(kind: str, top: int, expected: float) -> None:
    """The tier without vectors is a real tier."""
    assert _found(own_runbooks(False), kind, top) >= expected


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_questions_nobody_wrote_about_score_lower_than_those_with_a_page() -> None:
    """The score of the first hit tells them apart: nine times out of ten the question with a page has the higher one."""
    index = own_runbooks(True)

    def scores(kind: str) -> list[float]:
        return [index.search(query, top=1, kinds={"runbook"}).ranked[0].score for query, _ in _questions(kind)]

    answered, foreign = scores("hard") + scores("chat"), scores("offtopic")
    higher = sum(one > other for one in answered for other in foreign) / (len(answered) * len(foreign))
    assert higher >= 0.9


def test_slang_is_understood() -> None:
    """What is typed in a hurry brings the words that runbooks use, and the encoder gets to read them too."""
    assert "deploy" in said_plainly("we shipped twenty minutes ago")
    assert said_plainly("disk usage above 85 percent") == "disk usage above 85 percent"
    ways = synonyms(tokens("no space left on device"))
    assert any("pressur" in "".join(way) for way, _ in ways[0])


def test_a_group_of_alerts_asks_for_each_of_them() -> None:
    """Both pages of a group with two alert names are found, and many alerts of one name stay one question."""
    alerts = [
        {"status": "firing", "labels": {"alertname": name, "service": "checkout"}, "annotations": {"summary": summary}}
        for name, summary in (
            ("NodeClockSkewDetected", "clock is out of sync"),
            ("KafkaConsumerLagHigh", "consumer group is behind"),
            ("KafkaConsumerLagHigh", "consumer group is behind"),
        )
    ]
    body = json.dumps({"version": "4", "status": "firing", "alerts": alerts})
    assert len(questions_from(body)) == 2
    assert {hit.document_id for hit in own_runbooks(False).search(body, top=2, kinds={"runbook"}).ranked} == {
        "clock-skew",
        "kafka-consumer-lag",
    }
    assert len(questions_from(json.dumps({"alerts": alerts[1:]}))) == 1


def test_the_slug_of_a_runbook_link_counts_as_a_name() -> None:
    """The person who wrote the alert has said which page it is."""
    body = {
        "alerts": [
            {
                "labels": {"alertname": "ShopAlert17"},
                "annotations": {"summary": "threshold crossed", "runbook_url": "https://wiki.example/runbooks/cache-stampede.md"},
            }
        ]
    }
    assert "cache-stampede" in [text for text, _ in question_from(body).parts]
    assert own_runbooks(False).search(body, top=1).ranked[0].document_id == "cache-stampede"
