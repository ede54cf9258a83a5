"""What was shown is what was approved is what ran: every change in between is refused, in words."""

import re
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from app.adapters.store.sql import SqlStore
from app.domain.action import Risk
from app.domain.approval import Decision
from app.domain.errors import ActionRefused, ApprovalRefused
from app.domain.inventory import Approver
from app.domain.proposal import ProposalStatus
from tests.guards.stage import (
    ACTIONS,
    ALICE,
    APPROVERS,
    BOB,
    CAROL,
    POOL,
    Stage,
    a_policy,
    an_inventory,
)

OTHERS = tuple(spec for spec in ACTIONS if spec is not POOL)


def tamper(stage: Stage, statement: str, **values: Any) -> None:
    """What somebody with access to the database does behind Sitrep's back."""
    assert isinstance(stage.db, SqlStore)
    with stage.db._engine.begin() as connection:
        assert connection.execute(text(statement), values).rowcount >= 1


def test_s2_what_ran_is_exactly_what_was_shown_and_approved(stage: Stage) -> None:
    """One fingerprint on the card, in the decision, in the intent, in the run, and the same values at the target."""
    asked = stage.ask(stage.open_incident(), size=20)
    stage.click(asked)
    done = stage.run(asked)
    run = stage.run_of(asked)
    assert run is not None
    with stage.db.begin() as tx:
        decision, entries = tx.proposals.decisions(asked.id)[0], tx.timeline.of(asked.incident)
    sealed = [entry.data["fingerprint"] for entry in entries if entry.data.get("proposal") == asked.id]
    assert {asked.fingerprint, done.fingerprint, decision.fingerprint, run.fingerprint, *sealed} == {asked.fingerprint}
    assert [(item.action, item.target, item.parameters) for item in stage.hands.effects] == [
        ("set_pool", "checkout", {"size": 20})
    ]
    assert done.status is ProposalStatus.DONE
    assert stage.hands.actors == ["sitrep for U0ALICE"]


@pytest.mark.parametrize(
    ("what", "statement"),
    [
        ("parameters", "UPDATE proposals SET request = replace(request, '20', '90')"),
        ("target", "UPDATE proposals SET request = replace(request, 'checkout', 'payments')"),
        ("incident", 'UPDATE proposals SET request = replace(request, \'"environment":"test"\', \'"environment":"prod"\')'),
        ("the decision's fingerprint", "UPDATE decisions SET fingerprint = 'abc'"),
        ("the decision's person", "UPDATE decisions SET person = 'U0BOB'"),
        ("no to yes", "UPDATE decisions SET decision = 'deny'"),
        ("the risk", "UPDATE proposals SET risk = 1"),
        ("the policy", "UPDATE proposals SET policy = 'heal'"),
    ],
)
def test_s2_an_approved_proposal_that_was_edited_in_the_database_does_not_run(stage: Stage, what: str, statement: str) -> None:
    """Whatever row was changed between the yes and the run."""
    asked = stage.approved(stage.open_incident())
    tamper(stage, statement)
    after = stage.run(asked)
    assert stage.hands.effects == [], what
    assert after.status is ProposalStatus.REFUSED
    assert any(text.startswith("Nothing ran: ") for text in stage.notes(asked.incident))


def test_s2_a_proposal_and_its_decision_edited_together_do_not_run(stage: Stage) -> None:
    """The sealed timeline still knows what was approved."""
    asked = stage.approved(stage.open_incident())
    forged = replace(asked, request=replace(asked.request, parameters={"size": 99}))
    with stage.db.begin() as tx:
        tx.proposals.save(forged, was=ProposalStatus.APPROVED)
    tamper(stage, "UPDATE decisions SET fingerprint = :new", new=forged.fingerprint)
    after = stage.run(asked)
    assert "not for exactly this action" in after.reason
    assert stage.hands.effects == []


def test_s2_a_proposal_that_was_set_to_approved_by_hand_does_not_run(stage: Stage) -> None:
    """A status is no approval."""
    asked = stage.ask(stage.open_incident(), size=20)
    tamper(stage, "UPDATE proposals SET status = 'approved'")
    assert "not for exactly this action" in stage.run(asked).reason
    assert stage.hands.effects == []


