"""Plans: each step is proposed when those before it reached their goal, and nothing goes on after the first that fails."""

from dataclasses import replace

import pytest

from app.domain.approval import Decision
from app.domain.errors import ApprovalRefused, BadInput, NotFound, Refused
from app.domain.incident import Status
from app.domain.person import Person
from app.domain.plan import Goal, Plan, PlanSpec, PlanStatus, Step, check_steps
from app.domain.proposal import Proposal, ProposalStatus
from tests.guards.stage import ALICE, CAROL, Stage, an_inventory

STEPS = (
    Step("left", "set_flag", "checkout", {"on": True}, goal=Goal.RAN),
    Step("right", "set_flag", "payments", {"on": True}, goal=Goal.RAN),
    Step("then", "set_pool", "checkout", {"size": 9}, after=("left", "right"), goal=Goal.RECOVERED),
    Step("last", "nudge", "checkout", {"size": 2}, after=("then",), goal=Goal.RAN),
)
DIAMOND = PlanSpec("diamond", "Both, then one, then another", STEPS)


@pytest.fixture
def planned(stage: Stage) -> Stage:
    return stage.beside(an_inventory(plans=(DIAMOND,)))


def started(stage: Stage) -> tuple[Plan, int]:
    stage.gauge.show("checkout", stage.time.now(), 0.4)
    stage.gauge.show("payments", stage.time.now(), 0.4)
    stage.time.advance(60)
    number = stage.open_incident()
    return stage.plans.start(number, "diamond", CAROL)[0], number


def steps_of(stage: Stage, plan: Plan) -> dict[str, Proposal]:
    """The proposals of its steps by name."""
    with stage.db.begin() as tx:
        proposals = tx.proposals.of(plan.incident)
    return {item.plan.partition(":")[2]: item for item in proposals if item.plan}


def plan_now(stage: Stage, plan: Plan) -> Plan:
    with stage.db.begin() as tx:
        return tx.plans.get(plan.id)


def run_step(stage: Stage, plan: Plan, name: str, *, recovers: bool = True) -> None:
    """A person approves it, it runs, and the probe decides."""
    step = steps_of(stage, plan)[name]
    stage.gauge.show(step.request.target, stage.time.now(), 0.4)
    stage.time.advance(10)
    stage.click(step, ALICE)
    stage.run(step)
    if recovers:
        stage.gauge.show(step.request.target, stage.time.now(), 0.0)
    stage.pass_time(40, step=5)


def test_steps_come_in_order_and_parallel_ones_together(planned: Stage) -> None:
    """Each with its own approval; the plan ends well."""
    plan, number = started(planned)
    assert set(steps_of(planned, plan)) == {"left", "right"}
    run_step(planned, plan, "left")
    assert set(steps_of(planned, plan)) == {"left", "right"}
    run_step(planned, plan, "right")
    assert set(steps_of(planned, plan)) == {"left", "right", "then"}
    run_step(planned, plan, "then")
    run_step(planned, plan, "last")
    assert plan_now(planned, plan).status is PlanStatus.DONE
    assert len(planned.hands.effects) == 4
    assert any("is done: every step reached its goal" in text for text in planned.said())
    assert f"`{plan.id}`" in planned.say_to(CAROL, f"plan #{number}")


def test_the_first_step_whose_probe_fails_stops_it(planned: Stage) -> None:
    """Nothing after it is proposed, and people are told why."""
    plan, _ = started(planned)
    for name in ("left", "right"):
        run_step(planned, plan, name)
    run_step(planned, plan, "then", recovers=False)
    after = plan_now(planned, plan)
    assert (after.status, after.reason) == (PlanStatus.STOPPED, "step 'then' ended with no change")
    assert "last" not in steps_of(planned, plan)
    assert any("stops: step 'then' ended with no change" in text for text in planned.said())


def test_a_denied_step_stops_it(planned: Stage) -> None:
    """By any member."""
    plan, _ = started(planned)
    planned.click(steps_of(planned, plan)["left"], CAROL, Decision.DENY)
    planned.pass_time(2)
    assert plan_now(planned, plan).reason == "step 'left' was denied"


