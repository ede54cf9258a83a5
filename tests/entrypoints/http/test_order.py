"""Deliveries that come twice, late and in the wrong order leave what a person sees as it should be."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.signals.payloads import EXAMPLES, Example
from tests.entrypoints.http.house import House, changed


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An open door on this machine: no token, no secrets."""
    built = House(tmp_path)
    yield built
    built.stop()


async def test_the_end_that_overtakes_its_beginning_opens_nothing(house: House) -> None:
    """Deliveries come in any order."""
    body = EXAMPLES["pagerduty"].body
    over = changed(
        body,
        event__id="2",
        event__event_type="incident.resolved",
        event__occurred_at="2026-11-24T03:00:20Z",
        event__data__status="resolved",
    )
    assert (await house.post("pagerduty", json.dumps(over).encode())).status_code == 202
    assert (await house.send(EXAMPLES["pagerduty"])).status_code == 202
    assert house.incidents() == []


async def test_a_late_word_does_not_undo_a_newer_one_and_a_new_beginning_does(house: House) -> None:
    """Acknowledged at 03:00:10 arrives after resolved at 03:00:20; reopened at 03:05 counts."""
    body = EXAMPLES["pagerduty"].body

    async def tell(number: str, kind: str, at: str, status: str) -> None:
        said = changed(
            body,
            event__id=number,
            event__event_type=f"incident.{kind}",
            event__occurred_at=f"2026-11-24T{at}Z",
            event__data__status=status,
        )
        assert (await house.post("pagerduty", json.dumps(said).encode())).status_code == 202

    await house.send(EXAMPLES["pagerduty"])
    await tell("2", "resolved", "03:00:20", "resolved")
    assert house.incidents() == [("checkout", "monitoring")]
    await tell("3", "acknowledged", "03:00:10", "acknowledged")
    assert house.incidents() == [("checkout", "monitoring")]
    house.clock.advance(300)
    await tell("4", "reopened", "03:05:00", "triggered")
    assert house.incidents() == [("checkout", "investigating")]
    await tell("5", "resolved", "03:06:00", "resolved")
    assert house.incidents() == [("checkout", "monitoring")]


CYCLES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "datadog": (
        {"alert_transition": "Recovered", "date": "1795489260000"},
        {"alert_transition": "Re-Triggered", "date": "1795489230000"},
    ),
    "opsgenie": (
        {"action": "Close", "alert__updatedAt": 1795489260000000000},
        {"action": "Acknowledge", "alert__updatedAt": 1795489230000000000},
    ),
    "generic": (
        {"status": "resolved", "time": "2026-11-24T03:01:00Z"},
        {"status": "firing", "time": "2026-11-24T03:00:30Z"},
    ),
    "cloudevents structured": (
        {"type": "com.example.alert.resolved", "id": "9", "time": "2026-11-24T03:01:00Z"},
        {"type": "com.example.alert.fired", "id": "10", "time": "2026-11-24T03:00:30Z"},
    ),
    "grafana": (
        {"alerts__0__status": "resolved", "alerts__0__endsAt": "2026-11-24T03:01:00Z"},
        {},
    ),
}


@pytest.mark.parametrize("name", CYCLES)
async def test_an_end_is_known_and_a_late_repetition_changes_nothing(house: House, name: str) -> None:
    """The alert fires, is over, and then an older word arrives."""
    over, late = CYCLES[name]
    example = EXAMPLES[name]
    await house.send(example)
    answer = await house.send(Example(example.source, changed(example.body, **over), example.headers))
    assert answer.status_code == 202
    assert house.incidents() == [("checkout", "monitoring")]
    before = house.fingerprint()
    await house.send(Example(example.source, changed(example.body, **late), example.headers))
    assert house.fingerprint() == before


async def test_sentry_ends_an_issue_alert_with_its_issue(house: House) -> None:
    """The alert has no end of its own."""
    await house.send(EXAMPLES["sentry issue alert"])
    issue = changed(EXAMPLES["sentry issue"].body, action="resolved", data__issue__id="1170820242")
    headers = {"sentry-hook-resource": "issue", "sentry-hook-timestamp": "1795489300", "request-id": "z"}
    await house.post("sentry", json.dumps(issue).encode(), headers)
    assert house.incidents() == [("checkout", "monitoring")]


async def test_a_clock_years_ahead_or_behind_opens_like_any_other(house: House) -> None:
    """An incident never starts in the future."""
    await house.post("generic", json.dumps(changed(EXAMPLES["generic"].body, time="2120-01-01T00:00:00Z", id="a")).encode())
    await house.post(
        "generic", json.dumps(changed(EXAMPLES["generic"].body, time="1971-01-01T00:00:00Z", id="b", service="search")).encode()
    )
    assert len(house.incidents()) == 2
    with house.store.begin() as tx:
        assert all(incident.started_at <= house.clock.now() for incident in tx.incidents.recent(5))


async def test_a_sender_without_a_clock_is_told_apart_by_the_minute(house: House) -> None:
    """A retry is the same, the next turn of the same alert is not."""
    body = {"name": "Backup failed", "service": "search", "status": "firing"}
    over = {**body, "status": "ok"}
    assert (await house.post("generic", json.dumps(body).encode())).status_code == 202
    assert (await house.post("generic", json.dumps(body).encode())).status_code == 200
    assert (await house.post("generic", json.dumps(over).encode())).status_code == 202
    assert house.incidents() == [("search", "monitoring")]
    house.clock.advance(timedelta(minutes=5).total_seconds())
    assert (await house.post("generic", json.dumps(body).encode())).status_code == 202
    assert house.incidents() == [("search", "investigating")]
