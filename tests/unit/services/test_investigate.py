"""One look: rules answer first and always, a model may answer after them, and the card says who spoke."""

from dataclasses import replace
from datetime import timedelta

from app.domain.change import Change
from app.domain.errors import Unavailable
from app.domain.evidence import Assessment, Tier
from app.domain.incident import Status
from app.domain.proposal import ProposalStatus, Verdict
from app.domain.timeline import EntryKind
from app.services.compose import Compose
from app.services.intake import Intake
from tests.builders import NOW, a_proposal, a_signal
from tests.fakes.sources import FakeAnalyst, points
from tests.unit.services.stage import Stage, said


def _broken(stage: Stage) -> None:
    """Checkout's error ratio rose right after a config change."""
    start = NOW - timedelta(minutes=10)
    stage.metrics.stored[("checkout", "error_ratio")] = points(start, [0.01] * 32 + [0.4] * 12)
    stage.changes.changes = [
        Change(NOW - timedelta(minutes=2, seconds=30), "checkout", "config", "pool 20 to 3", key="size", before="20", after="3")
    ]
    stage.clock.advance(60)


def _latest(stage: Stage, number: int = 1) -> Assessment:
    with stage.store.begin() as tx:
        latest = tx.assessments.latest(number)
    assert latest is not None
    return latest


def test_rules_name_the_suspect_cite_every_sentence_and_propose_one_fix(stage: Stage) -> None:
    """Without a model."""
    stage.incident()
    _broken(stage)
    tasks = stage.investigate(1)
    latest = _latest(stage)
    assert latest.tier is Tier.RULES
    assert latest.cause == "checkout"
    assert latest.headline.text.startswith("checkout went wrong")
    with stage.store.begin() as tx:
        known = {item.id for item in tx.evidence.of(1)}
        [proposal] = tx.proposals.of(1)
    assert all(finding.evidence and set(finding.evidence) <= known for finding in (latest.headline, *latest.findings))
    assert proposal.status is ProposalStatus.PENDING
    assert proposal.request.target == "checkout"
    assert stage.stored().status is Status.IDENTIFIED
    assert {task.name for task in tasks} == {"send"}


def test_looking_twice_says_nothing_twice(stage: Stage) -> None:
    """Neither the timeline nor the proposals grow."""
    stage.incident()
    _broken(stage)
    stage.investigate(1)
    entries = len(stage.entries())
    stage.investigate(1)
    assert len(stage.entries()) == entries
    with stage.store.begin() as tx:
        assert len(tx.proposals.of(1)) == 1
        assert len(tx.assessments.of(1)) == 1


def test_where_nothing_is_seen_rules_abstain(stage: Stage) -> None:
    """No cause, no proposal, and the status says that somebody looks."""
    stage.incident()
    stage.investigate(1)
    assert _latest(stage).cause is None
    assert stage.stored().status is Status.INVESTIGATING
    with stage.store.begin() as tx:
        assert list(tx.proposals.of(1)) == []


def test_an_incident_that_is_over_is_not_looked_at(stage: Stage) -> None:
    """Late tasks change nothing."""
    incident = stage.incident()
    with stage.store.begin() as tx:
        tx.incidents.save(incident.move_to(Status.RESOLVED, NOW))
    assert stage.investigate(1) == []
    assert stage.entries() == []


def test_an_incident_being_fixed_keeps_its_status(stage: Stage) -> None:
    """A look does not set anybody back."""
    incident = stage.incident()
    with stage.store.begin() as tx:
        tx.incidents.save(incident.move_to(Status.FIXING, NOW))
    _broken(stage)
    stage.investigate(1)
    assert stage.stored().status is Status.FIXING


def test_the_model_speaks_after_the_rules_and_only_what_is_grounded_is_kept(stage: Stage) -> None:
    """An invented source costs a sentence its place; the card names the tier and the count."""
    stage.analyst = FakeAnalyst(
        says=Assessment(
            incident=1,
            tier=Tier.MODEL,
            headline=said("The pool of checkout is too small.", "E1"),
            findings=(said("The moon did it.", "E99"), said("Errors rose after the change.", "E1", "E2")),
            suggestions=(),
            written_at=NOW,
            cause="checkout",
            model="test-model",
        )
    )
    stage.incident()
    _broken(stage)
    stage.investigate(1)
    latest = _latest(stage)
    assert latest.tier is Tier.MODEL
    assert [finding.text for finding in latest.findings] == ["Errors rose after the change."]
    assert latest.refused == 1
    assert latest.suggestions
    assert [entry.actor for entry in stage.entries() if entry.kind is EntryKind.FINDING] == [
        "sitrep (rules and statistics)",
        "sitrep (model)",
    ]