def test_an_expired_step_stops_it(planned: Stage) -> None:
    """Nobody decided."""
    plan, _ = started(planned)
    planned.time.advance(15 * 60)
    planned.pass_time(4)
    assert plan_now(planned, plan).reason in {"step 'left' was expired", "step 'right' was expired"}


def test_it_goes_on_after_a_restart_and_proposes_no_step_twice(planned: Stage) -> None:
    """Also when two replicas move it at once, and when a crash came between a proposal and its note in the plan."""
    plan, _ = started(planned)
    with planned.db.begin() as tx:
        torn = tx.plans.get(plan.id)
        tx.plans.save(replace(torn, steps=STEPS))
    other = planned.beside()
    other.plans.advance(plan.id)
    planned.plans.advance(plan.id)
    assert len(steps_of(planned, plan)) == 2
    with planned.db.begin() as tx:
        assert len([item for item in tx.proposals.of(plan.incident) if item.plan]) == 2
    run_step(other, plan, "left")
    run_step(other, plan, "right")
    assert "then" in steps_of(other, plan)


def test_it_ends_with_the_incident(planned: Stage) -> None:
    """And cannot be started in one that is over."""
    plan, number = started(planned)
    with planned.db.begin() as tx:
        tx.incidents.save(tx.incidents.get(number).move_to(Status.RESOLVED, tx.now()))
    planned.pass_time(2)
    assert plan_now(planned, plan).reason == "the incident is over"
    with pytest.raises(Refused, match=f"INC-{number} is over"):
        planned.plans.start(number, "diamond", CAROL)


def test_people_stop_a_plan_and_start_it_once(planned: Stage) -> None:
    """With words for whoever may not."""
    plan, number = started(planned)
    with pytest.raises(Refused, match="is under way"):
        planned.say_to(CAROL, "plan diamond")
    with pytest.raises(ApprovalRefused, match="cannot stop a plan"):
        planned.plans.stop(plan.id, Person("U0BOT", is_bot=True))
    assert planned.say_to(CAROL, f"plan stop {plan.id}").endswith("is stopped.")
    with pytest.raises(Refused, match="stopped already"):
        planned.plans.stop(plan.id, CAROL)
    with pytest.raises(NotFound, match="There are: diamond"):
        planned.plans.start(number, "square", CAROL)


def test_a_plan_needs_a_person_who_may_ask_for_every_step(stage: Stage) -> None:
    """Checked before anything starts."""
    strict = stage.beside(an_inventory(plans=(DIAMOND,), requesters=()))
    with pytest.raises(ApprovalRefused, match="no role to ask for set_flag"):
        strict.plans.start(strict.open_incident(), "diamond", Person("U0EVE"))


def test_a_step_that_cannot_be_proposed_stops_the_plan(planned: Stage) -> None:
    """What it needs is not there: the plan says so."""
    from app.domain.errors import Unavailable

    def fail() -> None:
        raise Unavailable("The platform does not answer.", "Try again.")

    planned.hands.while_looking = fail
    plan, _ = planned.plans.start(planned.open_incident(), "diamond", CAROL)
    after = plan_now(planned, plan)
    assert after.status is PlanStatus.STOPPED
    assert "step 'left' cannot be proposed: The platform does not answer." in after.reason
    assert planned.hands.effects == []


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ((Step("a", "x", "y", after=("b",)), Step("b", "x", "y", after=("a",))), "in a circle"),
        ((Step("a", "x", "y", after=("z",)),), "waits for 'z', which is no step"),
        ((Step("a", "x", "y"), Step("a", "x", "y")), "same name"),
    ],
)
def test_steps_that_cannot_be_ordered_are_refused(steps: tuple[Step, ...], words: str) -> None:
    """Before a plan exists."""
    with pytest.raises(BadInput, match=words):
        check_steps(steps)


def test_a_step_waits_while_its_outcome_is_unknown(planned: Stage) -> None:
    """Neither reached nor failed."""
    from app.domain.errors import OutcomeUnknown

    plan, _ = started(planned)
    planned.hands.answers.append(("after", OutcomeUnknown("Silence.")))
    left = steps_of(planned, plan)["left"]
    planned.click(left, ALICE)
    assert planned.run(left).status is ProposalStatus.UNKNOWN
    planned.plans.advance(plan.id)
    assert plan_now(planned, plan).status is PlanStatus.RUNNING
