"""A resolved incident is remembered with what was seen, what was tried and what the probes said."""

from dataclasses import replace

import pytest

from app.domain.evidence import Assessment, Tier
from app.domain.incident import Status
from app.domain.proposal import ProposalStatus, Verdict
from app.services.learn import Learn
from tests.builders import NOW, a_proposal, a_signal
from tests.unit.services.stage import Stage, a_number, said


def _resolved(stage: Stage, **values: object) -> None:
    incident = stage.incident(**values)
    with stage.store.begin() as tx:
        tx.signals.put(1, a_signal())
        tx.evidence.put(1, a_number())
        tx.assessments.add(Assessment(1, Tier.RULES, said("The pool was too small.", "E1"), (), (), NOW))
        tx.proposals.add(replace(a_proposal(), status=ProposalStatus.DONE, verdict=Verdict.NO_CHANGE))
        tx.proposals.add(a_proposal(name="prop_2"))
        tx.incidents.save(incident.move_to(Status.RESOLVED, stage.clock.advance(1200)))


def test_what_is_remembered_can_be_found_by_and_learned_from(stage: Stage) -> None:
    """Words to find it by, and fields that say what helped."""
    _resolved(stage)
    Learn(stage.store, stage.knowledge)(1)
    [memory] = stage.knowledge.learned
    assert memory.id == "inc-1"
    for words in ("ErrorsHigh on checkout", "error_ratio of checkout is 40 %", "The pool was too small.", "no change", "20 min"):
        assert words in memory.text
    assert memory.fields["actions"] == [{"action": "set_pool", "target": "checkout", "verdict": "no_change"}]
    assert memory.fields["minutes_to_resolve"] == 20.0
    assert memory.fields["alerts"] == ["ErrorsHigh"]
    assert memory.fields["reviewed"] is False


def test_learning_again_replaces_what_was_known(stage: Stage) -> None:
    """One memory per incident."""
    _resolved(stage)
    for _ in range(2):
        Learn(stage.store, stage.knowledge)(1)
    assert len(stage.knowledge.learned) == 1


@pytest.mark.parametrize("flag", ["is_private", "is_test"])
def test_private_and_test_incidents_teach_nothing(stage: Stage, flag: str) -> None:
    """What memory holds is shown to everybody."""
    _resolved(stage, **{flag: True})
    Learn(stage.store, stage.knowledge)(1)
    assert stage.knowledge.learned == []


def test_an_open_incident_is_not_learned_yet(stage: Stage) -> None:
    """Nobody knows how it ends; and one without a service or findings is still remembered once it has."""
    incident = stage.incident(service=None)
    Learn(stage.store, stage.knowledge)(1)
    assert stage.knowledge.learned == []
    with stage.store.begin() as tx:
        tx.incidents.save(incident.move_to(Status.RESOLVED, NOW))
    Learn(stage.store, stage.knowledge)(1)
    assert "## Cause\nunknown" in stage.knowledge.learned[0].text
    assert stage.knowledge.learned[0].fields["services"] == []
