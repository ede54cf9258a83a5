"""An approval is used once, in time, and a run happens once: over clicks, clocks, crashes and restores."""

import shutil
from pathlib import Path

import pytest

from app.domain.approval import Decision
from app.domain.errors import ActionRefused, ApprovalRefused, OutcomeUnknown, Refused, TransitionRefused, Unavailable
from app.domain.incident import Status
from app.domain.person import Person
from app.domain.proposal import ProposalStatus, Verdict
from app.ports.runner import RunResult
from tests.fakes.clock import FakeClock
from tests.guards.conftest import a_world
from tests.guards.stage import ALICE, BOB, CAROL, Stage, people


def test_s4_a_proposal_expires_after_fifteen_minutes_of_the_databases_clock(stage: Stage) -> None:
    """At the click, even before the sweep has said so."""
    asked = stage.ask(stage.open_incident(), size=20)
    stage.time.advance(15 * 60)
    with pytest.raises(ApprovalRefused, match="expired"):
        stage.click(asked)
    stage.work(stage.sweep.due())
    after = stage.read(asked)
    assert (after.status, after.reason) == (ProposalStatus.EXPIRED, "nobody decided in time")


def test_s4_an_approval_that_waited_too_long_does_not_run(stage: Stage) -> None:
    """Expiry counts until the claim."""
    asked = stage.approved(stage.open_incident())
    stage.time.advance(15 * 60)
    assert "expired before it could run" in stage.run(asked).reason
    assert stage.hands.effects == []


def test_s4_a_replica_whose_own_clock_jumps_expires_nothing(stage: Stage) -> None:
    """Two days ahead or behind: the database's clock decides."""
    asked = stage.ask(stage.open_incident(), size=20)
    for days in (2, -2):
        lost_in_time = stage.beside(wall=FakeClock(stage.time.now()))
        assert isinstance(lost_in_time.wall, FakeClock)
        lost_in_time.wall.advance(days * 86_400)
        lost_in_time.work([*lost_in_time.sweep.due(), *lost_in_time.sweep()])
        assert stage.read(asked).status is ProposalStatus.PENDING
        assert lost_in_time.ask(asked.incident, "set_flag", on=True).expires_at == asked.expires_at
    stage.click(asked)
    assert stage.run(asked).status is ProposalStatus.DONE


def test_s4_an_early_expiry_task_waits_for_the_database(stage: Stage) -> None:
    """Whoever wakes too early puts it off instead of expiring."""
    asked = stage.ask(stage.open_incident(), size=20)
    with stage.db.begin() as tx:
        from app.domain.work import Due

        tx.dues.plan(Due(f"expire:{asked.id}", "expire_proposal", tx.now(), {"proposal": asked.id}))
    stage.work(stage.sweep.due())
    assert stage.read(asked).status is ProposalStatus.PENDING
    stage.time.advance(15 * 60)
    stage.work(stage.sweep.due())
    assert stage.read(asked).status is ProposalStatus.EXPIRED


def test_s4_a_database_clock_that_was_set_back_prolongs_nothing(stage: Stage) -> None:
    """Neither a click nor a claim counts before the moment at which it was proposed."""
    waiting = stage.ask(stage.open_incident(), size=20)
    approved = stage.approved(stage.open_incident(), target="payments")
    stage.time.advance(-3600)
    with pytest.raises(ApprovalRefused, match="clock went back"):
        stage.click(waiting)
    assert "clock went back" in stage.run(approved).reason
    assert stage.hands.effects == []


def test_s4_a_clock_corrected_by_a_second_disturbs_nobody(stage: Stage) -> None:
    """Clocks are nudged all the time."""
    asked = stage.ask(stage.open_incident(), size=20)
    stage.time.advance(-1)
    stage.click(asked)
    assert stage.run(asked).status is ProposalStatus.DONE


def test_s4_a_double_click_is_told_that_it_is_approved_already(stage: Stage) -> None:
    """And changes nothing."""
    asked = stage.ask(stage.open_incident(), size=20)
    stage.click(asked)
    for person in (ALICE, BOB):
        with pytest.raises(ApprovalRefused, match="already approved"):
            stage.click(asked, person)
    stage.act(asked.id)
    stage.act(asked.id)
    with pytest.raises(ApprovalRefused, match="already done"):
        stage.click(asked)
    assert len(stage.hands.effects) == 1


@pytest.mark.parametrize("person", [CAROL, ALICE, BOB], ids=["who asked", "who approved", "another approver"])
def test_s4_an_approval_can_be_taken_back_until_it_is_claimed(stage: Stage, person: Person) -> None:
    """By whoever is involved or may approve."""
    asked = stage.approved(stage.open_incident())
    assert stage.say_to(person, f"revoke {asked.id}").endswith("withdrawn.")
    assert stage.run(asked).status is ProposalStatus.WITHDRAWN
    assert stage.hands.effects == []


