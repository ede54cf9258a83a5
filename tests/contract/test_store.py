"""One suite over every database: numbers, versions, races and claims."""

import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.adapters.store.process import Process, this_process
from app.adapters.store.sql import SqlStore
from app.adapters.store.upgrade import upgrade
from app.domain.approval import Approval, Decision
from app.domain.change import Change
from app.domain.errors import Conflict, NotFound
from app.domain.outbox import OutboxItem, OutboxKind, OutboxState
from app.domain.proposal import ProposalStatus, Run
from app.domain.severity import Severity
from app.domain.signal import Tally
from app.domain.timeline import EntryKind, check_chain
from app.domain.work import Delivery, Due
from tests.builders import NOW, a_proposal, a_signal, an_incident

_TAGS: dict[int, str] = {}
_URLS: dict[int, str] = {}


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    """A migrated, empty store."""
    url = f"sqlite:///{tmp_path / 'sitrep.db'}" if request.param == "sqlite" else str(request.getfixturevalue("postgres"))
    upgrade(url)
    opened = SqlStore(url)
    _URLS[id(opened)] = url
    yield opened
    _TAGS.pop(id(opened), None)
    opened.close()


def _tag(store: SqlStore) -> str:
    """A name no other test of the shared Postgres has used."""
    return _TAGS.setdefault(id(store), uuid.uuid4().hex[:12])


