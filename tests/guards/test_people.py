"""Who may say yes: asked at the click and again when the run is claimed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from app.domain.action import Risk
from app.domain.approval import Decision
from app.domain.errors import ApprovalRefused, OutcomeUnknown, Refused, RoomBusy, SitrepError, Unavailable
from app.domain.evidence import Finding, Suggestion
from app.domain.inventory import Approver
from app.domain.permission import explain
from app.domain.person import Person
from app.domain.proposal import ProposalStatus
from tests.guards.stage import ACTIONS, ALICE, BOB, CAROL, DAVE, Stage, an_inventory, people


def test_s3_who_asked_never_approves_medium_risk(stage: Stage) -> None:
    """The refusal says that another approver is needed, and stands in the record."""
    asked = stage.ask(stage.open_incident(), by=ALICE, size=20)
    with pytest.raises(ApprovalRefused, match="needs a second person"):
        stage.click(asked, ALICE)
    assert "Refused <@U0ALICE>'s approve" in stage.notes(asked.incident)[-1]
    stage.click(asked, BOB)
    assert stage.run(asked).status is ProposalStatus.DONE


def test_s3_who_adopted_a_suggestion_never_approves_it(stage: Stage) -> None:
    """Sitrep proposed, Alice asked for the same: she is the requester now, and nobody after her takes that place."""
    number = stage.open_incident()
    suggested, _ = stage.propose.suggestion(
        number, Suggestion("S1", "set_pool", "checkout", {"size": 20}, Finding("It helps.", ()))
    )
    asked = stage.ask(number, by=ALICE, size=20)
    assert (asked.id, asked.requester) == (suggested.id, "U0ALICE")
    assert stage.ask(number, by=BOB, size=20).requester == "U0ALICE"
    with pytest.raises(ApprovalRefused, match="second person"):
        stage.click(asked, ALICE)


def test_low_risk_may_be_approved_by_whoever_asked(stage: Stage) -> None:
    """As the rules say, and `policy explain` too."""
    asked = stage.ask(stage.open_incident(), "set_flag", by=DAVE, on=True)
    stage.click(asked, DAVE)
    assert stage.run(asked).status is ProposalStatus.DONE


def test_s3_high_risk_needs_two_different_people(stage: Stage) -> None:
    """One person twice is one person."""
    asked = stage.ask(stage.open_incident(), "drop_table", size=1)
    assert "needs one more person" in stage.click(asked, ALICE)
    assert stage.run(asked).status is ProposalStatus.PENDING
    with pytest.raises(ApprovalRefused, match="second, different person"):
        stage.click(asked, ALICE)
    assert stage.click(asked, BOB).endswith("approved.")
    assert stage.run(asked).status is ProposalStatus.DONE
    assert len(stage.hands.effects) == 1


def test_s3_one_denial_ends_a_proposal_that_one_person_approved(stage: Stage) -> None:
    """Saying no is as easy as saying yes, for every member."""
    asked = stage.ask(stage.open_incident(), "drop_table", size=1)
    stage.click(asked, ALICE)
    assert stage.click(asked, CAROL, Decision.DENY).endswith("denied.")
    with pytest.raises(ApprovalRefused, match="already denied"):
        stage.click(asked, BOB)
    assert stage.run(asked).status is ProposalStatus.DENIED
    assert stage.hands.effects == []


@pytest.mark.parametrize("user", ["U0GUEST", "U0BOT", "U0OUT", "U0GONE"])
@pytest.mark.parametrize("decision", list(Decision))
def test_s3_guests_bots_outsiders_and_people_who_left_decide_nothing(stage: Stage, user: str, decision: Decision) -> None:
    """Not even where the configuration names them as approvers."""
    asked = stage.ask(stage.open_incident(), "set_flag", on=True)
    with pytest.raises(ApprovalRefused, match="Guests, bots and people from other workspaces"):
        stage.click(asked, people()[user], decision)
    assert stage.read(asked).status is ProposalStatus.PENDING


@pytest.mark.parametrize("user", ["U0GUEST", "U0BOT", "U0OUT", "U0GONE"])
def test_s3_guests_bots_and_outsiders_ask_for_nothing_either(stage: Stage, user: str) -> None:
    """Also not with a rule for everybody."""
    with pytest.raises(ApprovalRefused, match="cannot ask for actions"):
        stage.ask(stage.open_incident(), by=people()[user], size=20)


@pytest.mark.parametrize(
    "lose",
    [
        lambda stage: stage.roster.change("U0ALICE", deactivated=True),
        lambda stage: stage.roster.change("U0ALICE", guest=True),
        lambda stage: stage.roster.people.pop("U0ALICE"),
    ],
    ids=["deactivated", "made a guest", "removed"],
)
def test_s3_a_role_lost_between_approval_and_claim_counts_no_more(stage: Stage, lose: Callable[[Stage], None]) -> None:
    """Asked of the chat once more at the claim."""
    asked = stage.approved(stage.open_incident())
    lose(stage)
    after = stage.run(asked)
    assert after.status is ProposalStatus.REFUSED
    assert "cannot approve" in after.reason
    assert stage.hands.effects == []


def test_s3_a_role_taken_from_the_rules_counts_no_more(stage: Stage) -> None:
    """Even if the policy version were the same: the role itself is asked for again."""
    asked = stage.approved(stage.open_incident())
    inventory = an_inventory(approvers=(Approver("U0BOB", Risk.HIGH),))
    after = stage.beside(replace(inventory, policy_version=stage.inventory.policy_version)).run(asked)
    assert "no role to approve set_pool on checkout" in after.reason
    assert "<@U0BOB>" in after.reason


@pytest.mark.parametrize(
    "problem",
    [Unavailable("The chat is down."), RoomBusy("Too many calls.", 30), OutcomeUnknown("No answer came.")],
    ids=["down", "busy", "silent"],
)
def test_s3_with_the_chat_down_the_identity_of_the_click_stands(stage: Stage, problem: SitrepError) -> None:
    """Approved work goes on; the role in the rules is still asked for."""
    asked = stage.approved(stage.open_incident())
    stage.roster.problem = problem
    assert stage.run(asked).status is ProposalStatus.DONE


def test_s3_a_chat_that_refuses_to_say_who_it_is_stops_the_run(stage: Stage) -> None:
    """A named end, not an approval that hangs for ever."""
    asked = stage.approved(stage.open_incident())
    stage.roster.problem = Refused("The token was revoked.", "Install the app again.")
    after = stage.run(asked)
    assert (after.status, stage.hands.effects) == (ProposalStatus.REFUSED, [])
    assert "token was revoked" in after.reason


def test_s3_an_approver_up_to_low_cannot_approve_medium_and_is_told_who_can(stage: Stage) -> None:
    """By name."""
    asked = stage.ask(stage.open_incident(), size=20)
    with pytest.raises(ApprovalRefused, match="medium risk") as refusal:
        stage.click(asked, DAVE)
    assert "<@U0ALICE>, <@U0BOB>" in refusal.value.hint


def test_s3_roles_are_bound_to_service_and_action(stage: Stage) -> None:
    """A role for payments approves nothing on checkout, nor another action."""
    roles = (Approver("U0DAVE", Risk.HIGH, ("payments",)), Approver("U0BOB", Risk.HIGH, ("*",), ("drop_table",)))
    strict = stage.beside(an_inventory(approvers=roles))
    asked = strict.ask(strict.open_incident(), size=20)
    for person in (DAVE, BOB):
        with pytest.raises(ApprovalRefused, match="no role to approve"):
            strict.click(asked, person)


def test_deny_by_default_for_requesters(stage: Stage) -> None:
    """Without a rule nobody but owners, responders and approvers may ask."""
    strict = stage.beside(an_inventory(requesters=()))
    number = strict.open_incident()
    with pytest.raises(ApprovalRefused, match="no role to ask for set_pool on checkout"):
        strict.ask(number, by=Person("U0EVE"), size=20)
    assert strict.ask(number, by=CAROL, size=20).requester == "U0CAROL"


@pytest.mark.parametrize(
    ("user", "action", "words"),
    [
        ("U0EVE", "set_pool", "U0EVE may not approve it: no role under approvers."),
        ("U0DAVE", "set_pool", "U0DAVE may not approve it: the role reaches low risk only."),
        ("U0ALICE", "set_pool", "U0ALICE may not approve it after asking for it: medium risk needs a second person."),
        ("U0ALICE", "drop_table", "drop_table on checkout has high risk and needs 2 approval(s)."),
        ("U0CAROL", "set_pool", "U0CAROL may ask for it: a rule under requesters covers it."),
    ],
)
def test_explain_says_who_may_and_why_not(stage: Stage, user: str, action: str, words: str) -> None:
    """The same rules that decide, in words."""
    assert words in explain(user, action, "checkout", stage.inventory, stage.time.now()).lines


def test_explain_and_the_gate_never_disagree(stage: Stage) -> None:
    """For every person, action and target: what explain promises is what a click gets."""
    for spec in ACTIONS:
        number = stage.open_incident()
        for target in spec.targets:
            values: dict[str, Any] = {"on": True, "size": 20, "label": "green"}
            name = spec.parameters[0].name
            asked = stage.ask(number, spec.name, target, **{name: values[name]})
            for person in (ALICE, BOB, DAVE, Person("U0EVE")):
                promised = explain(person.id, spec.name, target, stage.inventory, stage.time.now()).may_approve
                assert _may_click(stage, asked.id, person) is promised, (person.id, spec.name, target)


def _may_click(stage: Stage, proposal: str, person: Person) -> bool:
    from app.domain.approval import check_decision

    try:
        check_decision(stage.read(proposal), person, Decision.APPROVE, stage.inventory, stage.time.now())
    except ApprovalRefused:
        return False
    return True


def test_s3_a_late_no_from_a_database_row_stops_an_approved_run(stage: Stage) -> None:
    """A denial on record wins over everything."""
    asked = stage.ask(stage.open_incident(), "drop_table", size=1)
    stage.click(asked, ALICE)
    stage.click(asked, BOB)
    with stage.db.begin() as tx:
        from app.domain.approval import Approval

        tx.proposals.decide(Approval(asked.id, asked.fingerprint, "U0CAROL", Decision.DENY, tx.now()))
    assert "Somebody denied this" in stage.run(asked).reason