def test_s4_a_run_cannot_be_taken_back_and_strangers_take_back_nothing(stage: Stage) -> None:
    """In words."""
    asked = stage.approved(stage.open_incident())
    with pytest.raises(ApprovalRefused, match="no role to approve"):
        stage.approve.withdraw(asked.id, Person("U0EVE"))
    stage.run(asked)
    with pytest.raises(ApprovalRefused, match="already done") as refusal:
        stage.approve.withdraw(asked.id, CAROL)
    assert "ask for its undo" in refusal.value.hint


def test_r1_a_second_task_for_the_same_proposal_runs_nothing(stage: Stage) -> None:
    """However often it is delivered."""
    asked = stage.approved(stage.open_incident())
    for _ in range(5):
        stage.act(asked.id)
    assert len(stage.hands.effects) == 1


def test_r1_a_database_restored_from_before_the_run_repeats_nothing(tmp_path: Path, sqlite_url: str) -> None:
    """The published heads remember what the database forgot."""
    stage = Stage(sqlite_url, tmp_path, runner=a_world())
    earlier = stage.approved(stage.open_incident(), target="payments")
    stage.run(earlier)
    asked = stage.approved(stage.open_incident())
    stage.close()
    shutil.copy(tmp_path / "sitrep.db", tmp_path / "copy.db")
    stage.run(asked)
    assert len(stage.hands.effects) == 2
    stage.close()
    for name in ("sitrep.db-wal", "sitrep.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "copy.db", tmp_path / "sitrep.db")
    stage.hands.world["checkout"]["size"] = 3
    stage.time.advance(60)
    restored = stage.beside(store=None)
    after = restored.run(asked)
    assert len(stage.hands.effects) == 2
    assert "its end was cut off" in after.reason or "differs from the head" in after.reason
    restored.close()


def test_r2_an_unknown_outcome_stays_until_a_person_says_what_happened(stage: Stage) -> None:
    """Nobody repeats it, and the target stays taken."""
    asked = stage.approved(stage.open_incident())
    stage.hands.answers.append(("after", OutcomeUnknown("The answer never came.", "Look at the target.")))
    assert stage.run(asked).status is ProposalStatus.UNKNOWN
    stage.act(asked.id)
    assert len(stage.hands.effects) == 1
    stage.hands.world["checkout"]["size"] = 3
    other = stage.approved(stage.open_incident(), size=30)
    assert stage.run(other).status is ProposalStatus.APPROVED
    with pytest.raises(ApprovalRefused, match="cannot settle actions"):
        stage.confirm(asked.id, people()["U0GUEST"], has_happened=True)
    assert stage.say_to(CAROL, f"confirm {asked.id} done").endswith("it was done.")
    assert stage.read(asked).status is ProposalStatus.DONE
    with pytest.raises(Refused, match="not open"):
        stage.confirm(asked.id, CAROL, has_happened=False)


def test_r2_an_unknown_outcome_that_did_not_happen_frees_the_target(stage: Stage) -> None:
    """Said by a person; the other action then runs."""
    number = stage.open_incident()
    asked = stage.approved(number)
    stage.hands.answers.append(OutcomeUnknown("The answer never came."))
    stage.run(asked)
    stage.say_to(CAROL, f"confirm {asked.id} failed")
    after = stage.read(asked)
    assert (after.status, after.reason) == (ProposalStatus.FAILED, "it was not done")
    assert stage.run(stage.approved(number, size=30)).status is ProposalStatus.DONE


def test_r2_the_probe_settles_an_unknown_outcome_that_brought_recovery(stage: Stage) -> None:
    """The metric was bad and is good."""
    number = stage.open_incident()
    stage.gauge.show("checkout", stage.time.now(), 0.4)
    stage.time.advance(60)
    asked = stage.approved(number)
    stage.hands.answers.append(("after", OutcomeUnknown("The answer never came.")))
    stage.run(asked)
    stage.gauge.show("checkout", stage.time.now(), 0.0)
    stage.pass_time(20)
    after = stage.read(asked)
    assert (after.status, after.verdict) == (ProposalStatus.DONE, Verdict.RECOVERED)


def test_r2_a_run_whose_process_died_becomes_unknown_and_is_not_repeated(stage: Stage) -> None:
    """Once the action could not still be running."""
    asked = stage.approved(stage.open_incident())
    stage.hands.while_running = _die
    with pytest.raises(Death):
        stage.act(asked.id)
    stage.hands.while_running = None
    stage.pass_time(60)
    assert stage.read(asked).status is ProposalStatus.RUNNING
    stage.pass_time(12)
    after = stage.read(asked)
    assert after.status is ProposalStatus.UNKNOWN
    assert "it is not repeated" in after.reason
    assert stage.hands.effects == []


class Death(BaseException):
    """What a kill looks like from inside."""


def _die() -> None:
    raise Death


def test_r2_a_run_that_takes_longer_than_anybody_waited_keeps_its_true_outcome(stage: Stage) -> None:
    """The sweep gave it up; then it answered."""
    asked = stage.approved(stage.open_incident())

    def slow() -> None:
        stage.time.advance(120)
        stage.sweep()
        assert stage.read(asked).status is ProposalStatus.UNKNOWN

    stage.hands.while_running = slow
    after = stage.run(asked)
    assert after.status is ProposalStatus.DONE
    assert len(stage.hands.effects) == 1


def test_r2_an_answer_after_a_person_settled_it_changes_nothing(stage: Stage) -> None:
    """It is only noted."""
    asked = stage.approved(stage.open_incident())

    def slow() -> None:
        stage.time.advance(120)
        stage.sweep()
        stage.confirm(asked.id, CAROL, has_happened=False)

    stage.hands.while_running = slow
    assert stage.run(asked).status is ProposalStatus.FAILED
    assert any("ran, late" in text for text in stage.notes(asked.incident))


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (RunResult(False, "quota exceeded"), ProposalStatus.FAILED),
        (ActionRefused("The host is not allowed."), ProposalStatus.FAILED),
        (Unavailable("Connection refused."), ProposalStatus.FAILED),
        (OutcomeUnknown("It timed out."), ProposalStatus.UNKNOWN),
    ],
)
def test_what_the_target_answered_is_what_the_proposal_says(
    stage: Stage, answer: RunResult | ActionRefused | Unavailable | OutcomeUnknown, status: ProposalStatus
) -> None:
    """Never a success by default."""
    asked = stage.approved(stage.open_incident())
    stage.hands.answers.append(answer)
    assert stage.run(asked).status is status


