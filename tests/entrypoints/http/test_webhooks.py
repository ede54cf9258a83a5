"""What senders see at the door, and what a person sees afterwards."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.adapters.signals.catalogue import Secrets
from app.domain.timeline import EntryKind
from app.entrypoints.http.webhooks import MAX_BYTES
from tests.adapters.signals.payloads import EXAMPLES, SNS, Example
from tests.entrypoints.http.house import House, basic, changed

TOKEN = "a-long-webhook-token"
SOURCES = sorted({example.source for example in EXAMPLES.values()})
UNSIGNED = {name: example for name, example in EXAMPLES.items() if example.source != "sns"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An open door on this machine: no token, no secrets."""
    built = House(tmp_path)
    yield built
    built.stop()


@pytest.mark.parametrize("name", UNSIGNED)
async def test_a_documented_payload_is_accepted_once(house: House, name: str) -> None:
    """Opened or kept the first time, already seen the second, and nothing differs."""
    first = await house.send(UNSIGNED[name])
    assert first.status_code == 202, first.json()
    if UNSIGNED[name].state == "change":
        assert first.json()["changes"] == 1
    else:
        assert house.incidents() == [("checkout", "triage")]
    before = house.fingerprint()
    second = await house.send(UNSIGNED[name])
    assert (second.status_code, second.json()["status"]) == (200, "already seen")
    assert house.fingerprint() == before


async def test_a_bad_alert_in_a_group_is_counted_and_named_and_the_rest_opens(house: House) -> None:
    """In the answer, in the incident's timeline, in the inbox and in the metrics."""
    group = changed(EXAMPLES["alertmanager"].body)
    group["alerts"].append({"status": "firing", "labels": "none"})
    answer = await house.post("alertmanager", json.dumps(group).encode())
    assert (answer.status_code, answer.json()["refused"]) == (202, 1)
    assert house.incidents() == [("checkout", "triage")]
    told = [entry.text for entry in house.timeline() if entry.kind is EntryKind.ERROR]
    assert told == ["A notification from alertmanager: 1 of 2 could not be understood: alerts[1].labels is not an object."]
    assert house.problems == ["1 of 2 could not be understood: alerts[1].labels is not an object."]
    assert 'sitrep_webhook_refused_parts_total{source="alertmanager"} 1.0' in house.metrics()


async def test_a_group_without_one_good_alert_is_still_taken_and_named(house: House) -> None:
    """A 4xx would lose it; the inbox keeps it with its reason."""
    answer = await house.post(
        "alertmanager", json.dumps(changed(EXAMPLES["alertmanager"].body, alerts__0__startsAt="soon")).encode()
    )
    assert answer.status_code == 202
    assert house.incidents() == []
    assert house.problems == ["1 of 1 could not be understood: alerts[0].startsAt is 'soon'."]


async def test_a_body_that_is_no_alertmanager_webhook_is_refused(house: House) -> None:
    """With what to do."""
    answer = await house.post("alertmanager", b'{"hello": 1}')
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "hint"}


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {TOKEN}"},
        {"authorization": f"bearer {TOKEN}"},
        {"authorization": basic(TOKEN)},
        {"x-sitrep-token": TOKEN},
    ],
)
async def test_the_token_opens_in_each_form_a_sender_can_send(tmp_path: Path, headers: dict[str, str]) -> None:
    """SNS can only put it into its address, others only into a header of their own."""
    house = House(tmp_path, token=TOKEN)
    assert (await house.send(EXAMPLES["generic"], **headers)).status_code == 202
    house.stop()


PROOFLESS: list[dict[str, str]] = [
    {},
    {"authorization": "Bearer wrong"},
    {"authorization": TOKEN},
    {"authorization": f"Token {TOKEN}"},
    {"authorization": "Basic !!!"},
    {"authorization": basic("wrong")},
    {"x-sitrep-token": "wr\u00f6ng"},
    {"x-sitrep-signature": "sha256=00"},
]


@pytest.mark.parametrize("source", SOURCES)
async def test_without_the_token_nothing_comes_in(tmp_path: Path, source: str) -> None:
    """401 with a hint and a challenge, whatever stands in the headers."""
    house = House(tmp_path, token=TOKEN)
    example = next(item for item in EXAMPLES.values() if item.source == source)
    for headers in PROOFLESS:
        answer = await house.send(example, **headers)
        assert (answer.status_code, set(answer.json())) == (401, {"error", "hint"})
        assert answer.headers["www-authenticate"].startswith("Basic")
    assert (house.incidents(), house.problems) == ([], [])
    house.stop()


async def test_a_body_that_grows_beyond_the_cap_is_refused(house: House) -> None:
    """Without reading on."""
    assert (await house.post("alertmanager", b" " * (MAX_BYTES + 1))).status_code == 413


async def test_a_broken_database_asks_for_another_try(house: House, tmp_path: Path) -> None:
    """503 is for our own trouble only, and says so."""
    (tmp_path / "sitrep.db").rename(tmp_path / "gone.db")
    house.stop()
    answer = await house.send(EXAMPLES["generic"])
    assert answer.status_code == 503
    assert set(answer.json()) == {"error", "hint"}
    assert answer.headers["retry-after"]


async def test_cloudevents_ask_for_permission_first(house: House) -> None:
    """The handshake of the CloudEvents webhook specification."""
    answer = await house.post(
        "cloudevents", b"", {"webhook-request-origin": "events.example.com", "webhook-request-rate": "120"}, "OPTIONS"
    )
    assert answer.status_code == 200
    assert (answer.headers["webhook-allowed-origin"], answer.headers["webhook-allowed-rate"]) == ("*", "*")
    assert "POST" in answer.headers["allow"]
    plain = await house.post("cloudevents", b"", {}, "OPTIONS")
    assert "webhook-allowed-origin" not in plain.headers


