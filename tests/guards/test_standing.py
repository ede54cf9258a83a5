"""Standing policies: what people approved beforehand, exactly, runs once; everything else is left to people."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.errors import ApprovalRefused, OutcomeUnknown, Refused, Unavailable
from app.domain.incident import Status
from app.domain.inventory import Inventory
from app.domain.person import Person
from app.domain.policy import Bound
from app.domain.proposal import Proposal, ProposalStatus, Verdict
from tests.builders import a_signal
from tests.fakes.clock import START
from tests.guards.stage import ACTIONS, ALICE, BOB, CAROL, DAVE, Stage, a_policy, an_inventory


def signed(stage: Stage, *signers: Person, inventory: Inventory | None = None, **more: Any) -> Stage:
    """A replica with the policy, signed by these people (Alice and Bob unless told)."""
    with_policy = stage.beside(inventory or an_inventory(standing=(a_policy(**more),)))
    for person in signers or (ALICE, BOB):
        with_policy.say_to(person, "policy sign heal")
    return with_policy


def met(stage: Stage, number: int) -> list[Proposal]:
    """What the policy started when its alert fired."""
    stage.work(stage.tell(number=number))
    with stage.db.begin() as tx:
        return [item for item in tx.proposals.of(number) if item.policy == "heal"]


def declined(stage: Stage, number: int) -> str:
    """Why it did not act, as the timeline says; fails if it acted."""
    assert met(stage, number) == []
    assert stage.hands.effects == []
    (note,) = [text for text in stage.notes(number) if "did not act" in text]
    return note


def test_a_policy_signed_by_two_runs_at_once_and_says_so(stage: Stage) -> None:
    """Within the same moment, with its authority on record."""
    ready = signed(stage)
    number = ready.open_incident()
    (ran,) = met(ready, number)
    assert ran.status is ProposalStatus.DONE
    assert [(item.action, item.target, item.parameters) for item in stage.hands.effects] == [
        ("set_flag", "checkout", {"on": True})
    ]
    assert stage.hands.actors == ["sitrep for the standing policy heal"]
    assert any("The standing policy 'heal' approves: Set flag of checkout to true" in text for text in ready.notes(number))


@pytest.mark.parametrize(("signers", "count"), [((), 0), ((ALICE,), 1)])
def test_s2_a_policy_without_two_signatures_does_not_act(stage: Stage, signers: tuple[Person, ...], count: int) -> None:
    """And says how many it has, once."""
    ready = stage.beside(an_inventory(standing=(a_policy(),)))
    for person in signers:
        ready.say_to(person, "policy sign heal")
    number = ready.open_incident()
    assert f"has {count} of 2 signatures" in declined(ready, number)
    assert f"has {count} of 2 signatures" in declined(ready, number)


def test_s3_a_signature_needs_the_role_and_a_second_different_person(stage: Stage) -> None:
    """Carol has no role, Alice signs once; a guest signs nothing."""
    ready = signed(stage, ALICE)
    with pytest.raises(ApprovalRefused, match="no role to approve set_flag"):
        ready.say_to(CAROL, "policy sign heal")
    with pytest.raises(ApprovalRefused, match="signed exactly this already"):
        ready.say_to(ALICE, "policy sign heal")
    with pytest.raises(Refused, match="can look, not change"):
        ready.say_to(Person("U0GUEST", is_guest=True), "policy sign heal")
    assert ready.say_to(DAVE, "policy sign heal").endswith("It is active.")


def test_s3_a_signature_of_somebody_who_lost_the_role_counts_no_more(stage: Stage) -> None:
    """The role is asked for whenever it would act."""
    signed(stage)
    weaker = stage.beside(an_inventory(standing=(a_policy(),), approvers=an_inventory().approvers[1:]))
    assert "has 1 of 2 signatures" in declined(weaker, weaker.open_incident())


@pytest.mark.parametrize(
    "changed",
    [
        {"budget_per_hour": 6},
        {"alerts": ("ErrorsHigh", "Other")},
        {"min_success": 0.1},
        {"expires_at": START + timedelta(days=60)},
        {"bounds": {"on": Bound()}, "parameters": {"on": True}},
    ],
)
def test_s2_a_changed_policy_needs_new_signatures(stage: Stage, changed: dict[str, Any]) -> None:
    """Whatever was changed in it."""
    signed(stage)
    other = stage.beside(an_inventory(standing=(a_policy(**changed),)))
    assert "has 0 of 2 signatures" in declined(other, other.open_incident())


def test_s2_a_change_of_the_entry_it_leads_to_voids_the_signatures(stage: Stage) -> None:
    """Also of the undo."""
    signed(stage)
    entry = replace(ACTIONS[0], call={"flag": "on", "size": "on"})
    other = stage.beside(an_inventory(standing=(a_policy(),), actions=(entry, *ACTIONS[1:])))
    assert "has 0 of 2 signatures" in declined(other, other.open_incident())


def test_a_revoked_policy_does_not_act_until_it_is_signed_again(stage: Stage) -> None:
    """Anybody may stop it."""
    ready = signed(stage)
    assert "lost 2 signature(s)" in ready.say_to(CAROL, "policy revoke heal")
    number = ready.open_incident()
    assert "has 0 of 2" in declined(ready, number)
    for person in (ALICE, BOB):
        ready.say_to(person, "policy sign heal")
    assert len(met(ready, number)) == 1


def test_an_expired_policy_does_not_act(stage: Stage) -> None:
    """By the day it was signed for."""
    ready = signed(stage, expires_at=START + timedelta(seconds=1))
    stage.time.advance(1)
    assert "expired on 2026-03-14" in declined(ready, ready.open_incident())


def test_a_used_budget_leaves_the_rest_to_people(stage: Stage) -> None:
    """One an hour; after an hour there is a new one."""
    ready = signed(stage, budget_per_hour=1)
    assert len(met(ready, ready.open_incident())) == 1
    stage.hands.world["checkout"]["flag"] = False
    second = ready.open_incident()
    assert met(ready, second) == []
    assert any("used its budget of 1 an hour" in text for text in ready.notes(second))
    stage.time.advance(3601)
    assert len(met(ready, ready.open_incident())) == 1


def test_a_track_record_below_the_bar_leaves_it_to_people(stage: Stage) -> None:
    """A lower bound from nothing is nothing; the numbers are said."""
    ready = signed(stage, min_success=0.5)
    assert "recovered checkout 0 of 0 times" in declined(ready, ready.open_incident())


def test_a_track_record_that_clears_the_bar_lets_it_act(stage: Stage) -> None:
    """Earned by runs that people approved."""
    ready = signed(stage, min_success=0.3)
    for _ in range(6):
        stage.hands.world["checkout"]["flag"] = False
        stage.gauge.show("checkout", stage.time.now(), 0.4)
        stage.time.advance(70)
        earned = ready.approved(ready.open_incident(), "set_flag", on=True)
        ready.run(earned)
        stage.gauge.show("checkout", stage.time.now(), 0.0)
        ready.pass_time(20, step=4)
        assert ready.read(earned).verdict is Verdict.RECOVERED
    stage.hands.world["checkout"]["flag"] = False
    number = ready.open_incident()
    assert len(met(ready, number)) == 1
    assert any("it recovered 6 of 6 times" in text for text in ready.notes(number))


def test_s9_a_frozen_policy_does_not_act(stage: Stage) -> None:
    """The kill switch is for everybody."""
    ready = signed(stage)
    ready.say_to(CAROL, "freeze")
    assert "Actions are frozen by <@U0CAROL>" in declined(ready, ready.open_incident())


def test_only_its_own_alert_on_its_own_service_starts_it(stage: Stage) -> None:
    """And only while the alert fires."""
    ready = signed(stage)
    number = ready.open_incident()
    for signal in (a_signal("Other"), a_signal(service="payments"), a_signal(firing=False), a_signal("errorshigh")):
        ready.work(ready.tell([signal], number))
    assert stage.hands.effects == []


def _ran_without_help(stage: Stage, after: float | None) -> tuple[Stage, int]:
    """A signed policy ran while the metric was bad; then the metric shows `after`, and the window passes."""
    ready = signed(stage)
    stage.gauge.show("checkout", stage.time.now(), 0.4)
    stage.time.advance(60)
    number = ready.open_incident()
    met(ready, number)
    stage.gauge.show("checkout", stage.time.now(), after)
    ready.pass_time(40, step=4)
    return ready, number


@pytest.mark.parametrize(("after", "words"), [(0.4, "no change"), (0.9, "worse")])
def test_a_policy_that_did_not_help_is_undone_once_and_people_are_called_once(stage: Stage, after: float, words: str) -> None:
    """Whoever looks how often."""
    ready, number = _ran_without_help(stage, after)
    first, undo = met(ready, number)
    ready.standing.hand_over(first.id)
    ready.pass_time(60, step=6)
    assert [dict(item.parameters) for item in stage.hands.effects] == [{"on": True}, {"on": False}]
    assert (undo.undo_of, ready.read(undo).status) == (first.id, ProposalStatus.DONE)
    called = [text for text in ready.said() if "People decide now" in text]
    who = "<@U0ALICE> <@U0CAROL> The policy 'heal' ran: Set flag of checkout to true."
    assert called == [f"{who} Its probe says {words}. Sitrep takes it back. People decide now."]


def test_a_policy_whose_effect_cannot_be_seen_is_not_undone_and_people_are_called(stage: Stage) -> None:
    """Unknown is not harmful."""
    ready, number = _ran_without_help(stage, None)
    assert [item.verdict for item in met(ready, number)] == [Verdict.UNKNOWN]
    assert len(stage.hands.effects) == 1
    (called,) = [text for text in ready.said() if "People decide now" in text]
    assert "Its probe says unknown. It was not taken back." in called


def test_a_policy_that_helped_calls_nobody(stage: Stage) -> None:
    """The incident moves on to monitoring."""
    ready, number = _ran_without_help(stage, 0.0)
    assert [item.verdict for item in met(ready, number)] == [Verdict.RECOVERED]
    assert [text for text in ready.said() if "People decide now" in text] == []
    with ready.db.begin() as tx:
        assert tx.incidents.get(number).status is Status.MONITORING


@pytest.mark.parametrize(
    ("answer", "words"),
    [(Unavailable("Connection refused."), "could not run"), (("after", OutcomeUnknown("Silence.")), "unknown outcome")],
)
def test_a_policy_whose_run_failed_calls_people(stage: Stage, answer: Any, words: str) -> None:
    """A silent failure would leave everybody waiting."""
    ready = signed(stage)
    stage.hands.answers.append(answer)
    number = ready.open_incident()
    met(ready, number)
    ready.pass_time(50, step=5)
    (called,) = [text for text in ready.said() if "People decide now" in text]
    assert words in called
    assert all(not item.undo_of for item in met(ready, number))


def test_a_policy_refused_at_the_claim_calls_people(stage: Stage) -> None:
    """The world moved between its proposal and its run."""
    ready = signed(stage)
    number = ready.open_incident()
    tasks = ready.tell(number=number)
    stage.hands.world["checkout"]["flag"] = "broken"
    ready.work(tasks)
    (called,) = [text for text in ready.said() if "People decide now" in text]
    assert "could not run" in called
    assert "before was False, is 'broken'" in called
    assert stage.hands.effects == []


def test_an_undo_that_cannot_run_is_said_too(stage: Stage) -> None:
    """People believed that it was being taken back."""
    ready = signed(stage)
    stage.gauge.show("checkout", stage.time.now() - timedelta(minutes=1), 0.4)
    number = ready.open_incident()
    met(ready, number)
    stage.hands.answers.append(Unavailable("Connection refused."))
    ready.pass_time(50, step=5)
    called = [text for text in ready.said() if "People decide now" in text]
    assert len(called) == 2
    assert "could not run: Set flag of checkout to false" in called[1]


def test_r1_a_policy_never_acts_a_second_time_in_the_same_incident(stage: Stage) -> None:
    """However often its alert fires."""
    ready, number = _ran_without_help(stage, 0.4)
    for _ in range(3):
        ready.time.advance(60)
        met(ready, number)
    assert len([item for item in met(ready, number) if not item.undo_of]) == 1


def test_an_incident_that_people_are_fixing_is_left_to_them(stage: Stage) -> None:
    """Nothing starts behind their backs; nor does anything in an incident that is over."""
    ready = signed(stage)
    number = ready.open_incident()
    ready.approved(number, target="payments")
    assert met(ready, number) == []
    over = ready.open_incident()
    with ready.db.begin() as tx:
        tx.incidents.save(tx.incidents.get(over).move_to(Status.RESOLVED, tx.now()))
    assert met(ready, over) == []
    assert stage.hands.effects == []


def test_the_policy_list_says_what_it_does_and_who_signed(stage: Stage) -> None:
    """On one line."""
    ready = signed(stage, ALICE)
    line = ready.say_to(CAROL, "policy")
    for words in ("`heal`: set_flag checkout on=True on ErrorsHigh", "at most 5 an hour until 2026-04-13", "<@U0ALICE> (1 of 2)"):
        assert words in line
