"""The draft is written from the record: its numbers from metrics, its follow-ups from what happened."""

from dataclasses import replace
from datetime import timedelta

from app.domain.change import Change
from app.domain.evidence import Evidence, EvidenceKind
from app.domain.incident import Status
from app.domain.outbox import OutboxKind
from app.domain.postmortem import FollowUp
from app.domain.proposal import ProposalStatus, Verdict
from app.domain.series import Bad, MetricSpec, Series
from app.domain.timeline import EntryKind
from app.services.write_postmortem import impact_of
from tests.builders import NOW, a_proposal, an_incident
from tests.fakes.room import ALICE
from tests.fakes.sources import points
from tests.unit.services.stage import ERRORS, Stage, a_number

VALUES = [0.01] * 32 + [0.4] * 12 + [0.01] * 10


def _resolved(stage: Stage) -> None:
    """Ten minutes of errors, led by Alice, over now."""
    incident = stage.incident(lead=ALICE)
    stage.metrics.stored[("checkout", "error_ratio")] = points(NOW - timedelta(minutes=8), VALUES)
    stage.clock.advance(600)
    with stage.store.begin() as tx:
        tx.evidence.put(1, a_number())
        tx.timeline.append(1, EntryKind.STATUS, f"<@{ALICE}> resolves", ALICE, stage.clock.now())
        tx.incidents.save(incident.move_to(Status.RESOLVED, stage.clock.now()))


def _follow_ups(stage: Stage) -> list[FollowUp]:
    with stage.store.begin() as tx:
        return list(tx.papers.follow_ups(1))


def test_a_draft_holds_the_impact_the_people_by_name_and_the_plot(stage: Stage) -> None:
    """And the channel is told."""
    _resolved(stage)
    [task] = stage.write(1)
    with stage.store.begin() as tx:
        paper = tx.papers.postmortem(1)
        item = tx.outbox.claim(str(task.payload["lane"]), stage.clock.now())
    assert paper is not None
    assert paper.revision == 1
    assert "alice" in paper.markdown
    assert "40" in paper.markdown
    assert paper.plot_png.startswith(b"\x89PNG")
    assert item is not None
    assert item.kind is OutboxKind.POSTMORTEM
    assert stage.entries()[-1].text == "Postmortem draft, revision 1"


def test_writing_it_again_is_the_next_revision_with_the_same_follow_ups(stage: Stage) -> None:
    """Nothing is doubled."""
    _resolved(stage)
    stage.write(1)
    stage.write(1)
    with stage.store.begin() as tx:
        paper = tx.papers.postmortem(1)
    assert paper is not None
    assert paper.revision == 2
    assert len(_follow_ups(stage)) == 1


def test_numbers_and_names_that_cannot_be_read_are_left_out(stage: Stage) -> None:
    """Prometheus and Slack are both down; the draft is written all the same."""
    _resolved(stage)
    stage.metrics.down = "Prometheus does not answer."
    for _ in range(5):
        stage.room.fail_next("person", "down")
    stage.write(1)
    with stage.store.begin() as tx:
        paper = tx.papers.postmortem(1)
    assert paper is not None
    assert paper.plot_png == b""
    assert ALICE in paper.markdown


def test_a_metric_that_left_the_configuration_is_left_out(stage: Stage) -> None:
    """Somebody renamed it meanwhile."""
    _resolved(stage)
    with stage.store.begin() as tx:
        tx.evidence.put(1, replace(a_number(), key="other", data={**a_number().data, "metric": "renamed"}))
        tx.evidence.put(1, replace(a_number(), key="no service", service=None))
    stage.write(1)
    with stage.store.begin() as tx:
        assert tx.papers.postmortem(1) is not None


def test_the_record_itself_calls_for_follow_ups(stage: Stage) -> None:
    """A change to blame, a fix that did not help, and no runbook."""
    _resolved(stage)
    change = Change(NOW, "checkout", "config", "pool 20 to 3")
    with stage.store.begin() as tx:
        blamed = Evidence(EvidenceKind.CHANGE, "c", "change log", change.text, NOW, service="checkout", data={"kind": "config"})
        tx.evidence.put(1, blamed)
        vain = replace(a_proposal(), status=ProposalStatus.DONE, verdict=Verdict.NO_CHANGE)
        tx.proposals.add(vain)
    stage.write(1)
    assert [item.text for item in _follow_ups(stage)] == [
        "Check config changes of checkout before they reach production",
        "Note in the runbook that 'Set the pool of checkout to 20' did not help here",
        "Write a runbook for: checkout fails",
    ]
    assert _follow_ups(stage)[0].owner == ALICE


def test_with_a_runbook_at_hand_none_is_asked_for(stage: Stage) -> None:
    """There is nothing to correct."""
    _resolved(stage)
    with stage.store.begin() as tx:
        tx.evidence.put(1, Evidence(EvidenceKind.RUNBOOK, "r", "pool", "Runbook: Pool", NOW))
    stage.write(1)
    assert _follow_ups(stage) == []


def _series(values: list[float], metric: MetricSpec = ERRORS) -> Series:
    return Series("checkout", metric, points(NOW - timedelta(minutes=8), values))


def test_the_impact_is_normal_worst_and_how_long_from_the_points() -> None:
    """Twelve points of 15 s were bad."""
    impact = impact_of(_series(VALUES), an_incident())
    assert impact is not None
    assert (impact.normal, impact.worst, impact.bad_seconds) == (0.01, 0.4, 180.0)
    assert impact.worst_at == NOW


def test_a_number_that_was_never_bad_had_no_impact() -> None:
    """Nothing to show."""
    assert impact_of(_series([0.01] * 40), an_incident()) is None


def test_what_falls_is_worst_where_it_is_lowest_and_normal_is_taken_from_good_times() -> None:
    """Throughput, and a record that begins within the incident."""
    spec = replace(ERRORS, bad=Bad.BELOW, threshold=50.0)
    late = Series("checkout", spec, points(NOW, [10.0, 5.0, 100.0, 100.0]))
    impact = impact_of(late, an_incident())
    assert impact is not None
    assert (impact.worst, impact.normal) == (5.0, 100.0)
    always = impact_of(Series("checkout", spec, points(NOW, [10.0, 5.0])), an_incident())
    assert always is not None
    assert always.normal == 5.0