def test_s2_a_forged_decision_row_does_not_count(stage: Stage) -> None:
    """Nor is a row: the approval was never sealed."""
    asked = stage.ask(stage.open_incident(), size=20)
    tamper(
        stage,
        "INSERT INTO decisions (proposal, person, fingerprint, decision, at, via) VALUES (:id, 'U0ALICE', :seal, 'approve', :at, 'chat')",
        id=asked.id,
        seal=asked.fingerprint,
        at="2026-03-14T03:00:00+00:00",
    )
    tamper(stage, "UPDATE proposals SET status = 'approved'")
    assert stage.run(asked).status is ProposalStatus.REFUSED
    assert stage.hands.effects == []


def test_s3_erasing_who_asked_does_not_let_them_approve(stage: Stage) -> None:
    """Who asked stands in the sealed timeline, not only in the row."""
    asked = stage.ask(stage.open_incident(), by=ALICE, size=20)
    tamper(stage, "UPDATE proposals SET requester = '', proposer = 'sitrep'")
    stage.click(asked, ALICE)
    after = stage.run(asked)
    assert "asked for this and approved it" in after.reason
    assert stage.hands.effects == []


def test_s2_a_link_for_one_fingerprint_does_not_approve_another(stage: Stage) -> None:
    """The door that knows what was shown says so."""
    asked = stage.ask(stage.open_incident(), size=20)
    with pytest.raises(ApprovalRefused, match="not the action that was shown"):
        stage.approve(asked.id, ALICE, Decision.APPROVE, seen="0" * 64)
    assert stage.read(asked).status is ProposalStatus.PENDING


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"actions": (replace(POOL, call={"size": "size", "rows": "size"}), *OTHERS)}, r"actions\.set_pool\.call\.rows"),
        ({"actions": (replace(POOL, probe=replace(POOL.probe, threshold=0.5)), *OTHERS)}, "probe"),
        ({"actions": (replace(POOL, risk=Risk.HIGH), *OTHERS)}, r"actions\.set_pool\.risk: 'medium' became 'high'"),
        ({"actions": (replace(POOL, version="2"), *OTHERS)}, r"version: '1' became '2'"),
        ({"approvers": (*APPROVERS, Approver("U0EVE", Risk.HIGH))}, "approvers"),
    ],
    ids=["call", "probe", "risk", "version", "approvers"],
)
def test_s2_a_change_of_the_rules_voids_what_waits_and_what_is_approved(stage: Stage, change: Any, words: str) -> None:
    """Before the click and between click and claim alike, with the difference in words."""
    stage.remember_rules()
    waiting = stage.ask(stage.open_incident(), size=20)
    approved = stage.approved(stage.open_incident(), target="payments")
    changed = stage.beside(an_inventory(**change))
    changed.remember_rules()
    answer = changed.click(waiting, BOB)
    assert "the rules changed after this was proposed" in answer
    after = changed.run(approved)
    for reason in (stage.read(waiting).reason, after.reason):
        assert "the rules changed" in reason
        assert re.search(words, reason), reason
    assert (stage.read(waiting).status, after.status) == (ProposalStatus.REFUSED, ProposalStatus.REFUSED)
    assert stage.hands.effects == []


def test_s2_an_action_that_left_the_catalogue_does_not_run(stage: Stage) -> None:
    """Also when it was approved before."""
    asked = stage.approved(stage.open_incident())
    after = stage.beside(an_inventory(actions=ACTIONS[:1])).run(asked)
    assert "has no action 'set_pool'" in after.reason
    assert stage.hands.effects == []


def test_s2_a_world_that_changed_after_the_proposal_is_refused_with_the_difference(stage: Stage) -> None:
    """The precondition people saw no longer holds."""
    asked = stage.approved(stage.open_incident())
    stage.hands.world["checkout"]["size"] = 7
    after = stage.run(asked)
    assert after.status is ProposalStatus.REFUSED
    assert "before was 3, is 7" in after.reason
    assert stage.hands.effects == []


