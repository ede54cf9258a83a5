"""Whatever a crash or a lost task left waiting is found from its row and taken up again."""

from datetime import timedelta

import pytest

from app.domain.incident import Status
from app.domain.outbox import OutboxKind
from app.domain.proposal import ProposalStatus, Run, Verdict
from app.domain.work import Delivery, Due
from app.services.sweep import LOST_AFTER
from tests.builders import NOW, a_proposal
from tests.unit.services.stage import Stage


def _names(stage: Stage) -> list[str]:
    return [task.name for task in stage.sweep()]


def test_an_idle_sitrep_sweeps_nothing(stage: Stage) -> None:
    """Doing nothing costs nothing."""
    assert stage.sweep() == []
    assert stage.sweep.due() == []


def test_a_delivery_nobody_handled_is_handed_on_again_at_first_often_and_later_every_minute(stage: Stage) -> None:
    """Each try is a task of its own; a broken one does not burn the machine for ever."""
    with stage.store.begin() as tx:
        tx.inbox.receive(Delivery("key", "alertmanager", {}, NOW))
    assert stage.sweep() == []
    ids = set()
    for _ in range(120):
        stage.clock.advance(5)
        ids |= {task.id for task in stage.sweep() if task.name == "handle_delivery"}
    assert 11 + 8 <= len(ids) <= 13 + 10


def test_a_lane_with_something_to_say_is_sent(stage: Stage) -> None:
    """Also if the task that should have sent it was lost."""
    stage.put(OutboxKind.NOTE, "note", payload={"text": "x"})
    assert [task.payload for task in stage.sweep()] == [{"lane": "inc:1"}]


def test_an_incident_nobody_has_a_fix_for_is_looked_at_again(stage: Stage) -> None:
    """Every 10 s in the first ten minutes, then every minute; not while a fix is in hand or the work is done."""
    stage.incident()
    assert _names(stage) == []
    looks = set()
    for _ in range(60):
        stage.clock.advance(5)
        looks |= {task.id for task in stage.sweep()}
    assert len(looks) == 31
    stage.clock.advance(600)
    later = set()
    for _ in range(24):
        stage.clock.advance(5)
        later |= {task.id for task in stage.sweep()}
    assert len(later) in {2, 3}
    with stage.store.begin() as tx:
        tx.proposals.add(a_proposal())
    assert _names(stage) == []


def test_a_resolved_incident_whose_draft_was_lost_gets_it_written(stage: Stage) -> None:
    """The task was lost between the commit and its submission."""
    incident = stage.incident()
    with stage.store.begin() as tx:
        tx.incidents.save(incident.move_to(Status.RESOLVED, NOW))
    assert _names(stage) == []
    stage.clock.advance(60)
    assert _names(stage) == ["write_postmortem"]


@pytest.mark.parametrize("status", [Status.FIXING, Status.MONITORING])
def test_an_incident_with_its_fix_on_the_way_is_left_alone(stage: Stage, status: Status) -> None:
    """People and probes have it in hand."""
    incident = stage.incident()
    with stage.store.begin() as tx:
        tx.incidents.save(incident.move_to(status, NOW))
    stage.clock.advance(60)
    assert _names(stage) == []


def test_an_approved_action_whose_task_was_lost_runs(stage: Stage) -> None:
    """After a moment's patience."""
    incident = stage.incident()
    with stage.store.begin() as tx:
        tx.incidents.save(incident.move_to(Status.FIXING, NOW))
        tx.proposals.add(a_proposal().move_to(ProposalStatus.APPROVED))
    assert _names(stage) == []
    stage.clock.advance(6)
    assert _names(stage) == ["act"]


def test_a_run_whose_process_died_is_unknown_never_repeated_and_the_probe_looks(stage: Stage) -> None:
    """The card says so; sweeping again changes nothing."""
    stage.incident()
    proposal = a_proposal().move_to(ProposalStatus.APPROVED)
    with stage.store.begin() as tx:
        tx.proposals.add(proposal)
        running = proposal.move_to(ProposalStatus.RUNNING)
        tx.proposals.save(running, was=ProposalStatus.APPROVED)
        tx.proposals.claim(Run(proposal.id, 1, proposal.fingerprint, claimed_at=stage.clock.now()))
    # A run may take as long as its entry allows, and then a minute more.
    stage.clock.advance(LOST_AFTER.total_seconds() + stage.inventory.action("set_pool").timeout_s - 1)
    assert "act" not in _names(stage)
    with stage.store.begin() as tx:
        assert tx.proposals.get(proposal.id).status is ProposalStatus.RUNNING
    stage.clock.advance(2)
    assert "act" not in _names(stage)
    with stage.store.begin() as tx:
        assert tx.proposals.get(proposal.id).status is ProposalStatus.UNKNOWN
        run = tx.proposals.run_of(proposal.id)
        assert run is not None
        assert run.status is ProposalStatus.UNKNOWN
        assert [due.kind for due in tx.dues.claim(stage.clock.now() + timedelta(seconds=60))] == ["verify"]
    assert "outcome unknown" in stage.entries()[-1].text
    entries = len(stage.entries())
    stage.sweep()
    assert len(stage.entries()) == entries


def test_a_proposal_nobody_decided_on_expires_and_its_card_says_so(stage: Stage) -> None:
    """Once: a second beat finds nothing due."""
    stage.incident()
    with stage.store.begin() as tx:
        tx.proposals.add(a_proposal())
        tx.dues.plan(Due("expire:prop_1", "expire_proposal", NOW, {"proposal": "prop_1"}))
    assert stage.sweep.due() == []
    stage.clock.advance(15 * 60)
    assert [task.name for task in stage.sweep.due()] == ["send", "send"]
    with stage.store.begin() as tx:
        assert tx.proposals.get("prop_1").status is ProposalStatus.EXPIRED
    assert stage.entries()[-1].text == "Expired: Set the pool of checkout to 20"
    assert stage.sweep.due() == []


def test_a_proposal_that_was_decided_in_time_does_not_expire(stage: Stage) -> None:
    """Its timer finds nothing to do."""
    stage.incident()
    with stage.store.begin() as tx:
        tx.proposals.add(a_proposal().move_to(ProposalStatus.DENIED))
        tx.dues.plan(Due("expire:prop_1", "expire_proposal", NOW, {"proposal": "prop_1"}))
    assert stage.sweep.due() == []
    with stage.store.begin() as tx:
        assert tx.proposals.get("prop_1").status is ProposalStatus.DENIED


def test_the_probe_of_a_run_that_was_judged_already_has_nothing_to_add(stage: Stage) -> None:
    """A doubled timer is harmless, and so is one of a kind nobody knows."""
    stage.incident()
    proposal = a_proposal()
    with stage.store.begin() as tx:
        tx.proposals.add(proposal)
        run = Run(proposal.id, 1, proposal.fingerprint, claimed_at=NOW, verdict=Verdict.RECOVERED)
        tx.proposals.claim(run)
        tx.proposals.save_run(run)
        tx.dues.plan(Due("verify:prop_1", "verify", NOW, {"proposal": "prop_1"}))
        tx.dues.plan(Due("later", "from_the_future", NOW, {}))
    assert stage.sweep.due() == []
    assert stage.sweep.due() == []
