"""Answers cite what they rest on, or say that nothing fits."""

from app.domain.evidence import Assessment, Tier
from app.domain.messages import Answer, Passage
from app.services.answer import similar_question
from tests.builders import NOW, a_signal
from tests.fakes.sources import FakeAnalyst
from tests.unit.services.stage import Stage, a_number, said

POOL = Passage("pool#mend", "runbook", "Connection pool", "Raise the pool.", 0.9)


def _assessed(stage: Stage) -> None:
    stage.incident()
    with stage.store.begin() as tx:
        tx.evidence.put(1, a_number())
        tx.assessments.add(
            Assessment(1, Tier.RULES, said("Checkout fails.", "E1"), (said("Errors are at 40 %.", "E1"),), (), NOW)
        )


def test_passages_answer_with_their_ids(stage: Stage) -> None:
    """And the tier says that no model spoke."""
    stage.knowledge.passages = [POOL]
    answer = stage.answer("how do I raise the pool")
    assert answer.sentences == ("Raise the pool. [pool#mend]",)
    assert answer.tier == "rules and retrieval, no model"
    assert answer.is_confident


def test_a_long_passage_is_cut_at_a_word(stage: Stage) -> None:
    """What is cited can be read in full at its source."""
    stage.knowledge.passages = [Passage("long", "runbook", "pool", "word " * 200, 0.9)]
    [sentence] = stage.answer("pool").sentences
    assert sentence.endswith("word … [long]")
    assert len(sentence) < 340


def test_where_nothing_fits_it_says_so(stage: Stage) -> None:
    """No guess."""
    answer = stage.answer("how is the weather")
    assert answer.sentences == ("Nothing in memory matches this well enough to answer.",)
    assert not answer.is_confident


def test_asked_about_now_it_gives_the_findings_with_their_evidence(stage: Stage) -> None:
    """In the incident's channel."""
    _assessed(stage)
    answer = stage.answer("what is happening?", 1)
    assert answer.sentences == ("Checkout fails. [E1]", "Errors are at 40 %. [E1]")
    assert answer.is_confident


def test_asked_about_something_else_it_does_not_repeat_the_findings(stage: Stage) -> None:
    """Only memory answers."""
    _assessed(stage)
    stage.knowledge.passages = [POOL]
    assert stage.answer("raise pool please", 1).sentences == ("Raise the pool. [pool#mend]",)


def test_with_memory_down_the_findings_still_answer_and_the_tier_says_why(stage: Stage) -> None:
    """What is down is named."""
    _assessed(stage)
    stage.knowledge.down = "The index cannot be read."
    answer = stage.answer("why?", 1)
    assert answer.sentences[0] == "Checkout fails. [E1]"
    assert answer.tier == "rules and retrieval, no model; The index cannot be read."


def test_a_model_answers_where_there_is_something_to_cite(stage: Stage) -> None:
    """And is not asked where there is nothing."""
    prepared = Answer("q", ("Raise it. [pool#mend]",), (POOL,), "model")
    stage.analyst = FakeAnalyst(answers=prepared)
    assert not stage.answer("weather").is_confident
    stage.knowledge.passages = [POOL]
    assert stage.answer("pool") == prepared


def test_a_model_that_is_down_leaves_the_plain_answer(stage: Stage) -> None:
    """With the reason in the tier."""
    stage.analyst = FakeAnalyst(down="The model is down.")
    stage.knowledge.passages = [POOL]
    answer = stage.answer("pool")
    assert answer.sentences == ("Raise the pool. [pool#mend]",)
    assert answer.tier.endswith("; The model is down.")


def test_similar_incidents_are_searched_by_title_service_and_alerts(stage: Stage) -> None:
    """The words a past incident would share."""
    stage.incident()
    with stage.store.begin() as tx:
        tx.signals.put(1, a_signal())
    assert similar_question(1, stage.store) == "checkout fails checkout ErrorsHigh ErrorsHigh on checkout"