def test_one_action_at_a_time_on_a_target(stage: Stage) -> None:
    """The second waits for its turn and then meets a world that changed."""
    number = stage.open_incident()
    first, second, elsewhere = (
        stage.approved(number, size=20),
        stage.approved(number, size=30),
        stage.approved(number, target="payments"),
    )
    seen: list[ProposalStatus] = []

    def meanwhile() -> None:
        stage.hands.while_running = None
        stage.act(second.id)
        stage.act(elsewhere.id)
        seen.extend([stage.read(second).status, stage.read(elsewhere).status])

    stage.hands.while_running = meanwhile
    stage.run(first)
    assert seen == [ProposalStatus.APPROVED, ProposalStatus.DONE]
    stage.pass_time(10)
    assert "before was 3, is 20" in stage.read(second).reason


def test_a_refused_second_fix_does_not_call_off_the_first(stage: Stage) -> None:
    """The incident goes on being fixed while the probe looks at the first."""
    number = stage.open_incident()
    first, second = stage.approved(number, size=20), stage.approved(number, size=30)
    stage.run(first)
    assert stage.run(second).status is ProposalStatus.REFUSED
    with stage.db.begin() as tx:
        assert tx.incidents.get(number).status is Status.FIXING


def test_an_action_runs_only_as_often_as_its_rate_limit_allows(stage: Stage) -> None:
    """Whoever approved it; and again when time has passed."""
    number = stage.open_incident()
    for size in (5, 6):
        assert stage.run(stage.approved(number, "nudge", size=size)).status is ProposalStatus.DONE
    with pytest.raises(ActionRefused, match="ran on checkout often enough: at most 2 runs in 600 s"):
        stage.ask(number, "nudge", size=7)
    assert stage.ask(number, "nudge", "payments", size=7).status is ProposalStatus.PENDING
    stage.time.advance(601)
    assert stage.ask(number, "nudge", size=7).status is ProposalStatus.PENDING


def test_the_rate_limit_is_asked_again_at_the_claim(stage: Stage) -> None:
    """Three were approved before any of them ran."""
    number = stage.open_incident()
    stage.hands.world["checkout"]["nudged"] = 0
    three = [stage.approved(number, "nudge", size=size) for size in (4, 5, 6)]
    outcomes = []
    for asked in three:
        stage.hands.world["checkout"]["nudged"] = 0
        outcomes.append(stage.run(asked))
    assert [item.status for item in outcomes] == [ProposalStatus.DONE, ProposalStatus.DONE, ProposalStatus.REFUSED]
    assert "often enough" in outcomes[2].reason


@pytest.mark.parametrize("end", [Status.RESOLVED, Status.CANCELLED])
def test_nothing_runs_once_the_incident_is_over(stage: Stage, end: Status) -> None:
    """Neither the click nor an approval given before counts."""
    number = stage.open_incident()
    waiting, approved = stage.ask(number, size=20), stage.approved(number, target="payments")
    with stage.db.begin() as tx:
        tx.incidents.save(tx.incidents.get(number).move_to(end, tx.now()))
    with pytest.raises(ApprovalRefused, match=f"INC-{number} is {end.value}"):
        stage.click(waiting)
    assert f"INC-{number} is over" in stage.run(approved).reason
    assert stage.hands.effects == []


def test_a_proposal_has_no_second_life(stage: Stage) -> None:
    """No way leads back from an end."""
    asked = stage.ask(stage.open_incident(), size=20)
    stage.click(asked, CAROL, Decision.DENY)
    with pytest.raises(TransitionRefused, match="is denied and cannot become approved"):
        stage.read(asked).move_to(ProposalStatus.APPROVED)