def test_a_model_that_is_down_leaves_the_rules_answer_and_the_card_says_so(stage: Stage) -> None:
    """The tier and the reason."""
    stage.analyst = FakeAnalyst(down="The model did not answer within 20 s.")
    stage.incident()
    _broken(stage)
    stage.investigate(1)
    card = Compose(stage.store, stage.inventory, stage.clock).card(1)
    assert card.assessment is not None
    assert card.assessment.tier is Tier.RULES
    assert card.assessment.degraded == "The model did not answer within 20 s."
    assert card.assessment.cause == "checkout"


def test_what_neither_rules_nor_model_could_see_stands_together_once(stage: Stage) -> None:
    """A model cannot talk away what Sitrep could not see."""
    stage.logs.down = "The log store does not answer."
    missing = "The log store does not answer. Look at it."
    stage.analyst = FakeAnalyst(
        says=Assessment(
            incident=1,
            tier=Tier.MODEL,
            headline=said("The pool of checkout is too small.", "E1"),
            findings=(),
            suggestions=(),
            written_at=NOW,
            unknowns=("Whether the customers noticed.", missing),
        )
    )
    stage.incident()
    _broken(stage)
    stage.investigate(1)
    assert _latest(stage).unknowns == (missing, "Whether the customers noticed.")


def test_what_was_tried_in_vain_or_denied_is_not_proposed_again(stage: Stage) -> None:
    """People said no, or the probe did."""
    for number, ended in (
        (1, {"status": ProposalStatus.DENIED}),
        (2, {"status": ProposalStatus.DONE, "verdict": Verdict.NO_CHANGE}),
    ):
        stage.incident()
        request = replace(a_proposal().request, parameters={"size": 20}, incident=number)
        with stage.store.begin() as tx:
            tx.proposals.add(replace(a_proposal(incident=number, name=f"old_{number}"), request=request, **ended))
    _broken(stage)
    for number in (1, 2):
        stage.investigate(number)
        assert _latest(stage, number).suggestions == ()
        with stage.store.begin() as tx:
            assert len(tx.proposals.of(number)) == 1


def test_while_a_proposal_waits_no_other_one_is_made(stage: Stage) -> None:
    """One card at a time asks for a decision."""
    stage.incident()
    with stage.store.begin() as tx:
        tx.proposals.add(replace(a_proposal(), request=replace(a_proposal().request, parameters={"size": 50})))
    _broken(stage)
    stage.investigate(1)
    with stage.store.begin() as tx:
        assert len(tx.proposals.of(1)) == 1


def test_a_fix_that_cannot_be_proposed_is_said_once(stage: Stage) -> None:
    """The target's state cannot be read, for example; the timeline keeps it and the channel hears it."""

    class Blind:
        """An observer who sees nothing."""

        def observe(self, *_: object) -> dict[str, object]:
            """Refuses."""
            raise Unavailable("The target does not answer.", "Look at it.")

    stage.incident()
    _broken(stage)
    investigate = replace(stage.investigate, propose=replace(stage.propose, observer=Blind()))  # type: ignore[arg-type]
    investigate(1)
    investigate(1)
    errors = [entry.text for entry in stage.entries() if entry.kind is EntryKind.ERROR]
    assert errors == ["Could not propose set_pool on checkout: The target does not answer. Look at it."]


def test_alerts_count_as_evidence_for_the_headline(stage: Stage) -> None:
    """A firing alert without a number behind it is said as it is."""
    Intake(stage.store, stage.inventory, stage.clock, stage.say)([a_signal()], "d1")
    stage.investigate(1)
    assert _latest(stage).headline.text == "The alert fires, and no number Sitrep can see explains it yet."