def _together(count: int, act: Callable[[int], None]) -> int:
    """Runs `act` in many threads at once; returns how many won (did not meet a Conflict)."""
    won: list[int] = []
    ready = threading.Barrier(count)

    def run(number: int) -> None:
        ready.wait()
        try:
            act(number)
        except Conflict:
            return
        won.append(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(won)


def test_a_stale_incident_is_not_saved(store: SqlStore) -> None:
    """Somebody else's change is never overwritten."""
    with store.begin() as tx:
        old = tx.incidents.add(an_incident())
        tx.incidents.save(replace(old, summary="first"))
    with pytest.raises(Conflict), store.begin() as tx:
        tx.incidents.save(replace(old, summary="second"))
    with store.begin() as tx:
        assert tx.incidents.get(old.number).summary == "first"
        with pytest.raises(NotFound):
            tx.incidents.get(999_999)


def test_r1_one_of_many_claims_runs_a_proposal(store: SqlStore) -> None:
    """Unique in the database, whatever the threads do."""
    with store.begin() as tx:
        number = tx.incidents.add(an_incident()).number
        proposal = a_proposal(incident=number, name=f"prop_{number}_{_tag(store)}").move_to(ProposalStatus.APPROVED)
        tx.proposals.add(proposal)

    def claim(_: int) -> None:
        with store.begin() as tx:
            tx.proposals.save(proposal.move_to(ProposalStatus.RUNNING), was=ProposalStatus.APPROVED)
            tx.proposals.claim(Run(proposal.id, number, proposal.fingerprint, claimed_at=NOW))

    assert _together(12, claim) == 1


def test_s4_a_person_decides_once(store: SqlStore) -> None:
    """A double click is one decision."""
    with store.begin() as tx:
        number = tx.incidents.add(an_incident()).number
        proposal = a_proposal(incident=number, name=f"prop_{number}_{_tag(store)}")
        tx.proposals.add(proposal)
        yes = Approval(proposal.id, proposal.fingerprint, "U0BOB", Decision.APPROVE, NOW)
        assert tx.proposals.decide(yes)
    with store.begin() as tx:
        assert not tx.proposals.decide(yes)
        assert [item.person for item in tx.proposals.decisions(proposal.id)] == ["U0BOB"]


def test_a1_concurrent_entries_make_one_whole_chain(store: SqlStore) -> None:
    """Writers wait for each other, and the chain verifies after the round trip."""
    with store.begin() as tx:
        number = tx.incidents.add(an_incident()).number

    def write(one: int) -> None:
        with store.begin() as tx:
            tx.timeline.append(number, EntryKind.NOTE, f"note {one}", "U0BOB", NOW + timedelta(microseconds=one), {"n": one})

    assert _together(10, write) == 10
    with store.begin() as tx:
        entries = tx.timeline.of(number)
    assert len(entries) == 10
    check_chain(entries)


def test_r4_a_delivery_is_received_once_and_waits_until_it_is_done(store: SqlStore) -> None:
    """The key is unique."""
    delivery = Delivery(f"key-{_tag(store)}", "alertmanager", {"a": [1, {"b": None}]}, NOW)
    with store.begin() as tx:
        assert tx.inbox.receive(delivery)
    with store.begin() as tx:
        assert not tx.inbox.receive(delivery)
        assert tx.inbox.get(delivery.key).payload == delivery.payload
        assert delivery.key in {item.key for item in tx.inbox.waiting(NOW + timedelta(seconds=1))}
        tx.inbox.done(delivery.key, NOW)
        assert tx.inbox.is_done(delivery.key)


def test_a_lane_is_sent_in_order_and_a_pending_edit_is_not_doubled(store: SqlStore) -> None:
    """A claimed item blocks its lane until it is settled."""
    lane = f"inc:{_tag(store)}"

    def item(name: str, key: str = "") -> OutboxItem:
        return OutboxItem(f"{name}_{_tag(store)}", lane, OutboxKind.CARD, NOW, message_key=key)

    with store.begin() as tx:
        for one in (item("a"), item("b", "card"), item("c", "card")):
            tx.outbox.put(one)
    with store.begin() as tx:
        first = tx.outbox.claim(lane, NOW)
        assert first is not None
        assert first.id.startswith("a_")
        assert tx.outbox.claim(lane, NOW) is None
        tx.outbox.settle(first.id, OutboxState.SENT, NOW)
        second = tx.outbox.claim(lane, NOW)
        assert second is not None
        tx.outbox.settle(second.id, OutboxState.SENT, NOW)
        assert tx.outbox.claim(lane, NOW) is None


def _put(store: SqlStore) -> str:
    """A lane with one item."""
    lane = f"inc:{_tag(store)}"
    with store.begin() as tx:
        tx.outbox.put(OutboxItem(f"item_{_tag(store)}", lane, OutboxKind.CARD, NOW))
    return lane


def _claim(store: SqlStore, lane: str, seconds: float) -> OutboxItem | None:
    with store.begin() as tx:
        return tx.outbox.claim(lane, NOW + timedelta(seconds=seconds))


def test_a_lane_whose_sender_was_killed_is_free_after_three_seconds(store: SqlStore) -> None:
    """Its item comes back as unknown, so that whoever takes it looks for the message first."""
    lane, ended = _put(store), subprocess.Popen(["true"])
    ended.wait()
    me = this_process()
    dead = SqlStore(_URLS[id(store)], process=replace(me, pid=ended.pid, mark="dead"))
    assert _claim(dead, lane, 0) is not None
    dead.close()
    assert _claim(store, lane, 2.9) is None
    with store.begin() as tx:
        assert lane not in tx.outbox.lanes_waiting(NOW + timedelta(seconds=2.9))
        assert lane in tx.outbox.lanes_waiting(NOW + timedelta(seconds=3.1))
    again = _claim(store, lane, 3.1)
    assert again is not None
    assert (again.state, again.attempts) == (OutboxState.UNKNOWN, 2)


def test_an_earlier_process_with_our_own_number_is_gone(store: SqlStore) -> None:
    """In a container every process is number 1."""
    lane = _put(store)
    earlier = SqlStore(_URLS[id(store)], process=replace(this_process(), mark="earlier"))
    assert _claim(earlier, lane, 0) is not None
    earlier.close()
    assert _claim(store, lane, 3.1) is not None


def test_a_lane_of_another_machine_is_free_when_its_lease_is_not_renewed(store: SqlStore) -> None:
    """Ten seconds without a renewal; until then nobody else sends, and afterwards the first one is refused."""
    lane = _put(store)
    far = SqlStore(_URLS[id(store)], process=Process("another-machine", 1, "far"))
    first = _claim(far, lane, 0)
    assert first is not None
    with far.begin() as tx:
        assert tx.outbox.renew((first.id,), NOW + timedelta(seconds=8)) == {first.id}
    assert _claim(store, lane, 17) is None
    second = _claim(store, lane, 18.5)
    assert second is not None
    assert second.state is OutboxState.UNKNOWN
    with far.begin() as tx:
        assert tx.outbox.renew((first.id,), NOW + timedelta(seconds=19)) == frozenset()
    with pytest.raises(Conflict), far.begin() as tx:
        tx.outbox.settle(first.id, OutboxState.SENT, NOW)
    far.close()
    with store.begin() as tx:
        tx.outbox.settle(first.id, OutboxState.SENT, NOW)
    assert _claim(store, lane, 60) is None


def test_settling_what_was_never_put_is_refused(store: SqlStore) -> None:
    """A restored backup may miss it."""
    with pytest.raises(NotFound), store.begin() as tx:
        tx.outbox.settle(f"nothing_{_tag(store)}", OutboxState.SENT, NOW)


def test_r5_what_is_due_is_taken_once(store: SqlStore) -> None:
    """Planning again moves it; a claim hides it from others."""
    key = f"due-{_tag(store)}"
    with store.begin() as tx:
        tx.dues.plan(Due(key, "verify", NOW + timedelta(hours=1)))
        tx.dues.plan(Due(key, "verify", NOW))
    with store.begin() as tx:
        assert key in {due.key for due in tx.dues.claim(NOW)}
    with store.begin() as tx:
        assert key not in {due.key for due in tx.dues.claim(NOW)}
        tx.dues.finish(key)


def test_nothing_of_a_failed_transaction_stays(store: SqlStore) -> None:
    """All of it or nothing; the next number has no gap."""
    with store.begin() as tx:
        before = tx.incidents.add(an_incident()).number

    def fail() -> None:
        with store.begin() as tx:
            tx.incidents.add(an_incident())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with store.begin() as tx:
        assert tx.incidents.add(an_incident()).number == before + 1


def test_a_change_is_kept_once_and_read_by_its_time(store: SqlStore) -> None:
    """A second telling changes nothing; other words are another change."""
    service = _tag(store)
    late, early = Change(NOW, service, "deploy", "1.4.2", by="alice"), Change(NOW - timedelta(hours=1), service, "flag", "on")
    with store.begin() as tx:
        assert [tx.changes.put(late), tx.changes.put(early), tx.changes.put(late)] == [True, True, False]
    with store.begin() as tx:
        found = [change for change in tx.changes.between(NOW - timedelta(hours=2), NOW) if change.service == service]
        assert found == [early, late]
        assert late not in tx.changes.between(NOW - timedelta(hours=2), NOW - timedelta(seconds=1))


def test_an_early_end_is_remembered_for_a_day(store: SqlStore) -> None:
    """The newest counts; old ones are forgotten when another is heard."""
    old, new = _tag(store) + "old", _tag(store) + "new"
    with store.begin() as tx:
        tx.early_ends.put(old, NOW, NOW)
        tx.early_ends.put(old, NOW - timedelta(minutes=1), NOW)
        assert tx.early_ends.of(old) == NOW
        tx.early_ends.put(new, NOW, NOW + timedelta(days=1, seconds=1))
        assert (tx.early_ends.of(old), tx.early_ends.of(new)) == (None, NOW)


def test_the_newest_episode_of_a_condition_is_found_with_when_it_was_said(store: SqlStore) -> None:
    """Whatever its state; of another sender nothing."""
    mark = _tag(store)
    first = replace(a_signal(fingerprint=mark), starts_at=NOW - timedelta(hours=1))
    second = replace(a_signal(fingerprint=mark, firing=False), said_at=NOW + timedelta(minutes=1))
    with store.begin() as tx:
        number = tx.incidents.add(an_incident()).number
        tx.signals.put(number, second)
        tx.signals.put(number, first)
    with store.begin() as tx:
        assert tx.signals.latest("alertmanager", mark) == second
        assert tx.signals.latest("grafana", mark) is None


def test_a_storm_is_counted_by_service_and_name(store: SqlStore) -> None:
    """Since when, how many fire, how bad the worst of those that fire is; other incidents are left out."""
    tag = _tag(store)
    with store.begin() as tx:
        number, other = tx.incidents.add(an_incident()).number, tx.incidents.add(an_incident()).number
        for pod in range(30):
            signal = replace(a_signal("A", fingerprint=f"{tag}{pod}"), starts_at=NOW + timedelta(seconds=pod))
            tx.signals.put(number, signal if pod else replace(signal, severity=Severity.SEV1))
        tx.signals.put(number, a_signal("B", "search", firing=False, fingerprint=f"{tag}b"))
        tx.signals.put(other, a_signal("C", fingerprint=f"{tag}c"))
        assert len(tx.signals.of(number, 10)) == 10
        assert list(tx.signals.tallies([])) == []
        assert sorted(tx.signals.tallies([number]), key=lambda tally: tally.name) == [
            Tally(number, "checkout", "A", NOW, 30, 0, Severity.SEV1),
            Tally(number, "search", "B", NOW, 0, 1, None),
        ]
