"""Of a private incident nobody learns who is not in it, whichever way they ask."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.adapters.store.sql import SqlStore
from app.adapters.store.upgrade import upgrade
from app.domain.errors import NotFound
from app.domain.incident import Incident, Status
from app.services.compose import Compose
from app.services.intake import Intake
from app.services.learn import Learn
from app.services.say import Say
from app.services.send import Send
from app.services.update import Update
from tests.builders import NOW, a_signal, an_incident, an_inventory
from tests.fakes.clock import FakeClock, FakeIds
from tests.fakes.room import ALICE, BOB, PEOPLE, FakeRoom
from tests.fakes.sources import FakeKnowledge


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """An empty database."""
    url = f"sqlite:///{tmp_path / 'sitrep.db'}"
    upgrade(url)
    opened = SqlStore(url)
    yield opened
    opened.close()


def _declared(store: SqlStore, *, is_private: bool) -> None:
    clock = FakeClock(NOW)
    update = Update(store, clock, Say(FakeIds(), clock))
    update.declare("Payroll data on a public share", PEOPLE[ALICE], service="checkout", is_private=is_private)


def _spoken(store: SqlStore, room: FakeRoom) -> None:
    clock = FakeClock(NOW)
    inventory = replace(an_inventory(), responders=(BOB,))
    Send(store, room, inventory, clock, Compose(store, inventory, clock))("inc:1")


def test_a_private_incidents_channel_is_private_and_only_its_own_people_are_invited(store: SqlStore) -> None:
    """Responders are invited by those inside, not by Sitrep."""
    room = FakeRoom()
    _declared(store, is_private=True)
    _spoken(store, room)
    channel = next(item for item in room.channels.values() if item.name.startswith("inc-1-"))
    assert channel.is_private
    assert channel.members == {ALICE}
    assert len(channel.messages) == 1


def test_a_private_incident_is_not_announced(store: SqlStore) -> None:
    """Not when it opens, and not by an announcement that was on its way."""
    room = FakeRoom()
    _declared(store, is_private=True)
    clock = FakeClock(NOW)
    with store.begin() as tx:
        Say(FakeIds(), clock).announce(tx, 1)
    _spoken(store, room)
    assert room.texts("C0INCIDENT") == []


def test_a_public_incident_is_announced_and_responders_are_invited(store: SqlStore) -> None:
    """The other side of the same code."""
    room = FakeRoom()
    _declared(store, is_private=False)
    _spoken(store, room)
    channel = next(item for item in room.channels.values() if item.name.startswith("inc-1-"))
    assert not channel.is_private
    assert channel.members == {ALICE, BOB}
    assert len(room.texts("C0INCIDENT")) == 1


def test_an_alert_about_the_same_service_opens_an_incident_of_its_own(store: SqlStore) -> None:
    """Folded into a private one it would be seen by few."""
    _declared(store, is_private=True)
    clock = FakeClock(NOW)
    Intake(store, an_inventory(), clock, Say(FakeIds(), clock))([a_signal()], "d1")
    with store.begin() as tx:
        assert [item.is_private for item in tx.incidents.open_ones()] == [False, True]
        assert list(tx.signals.of(1)) == []


def test_an_alert_does_not_reopen_a_private_incident(store: SqlStore) -> None:
    """Even if it was the very same alert."""
    clock = FakeClock(NOW)
    intake = Intake(store, an_inventory(), clock, Say(FakeIds(), clock))
    intake([a_signal()], "d1")
    with store.begin() as tx:
        incident = replace(tx.incidents.get(1), is_private=True)
        tx.incidents.save(incident.move_to(Status.RESOLVED, NOW))
    intake([replace(a_signal(), starts_at=clock.advance(60))], "d2")
    with store.begin() as tx:
        assert [item.number for item in tx.incidents.open_ones()] == [2]


def test_a_private_incident_teaches_nothing(store: SqlStore) -> None:
    """What memory holds, `similar` shows to everybody."""
    knowledge = FakeKnowledge()
    with store.begin() as tx:
        for is_private in (True, False):
            added = tx.incidents.add(replace(an_incident("Payroll data"), is_private=is_private))
            tx.incidents.save(added.move_to(Status.RESOLVED, NOW))
    for number in (1, 2):
        Learn(store, knowledge)(number)
    assert [memory.id for memory in knowledge.learned] == ["inc-2"]


@pytest.mark.parametrize(
    ("person", "room", "sees"),
    [
        (BOB, "C0GENERAL1", False),
        (BOB, "", False),
        (BOB, "C0PRIVATE1", True),
        (ALICE, "C0GENERAL1", True),
    ],
)
def test_who_asks_about_a_private_incident_hears_of_it_in_its_channel_or_if_they_are_in_it(
    person: str, room: str, sees: bool
) -> None:
    """For everybody else there is no such incident."""
    private = replace(an_incident(), number=7, is_private=True, declared_by=ALICE, room="C0PRIVATE1")
    assert private.may_be_seen(person, room) is sees
    if not sees:
        with pytest.raises(NotFound) as hidden:
            private.shown_to(person, room)
        assert str(hidden.value) == "There is no INC-7. `/inc list` shows the incidents there are."


def test_before_its_channel_is_open_a_private_incident_is_hidden_from_places_without_a_channel() -> None:
    """Two empty names are no match."""
    private: Incident = replace(an_incident(), number=7, is_private=True, declared_by=ALICE)
    assert not private.may_be_seen(BOB, "")
    assert an_incident().may_be_seen(BOB, "")
