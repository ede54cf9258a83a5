"""Many people and many workers at the same moment: one decision wins, and one run happens."""

import contextlib
import multiprocessing
import threading
from collections.abc import Callable, Sequence
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from app.adapters.clock.system import SystemClock
from app.domain.approval import Decision
from app.domain.errors import ApprovalRefused, SitrepError
from app.domain.person import Person
from app.domain.proposal import ProposalStatus
from app.domain.work import Due
from tests.builders import a_signal
from tests.fakes.runner import FakeRunner
from tests.guards.conftest import a_world
from tests.guards.stage import ALICE, BOB, CAROL, Stage, a_policy, an_inventory


def together(doings: Sequence[Callable[[], object]]) -> list[object]:
    """Does everything at once, each in a thread of its own; what each returned, or the error it met."""
    ready, results = threading.Barrier(len(doings)), [object()] * len(doings)

    def run(place: int, doing: Callable[[], object]) -> None:
        ready.wait()
        try:
            results[place] = doing()
        except SitrepError as problem:
            results[place] = problem

    threads = [threading.Thread(target=run, args=item) for item in enumerate(doings)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def _crowd(url: str, folder: str, log: str, proposal: str, ready: Barrier) -> None:
    """One replica with 25 threads: each clicks and then works on the act task."""
    runner = FakeRunner(world=a_world().world, log=Path(log))
    stage = Stage(url, Path(folder), clock=SystemClock(), runner=runner)

    def click_and_act(person: Person) -> None:
        with contextlib.suppress(ApprovalRefused):
            stage.click(proposal, person)
        stage.act(proposal)

    ready.wait(60)
    together([lambda person=(ALICE, BOB)[place % 2]: click_and_act(person) for place in range(25)])  # type: ignore[misc]
    stage.close()


@pytest.mark.slow
@pytest.mark.parametrize("action", ["set_pool", "drop_table"])
def test_r1_fifty_clicks_and_workers_in_two_processes_make_one_run(any_url: str, tmp_path: Path, action: str) -> None:
    """On every database, for one approver and for two."""
    stage = Stage(any_url, tmp_path, clock=SystemClock(), runner=a_world())
    asked = stage.ask(stage.open_incident(), action, size=20)
    spawn, log = multiprocessing.get_context("spawn"), tmp_path / "effects"
    log.touch()
    ready = spawn.Barrier(2)
    crowds = [spawn.Process(target=_crowd, args=(any_url, str(tmp_path), str(log), asked.id, ready)) for _ in range(2)]
    for crowd in crowds:
        crowd.start()
    for crowd in crowds:
        crowd.join(100)
    assert [crowd.exitcode for crowd in crowds] == [0, 0]
    stage.act(asked.id)
    assert len(log.read_text().splitlines()) == 1
    assert stage.read(asked).status is ProposalStatus.DONE
    with stage.db.begin() as tx:
        kinds = [str(entry.value["kind"]) for entry in tx.audit.entries()]
        assert len(tx.proposals.decisions(asked.id)) == asked.approvals_needed
    assert (kinds.count("intent"), kinds.count("run")) == (1, 1)
    stage.audit.verify()
    stage.close()


def test_s4_of_yes_no_expiry_and_taking_back_at_once_one_wins(any_url: str, tmp_path: Path) -> None:
    """Everybody gets an answer, and the end is one of the four."""
    stage = Stage(any_url, tmp_path, runner=a_world())
    number = stage.open_incident()
    ends = set()
    for size in range(10, 18):
        asked = stage.ask(number, size=size)
        with stage.db.begin() as tx:
            tx.dues.plan(Due(f"expire:{asked.id}", "expire_proposal", tx.now(), {"proposal": asked.id}))
        answers = together(
            [
                lambda: stage.click(asked, ALICE),  # noqa: B023 - used before the loop goes on
                lambda: stage.click(asked, BOB, Decision.DENY),  # noqa: B023
                lambda: stage.approve.withdraw(asked.id, CAROL)[0],  # noqa: B023
                lambda: stage.click(asked, BOB),  # noqa: B023
                stage.sweep.due,
            ]
        )
        after = stage.read(asked)
        ends.add(after.status)
        winners = [item for item in answers[:4] if isinstance(item, str)]
        losers = [item for item in answers[:4] if isinstance(item, ApprovalRefused)]
        # A person may also take back what was approved a moment before.
        assert len(winners) in {1, 2}, answers
        assert len(winners) + len(losers) == 4
        assert all(loser.hint for loser in losers)
        was_approved = any(str(item).endswith("approved.") for item in winners)
        assert (after.status is ProposalStatus.APPROVED) == (was_approved and len(winners) == 1)
    assert ends <= {ProposalStatus.APPROVED, ProposalStatus.DENIED, ProposalStatus.WITHDRAWN}
    stage.close()


def test_s4_taking_back_and_claiming_at_once_have_one_winner(any_url: str, tmp_path: Path) -> None:
    """Either it ran or it was withdrawn, never both."""
    stage = Stage(any_url, tmp_path, runner=a_world())
    for _ in range(8):
        stage.hands.world["checkout"]["size"] = 3
        asked = stage.approved(stage.open_incident())
        before = len(stage.hands.effects)
        together([lambda: stage.act(asked.id), lambda: stage.approve.withdraw(asked.id, CAROL)])  # noqa: B023
        ran = len(stage.hands.effects) - before
        assert stage.read(asked).status is (ProposalStatus.DONE if ran else ProposalStatus.WITHDRAWN)
    stage.close()


def test_s3_asking_and_approving_at_once_never_makes_one_person_both(any_url: str, tmp_path: Path) -> None:
    """Alice adopts the suggestion while she approves it."""
    from app.domain.evidence import Finding, Suggestion

    stage = Stage(any_url, tmp_path, runner=a_world())
    for size in range(30, 40):
        stage.hands.world["checkout"]["size"] = 3
        number = stage.open_incident()
        suggested, _ = stage.propose.suggestion(
            number, Suggestion("S1", "set_pool", "checkout", {"size": size}, Finding("x", ()))
        )
        together(
            [lambda: stage.ask(number, by=ALICE, size=size), lambda: stage.click(suggested, ALICE)]  # noqa: B023
        )
        after = stage.run(suggested)
        assert not (after.requester == "U0ALICE" and after.status is ProposalStatus.DONE)
    stage.close()


def test_two_replicas_that_meet_one_alert_start_its_policy_once(any_url: str, tmp_path: Path) -> None:
    """Also two different alerts of one incident, and with budget left."""
    policy = a_policy(alerts=("ErrorsHigh", "Slow"))
    stage = Stage(any_url, tmp_path, runner=a_world(), inventory=an_inventory(standing=(policy,)))
    for person in (ALICE, BOB):
        stage.say_to(person, "policy sign heal")
    for _ in range(4):
        number = stage.open_incident()
        alerts = [a_signal("ErrorsHigh", fingerprint=f"a{number}"), a_signal("Slow", fingerprint=f"b{number}")]
        with stage.db.begin() as tx:
            for alert in alerts:
                tx.signals.put(number, alert)
        together([lambda alert=alert: stage.standing([alert]) for alert in [*alerts, *alerts]])  # type: ignore[misc]
        with stage.db.begin() as tx:
            assert len([item for item in tx.proposals.of(number) if item.policy == "heal"]) == 1
    stage.close()
