"""Alerts are folded into incidents, each episode once."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.adapters.store.sql import SqlStore
from app.adapters.store.upgrade import upgrade
from app.domain.incident import Status
from app.domain.signal import Signal
from app.domain.timeline import EntryKind, check_chain
from app.services.compose import Compose
from app.services.intake import GROUPS_UP_TO, SINGLE_UP_TO, Intake
from app.services.say import Say
from tests.builders import NOW, a_signal, an_inventory
from tests.fakes.clock import FakeClock, FakeIds


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """An empty database."""
    url = f"sqlite:///{tmp_path / 'sitrep.db'}"
    upgrade(url)
    opened = SqlStore(url)
    yield opened
    opened.close()


@pytest.fixture
def intake(store: SqlStore) -> Intake:
    """Intake over it."""
    clock = FakeClock(NOW)
    return Intake(store, an_inventory(), clock, Say(FakeIds(), clock))


def test_neighbours_become_one_incident_and_strangers_their_own(intake: Intake, store: SqlStore) -> None:
    """Checkout calls payments; search has nothing to do with either."""
    intake([a_signal("A", "checkout"), a_signal("B", "payments"), a_signal("C", "search")], "d1")
    with store.begin() as tx:
        assert sorted(incident.service or "" for incident in tx.incidents.open_ones()) == ["checkout", "search"]


def test_a_second_delivery_changes_nothing(intake: Intake, store: SqlStore) -> None:
    """Neither the timeline nor the outbox grows."""
    intake([a_signal()], "d1")
    with store.begin() as tx:
        before = len(tx.timeline.of(1))
    assert intake([a_signal()], "d2") == []
    with store.begin() as tx:
        assert len(tx.timeline.of(1)) == before


def test_when_every_alert_resolved_the_incident_is_monitored_and_a_new_one_reopens_the_work(
    intake: Intake, store: SqlStore
) -> None:
    """Firing again goes back to investigating."""
    intake([a_signal()], "d1")
    intake([a_signal(firing=False)], "d2")
    with store.begin() as tx:
        assert tx.incidents.get(1).status is Status.MONITORING
    intake([a_signal(name="Other")], "d3")
    with store.begin() as tx:
        assert tx.incidents.get(1).status is Status.INVESTIGATING
        assert len(tx.incidents.open_ones()) == 1


def test_a_resolved_alert_nobody_heard_of_opens_nothing(intake: Intake, store: SqlStore) -> None:
    """There is nothing to do about it."""
    intake([a_signal(firing=False)], "d1")
    with store.begin() as tx:
        assert list(tx.incidents.open_ones()) == []


def _counts(store: SqlStore) -> list[tuple[str | None, str, int, int]]:
    with store.begin() as tx:
        numbers = [incident.number for incident in tx.incidents.recent(100)]
        return sorted((t.service, t.name, t.firing, t.resolved) for t in tx.signals.tallies(numbers))


def test_a_storm_is_one_incident_whose_card_counts_every_alert(intake: Intake, store: SqlStore) -> None:
    """Evidence and timeline say it by name and service; nothing is lost, and nothing is said a thousand times."""
    storm = [
        a_signal(f"Broken{number % 3}", ("checkout", "payments")[number % 2], fingerprint=f"f{number}") for number in range(600)
    ]
    for start in range(0, 600, 100):
        intake(storm[start : start + 100], f"d{start}")
    with store.begin() as tx:
        (incident,) = tx.incidents.open_ones()
        evidence, entries = tx.evidence.of(incident.number), tx.timeline.of(incident.number)
    card = Compose(store, an_inventory(), FakeClock(NOW)).card(incident.number)
    assert (card.firing, card.resolved, card.kinds, card.services) == (600, 0, 3, 2)
    assert len(evidence) == 6
    assert sum(int(str(item.data["firing"])) for item in evidence) == 600
    assert sum(int(str(entry.data["alerts"])) for entry in entries if entry.kind is EntryKind.ALERT) == 600
    assert len(entries) < 50
    check_chain(entries)


def test_a_storm_of_a_thousand_names_stays_readable(intake: Intake, store: SqlStore) -> None:
    """What does not fit is counted together."""
    intake([a_signal(f"Odd{number}", "checkout") for number in range(1000)], "d1")
    with store.begin() as tx:
        evidence = tx.evidence.of(1)
    assert len(evidence) == GROUPS_UP_TO + 1
    assert sum(int(str(item.data["firing"])) for item in evidence) == 1000


def test_a_storm_is_looked_at_each_half_minute_and_not_for_each_delivery(intake: Intake) -> None:
    """The few alerts of a small incident are looked at one by one."""
    small = intake([a_signal("First")], "d1")
    storm = [
        task
        for number in range(5)
        for task in intake([a_signal("Many", fingerprint=f"{number}.{pod}") for pod in range(SINGLE_UP_TO + 1)], f"s{number}")
    ]
    assert [task.id for task in small if task.name == "investigate"] == ["look:1:d1"]
    assert len({task.id for task in storm if task.name == "investigate"}) == 1


def test_an_unrelated_neighbour_hours_later_is_an_incident_of_its_own(store: SqlStore) -> None:
    """The first one is still open; the same service still joins it."""
    clock = FakeClock(NOW)
    intake = Intake(store, an_inventory(), clock, Say(FakeIds(), clock))
    intake([a_signal("A", "payments")], "d1")
    later = NOW + timedelta(hours=3)
    clock.advance(3 * 3600)
    intake([replace(a_signal("B", "checkout"), starts_at=later), replace(a_signal("C", "payments"), starts_at=later)], "d2")
    with store.begin() as tx:
        found = {
            signal.name: incident.number for incident in tx.incidents.open_ones() for signal in tx.signals.of(incident.number)
        }
    assert found["A"] == found["C"] != found["B"]


def test_an_alert_that_names_a_broken_service_joins_its_incident(intake: Intake, store: SqlStore) -> None:
    """Search calls nobody in the configuration; its alert says whom it waits for."""
    intake([a_signal("A", "payments")], "d1")
    intake([replace(a_signal("B", "search"), annotations={"description": "search waits for payments"})], "d2")
    with store.begin() as tx:
        assert len(tx.incidents.open_ones()) == 1


def test_test_alerts_never_join_a_real_incident(intake: Intake, store: SqlStore) -> None:
    """They say so in a label."""
    intake([a_signal("A")], "d1")
    intake([replace(a_signal("B"), labels={"env": "test"})], "d2")
    with store.begin() as tx:
        assert sorted(incident.is_test for incident in tx.incidents.open_ones()) == [False, True]


SIGNALS = st.lists(
    st.builds(
        lambda name, service, pod, firing: a_signal(name, service, firing=firing, fingerprint=f"{name}{service}{pod}"),
        st.sampled_from(["A", "B"]),
        st.sampled_from(["checkout", "payments", "search"]),
        st.integers(0, 20),
        st.just(True),
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(signals=SIGNALS, cut=st.integers(0, 60), order=st.randoms(use_true_random=False))
def test_counts_depend_on_what_was_said_and_not_on_order_batches_or_repetition(
    tmp_path_factory: pytest.TempPathFactory, signals: list[Signal], cut: int, order: random.Random
) -> None:
    """The same alerts in another order, in other batches and twice over come to the same counts."""
    shuffled = [*signals]
    order.shuffle(shuffled)
    results = []
    for batches in ([signals], [shuffled[:cut], shuffled[cut:], signals]):
        url = f"sqlite:///{tmp_path_factory.mktemp('counts') / 'sitrep.db'}"
        upgrade(url)
        store, clock = SqlStore(url), FakeClock(NOW)
        intake = Intake(store, an_inventory(), clock, Say(FakeIds(), clock))
        for position, batch in enumerate(batches):
            intake(batch, f"d{position}")
        results.append(_counts(store))
        store.close()
    assert results[0] == results[1]
    assert sum(row[2] for row in results[0]) == len({signal.fingerprint for signal in signals})