async def test_other_methods_and_sources_are_not_there(house: House) -> None:
    """404 and 405."""
    assert (await house.post("nagios", b"{}")).status_code == 404
    assert (await house.post("generic", b"", {}, "GET")).status_code == 405


async def test_a_deploy_stands_in_the_timeline_of_its_service_and_asks_for_a_new_look(house: House) -> None:
    """A card can then say what was deployed before it began."""
    await house.send(EXAMPLES["alertmanager"])
    await house.send(EXAMPLES["github deployment"])
    (entry,) = [entry for entry in house.timeline() if entry.kind is EntryKind.CHANGE]
    assert entry.text == "deploy on checkout at 02:58:00 UTC: deployed v1.4.2 to production"
    assert entry.actor == "alice"
    assert [task.payload["incident"] for task in house.followed if task.name == "investigate"] == [1, 1]
    again = changed(EXAMPLES["github deployment"].body)
    await house.post(
        "deploy", json.dumps(again).encode(), {"x-github-event": "deployment_status", "x-github-delivery": "another"}
    )
    assert len([entry for entry in house.timeline() if entry.kind is EntryKind.CHANGE]) == 1


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


HUGE = {str(number): "x" * 2000 for number in range(3000)}


@pytest.mark.parametrize(
    "name", [name for name in UNSIGNED if UNSIGNED[name].source in {"generic", "datadog", "opsgenie", "sentry"}]
)
async def test_huge_label_sets_stay_small(house: House, name: str) -> None:
    """At most a hundred labels of a thousand letters are kept."""
    example = UNSIGNED[name]
    body = changed(example.body)
    inner = body if (body.get("alert") is None) else body["alert"]
    inner["labels"] = inner["details"] = {key: text[:50] for key, text in HUGE.items()}
    inner["tags"] = [f"tag{number}:{'y' * 50}" for number in range(3000)]
    answer = await house.send(Example(example.source, body, example.headers))
    assert answer.status_code == 202, answer.json()
    with house.store.begin() as tx:
        (signal,) = tx.signals.of(1)
    assert len(signal.labels) <= 200
    assert all(len(text) <= 1024 for text in signal.labels.values())


STRANGE: list[Any] = [
    None, True, 0, -1, 2**60, -(2**60), 1e308, 0.1, "", " ", "x" * 5000, "\u202e\u200b<@U1> *x*", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00", "-5", "99999999999999999999", "NaN", "$ALERT_ID", [], {}, [[]], [None], ["a", "b"], {"a": {"b": []}},
    {"\u202e": "x"}, float("nan"), float("inf"),
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to everything in a body."""
    if path:
        yield path
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield from places(inner, (*path, step))


def spoiled(body: Any, path: tuple[Any, ...], value: Any, *, remove: bool) -> Any:
    """A copy of the body with one place replaced or removed."""
    copy = json.loads(json.dumps(body))
    target = copy
    for step in path[:-1]:
        target = target[step]
    if remove:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return copy


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_spoiled_payload_never_breaks_the_door_and_leaves_nothing_half_done(name: str, tmp_path: Path) -> None:
    """Two places of each documented payload hold something strange: 2xx, or 4xx with a hint and nothing stored."""
    house = House(tmp_path)
    example = EXAMPLES[name]
    spots = list(places(example.body))

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def spoil(data: st.DataObject) -> None:
        body = example.body
        for _ in range(data.draw(st.integers(1, 2))):
            options = [spot for spot in spots if _is_there(body, spot)]
            if not options:
                break
            body = spoiled(
                body, data.draw(st.sampled_from(options)), data.draw(st.sampled_from(STRANGE)), remove=data.draw(st.booleans())
            )
        before = house.fingerprint()
        answer = asyncio.run(house.send(Example(example.source, body, example.headers)))
        assert answer.status_code in {200, 202, 400, 403, 429}, answer.text
        if answer.status_code >= 300:
            assert set(answer.json()) == {"error", "hint"}
            assert house.fingerprint() == before

    spoil()
    house.stop()


def _is_there(body: Any, path: tuple[Any, ...]) -> bool:
    for step in path:
        if (isinstance(body, dict) and step in body) or (isinstance(body, list) and isinstance(step, int) and step < len(body)):
            body = body[step]
        else:
            return False
    return True


@pytest.mark.parametrize("source", SOURCES)
async def test_a_body_of_another_kind_is_refused_with_a_hint(house: House, source: str) -> None:
    """At every source."""
    for raw in (b"", b"[]", b"{}", b"null", b"{" * 9000, b'{"a": NaN}', b'{"a":1,"a":2}', b"\xff\xfe", b'"x"'):
        answer = await house.post(source, raw)
        assert answer.status_code == 400, raw
        assert answer.json()["hint"]


async def test_nothing_of_a_rejected_body_is_said_or_logged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even in the answer of a failed signature."""
    house = House(tmp_path, Secrets(github="s3cret"), token=TOKEN)
    raw = b'{"password": "hunter2-hunter2"}'
    answer = await house.post("deploy", raw, {"x-github-event": "push", "x-hub-signature-256": "sha256=00"})
    assert answer.status_code == 401
    said = capsys.readouterr()
    assert "hunter2" not in answer.text + said.out + said.err
    house.stop()


async def test_a_body_from_sns_that_nobody_signed_is_refused_without_asking_anybody(house: House) -> None:
    """The certificate is not even looked for while the signature is no signature."""
    answer = await house.post("sns", json.dumps(SNS).encode())
    assert answer.status_code == 403