def test_s2_a_true_in_the_place_of_a_one_is_a_change(stage: Stage) -> None:
    """Python thinks they are equal; the seal does not."""
    stage.hands.world["checkout"]["size"] = 1
    asked = stage.approved(stage.open_incident())
    stage.hands.world["checkout"]["size"] = True
    assert "before was 1, is True" in stage.run(asked).reason


def test_s2_what_can_no_longer_be_observed_is_not_run(stage: Stage) -> None:
    """Unseen is not unchanged."""
    from app.domain.errors import Unavailable

    asked = stage.approved(stage.open_incident())

    def fail() -> None:
        raise Unavailable("The platform does not answer.", "Try again.")

    stage.hands.while_looking = fail
    after = stage.run(asked)
    assert (after.status, stage.hands.effects) == (ProposalStatus.REFUSED, [])
    assert "does not answer" in after.reason


def test_s5_a_requirement_that_no_longer_holds_stops_the_run(stage: Stage) -> None:
    """And one that does not hold when it is asked for stops the proposal."""
    number = stage.open_incident()
    stage.hands.world["checkout"]["size"] = 1
    with pytest.raises(ActionRefused, match="before is 1 and must be at least 2"):
        stage.ask(number, "shrink", size=1)


@pytest.mark.parametrize("value", [float("nan"), True, None, "9"])
def test_s5_what_is_no_number_satisfies_no_bound(value: Any) -> None:
    """NaN compares as false to everything, which must not read as good enough."""
    from app.domain.guards import Requirement

    assert Requirement("size", at_least=2).problem({"size": value}).endswith("no number")
    assert Requirement("size", at_most=2).problem({"size": value}).endswith("no number")


def test_s5_one_is_not_true_in_a_requirement() -> None:
    """Types count; 1 and 1.0 are the same number."""
    from app.domain.guards import Requirement

    assert Requirement("on", equals=True).problem({"on": 1})
    assert Requirement("on", equals=1).problem({"on": 1.0}) == ""
    assert Requirement("on", equals=True).problem({}) == "on was not seen"


def test_s7_a_value_that_looks_like_a_placeholder_stays_as_it_is() -> None:
    """The title a person reads cannot be rewritten by a value."""
    from app.domain.action import Parameter, ParameterKind
    from app.services.propose import title_of

    words = (Parameter("a", ParameterKind.STRING, pattern=".*"), Parameter("b", ParameterKind.STRING, pattern=".*"))
    spec = replace(POOL, title="Set {a} and {b} of {target}", parameters=words)
    assert title_of(spec, "checkout", {"a": "{b}", "b": "{target}"}) == "Set {b} and {target} of checkout"


def test_s2_a_policy_cannot_be_borrowed_for_another_target_or_value(stage: Stage) -> None:
    """At the claim the policy must cover exactly what would run."""
    signed = stage.beside(an_inventory(standing=(a_policy(),)))
    for person in (ALICE, BOB):
        signed.say_to(person, "policy sign heal")
    number = signed.open_incident()
    for values in ({"target": "payments", "on": True}, {"target": "checkout", "on": False}):
        asked = signed.ask(number, "set_flag", str(values["target"]), on=values["on"])
        tamper(stage, "UPDATE proposals SET status = 'approved', policy = 'heal' WHERE id = :id", id=asked.id)
        assert "does not cover" in signed.run(asked).reason
    assert stage.hands.effects == []


def test_s2_a_policy_cannot_be_borrowed_by_calling_something_an_undo(stage: Stage) -> None:
    """An undo takes back exactly what the policy ran, or nothing."""
    signed = stage.beside(an_inventory(standing=(a_policy(),)))
    for person in (ALICE, BOB):
        signed.say_to(person, "policy sign heal")
    number = signed.open_incident()
    mine = signed.ask(number, "set_flag", on=True, by=CAROL)
    signed.click(mine)
    signed.run(mine)
    asked = signed.ask(number, "set_flag", on=False)
    statement = "UPDATE proposals SET status = 'approved', policy = 'heal', undo_of = :done WHERE id = :id"
    tamper(stage, statement, id=asked.id, done=mine.id)
    assert "does not cover" in signed.run(asked).reason
    assert len(stage.hands.effects) == 1
