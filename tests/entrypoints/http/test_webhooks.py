"""What senders see at the door, and what a person sees afterwards."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.adapters.signals.catalogue import Secrets
from app.domain.timeline import EntryKind
from app.entrypoints.http.webhooks import MAX_BYTES
from tests.adapters.signals.payloads import EXAMPLES, SNS
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
