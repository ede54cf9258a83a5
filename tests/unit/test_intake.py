"""Alerts are folded into incidents, each episode once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.adapters.store.sql import SqlStore
from app.adapters.store.upgrade import upgrade
from app.domain.incident import Status
from app.services.intake import Intake
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
