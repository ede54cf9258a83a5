"""A sender's own signature opens the door in place of the token, and nothing that only looks like it does."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from app.adapters.signals.catalogue import Secrets
from tests.adapters.signals.amazon import TOPIC, Amazon, confirmation
from tests.adapters.signals.payloads import CLOUDWATCH_ALARM, EXAMPLES, SNS, Example
from tests.entrypoints.http.house import House

SECRET = "the-sender's-secret"
Sign = Callable[[bytes, str], Mapping[str, str]]


def mac(secret: str, raw: bytes) -> str:
    """What every sender computes."""
    return hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


SIGNED: dict[str, tuple[str, Secrets, Sign]] = {
    "pagerduty": ("pagerduty", Secrets(pagerduty=SECRET), lambda raw, key: {"X-PagerDuty-Signature": f"v1={'0' * 64},v1={mac(key, raw)}"}),
    "sentry": ("sentry issue alert", Secrets(sentry=SECRET), lambda raw, key: {"Sentry-Hook-Signature": mac(key, raw)}),
    "grafana": ("grafana", Secrets(grafana=SECRET), lambda raw, key: {"X-Grafana-Alerting-Signature": mac(key, raw)}),
    "github": ("github push", Secrets(github=SECRET), lambda raw, key: {"X-Hub-Signature-256": f"sha256={mac(key, raw)}"}),
    "gitlab": ("gitlab deployment", Secrets(gitlab=SECRET), lambda _raw, key: {"X-Gitlab-Token": key}),
}  # fmt: skip


@pytest.mark.parametrize("token", ["", "a-long-webhook-token"])
@pytest.mark.parametrize("sender", SIGNED)
async def test_a_valid_signature_replaces_the_token(tmp_path: Path, sender: str, token: str) -> None:
    """Whether a token is set or not."""
    name, secrets, sign = SIGNED[sender]
    house = House(tmp_path, secrets, token)
    assert (await house.send(EXAMPLES[name], **sign(EXAMPLES[name].raw, SECRET))).status_code == 202
    assert (await house.send(EXAMPLES[name], **sign(EXAMPLES[name].raw, SECRET))).status_code == 200, "a replay changes nothing"
    house.stop()


@pytest.mark.parametrize("sender", SIGNED)
async def test_what_only_looks_signed_stays_outside(tmp_path: Path, sender: str) -> None:
    """No signature, another secret, another body, nonsense; the token does not help a wrong signature."""
    name, secrets, sign = SIGNED[sender]
    house = House(tmp_path, secrets, "a-long-webhook-token")
    example = EXAMPLES[name]
    (header,) = sign(b"", SECRET)
    wrong: list[Mapping[str, str]] = [{}, sign(example.raw, "another"), {header: ""}, {header: "v1="}, {header: "\u00e9" * 64}]
    if sender != "gitlab":
        wrong.append(sign(example.raw + b" ", SECRET))
    for headers in wrong:
        answer = await house.send(example, **headers)
        assert (answer.status_code, set(answer.json())) == (401, {"error", "hint"}), headers
    answer = await house.send(example, Authorization="Bearer a-long-webhook-token", **sign(example.raw, "another"))
    assert answer.status_code == 401
    assert (house.incidents(), house.timeline()) == ([], [])
    assert (await house.send(example, Authorization="Bearer a-long-webhook-token")).status_code == 202
    house.stop()


async def test_once_a_secret_is_set_nothing_comes_in_unsigned_even_without_a_token(tmp_path: Path) -> None:
    """On this machine too."""
    house = House(tmp_path, Secrets(pagerduty=SECRET))
    assert (await house.send(EXAMPLES["pagerduty"])).status_code == 401
    assert (await house.send(EXAMPLES["generic"])).status_code == 202
    house.stop()


async def test_two_secrets_hold_while_one_is_being_replaced(tmp_path: Path) -> None:
    """With a space between."""
    house = House(tmp_path, Secrets(github="old new"))
    example = EXAMPLES["github push"]
    for number, secret in enumerate(("old", "new")):
        sent = Example("deploy", example.body, {**example.headers, "x-github-delivery": str(number)})
        assert (await house.send(sent, **{"X-Hub-Signature-256": f"sha256={mac(secret, sent.raw)}"})).status_code == 202
    house.stop()


async def test_grafanas_time_is_part_of_its_signature_and_goes_stale(tmp_path: Path) -> None:
    """Five minutes either way."""
    house = House(tmp_path, Secrets(grafana=SECRET))
    example = EXAMPLES["grafana"]

    async def send(at: float, text: str = "") -> int:
        stamp = text or str(int(at))
        signature = mac(SECRET, f"{stamp}:".encode() + example.raw)
        headers = {"X-Grafana-Alerting-Signature": signature, "X-Grafana-Alerting-Timestamp": stamp}
        return (await house.send(example, **headers)).status_code

    now = house.clock.now().timestamp()
    assert [await send(now - 301), await send(now + 301), await send(0, "9" * 30), await send(0, "-1")] == [401] * 4
    assert await send(now - 299) == 202
    house.stop()


async def test_our_own_signature_proves_the_token_without_sending_it(tmp_path: Path) -> None:
    """For scripts that post to generic or deploy."""
    house = House(tmp_path, token="a-long-webhook-token")
    example = EXAMPLES["deploy"]
    good = {"X-Sitrep-Signature": f"sha256={mac('a-long-webhook-token', example.raw)}"}
    assert (await house.send(example, **{"X-Sitrep-Signature": f"sha256={mac('x', example.raw)}"})).status_code == 401
    assert (await house.send(example, **good)).status_code == 202
    house.stop()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the key and its certificate lie."""
    return tmp_path_factory.mktemp("amazon")


@pytest.fixture(scope="module")
def made(keys: Path) -> Amazon:
    """One key for all tests of this module."""
    return Amazon(keys)


@pytest.fixture
def amazon(made: Amazon) -> Amazon:
    """It answers, and nobody has asked it anything yet."""
    made.opened.clear()
    made.is_down = False
    return made


@pytest.fixture
def house(tmp_path: Path, amazon: Amazon) -> Iterator[House]:
    """A door that knows one topic."""
    built = House(tmp_path, Secrets(sns_topics=TOPIC), token="a-long-webhook-token", fetch=amazon.fetch)
    yield built
    built.stop()


async def post(house: House, message: dict[str, Any]) -> int:
    """The status that SNS sees."""
    return (await house.post("sns", json.dumps(message).encode(), {"content-type": "text/plain; charset=UTF-8"})).status_code


def alarm(state: str, at: str, number: str) -> dict[str, Any]:
    """A CloudWatch alarm in that state."""
    return {
        **SNS,
        "MessageId": number,
        "Message": json.dumps({**CLOUDWATCH_ALARM, "NewStateValue": state, "StateChangeTime": at}),
    }


@pytest.mark.parametrize("version", ["1", "2"])
async def test_what_sns_signed_comes_in_without_a_token(house: House, amazon: Amazon, version: str) -> None:
    """The certificate is asked for once."""
    assert await post(house, amazon.signed(SNS, version)) == 202
    assert await post(house, amazon.signed(SNS, version)) == 200
    assert await post(house, amazon.signed({**SNS, "MessageId": "2", "Subject": "Zweiter Brief \u00fc"}, version)) == 202
    assert len(amazon.opened) == 1
    assert house.incidents() == [("checkout", "triage")]


async def test_an_alarm_ends_with_ok_and_missing_data_is_neither(house: House, amazon: Amazon) -> None:
    """INSUFFICIENT_DATA opens nothing, ends nothing, and comes back to life as a new episode."""
    assert await post(house, amazon.signed(alarm("INSUFFICIENT_DATA", "2026-11-24T02:50:00.000+0000", "0"))) == 202
    assert house.incidents() == []
    await post(house, amazon.signed(alarm("ALARM", "2026-11-24T03:00:00.000+0000", "1")))
    await post(house, amazon.signed(alarm("INSUFFICIENT_DATA", "2026-11-24T03:01:00.000+0000", "2")))
    assert house.incidents() == [("checkout", "triage")]
    assert "checkout-5xx on checkout has no data" in [entry.text for entry in house.timeline()]
    await post(house, amazon.signed(alarm("OK", "2026-11-24T03:02:00.000+0000", "3")))
    assert house.incidents() == [("checkout", "monitoring")]
    await post(house, amazon.signed(alarm("INSUFFICIENT_DATA", "2026-11-24T03:03:00.000+0000", "4")))
    assert house.incidents() == [("checkout", "monitoring")]
    await post(house, amazon.signed(alarm("ALARM", "2026-11-24T03:04:00.000+0000", "5")))
    assert house.incidents() == [("checkout", "investigating")]


FORGED: dict[str, dict[str, Any]] = {
    "another host": {"SigningCertURL": "https://sns.us-east-1.amazonaws.com.evil.example/x.pem"},
    "a user before the host": {"SigningCertURL": "https://sns.us-east-1.amazonaws.com@evil.example/x.pem"},
    "a bucket of that name": {"SigningCertURL": "https://s3.us-east-1.amazonaws.com/sns/x.pem"},
    "no encryption": {"SigningCertURL": "http://sns.us-east-1.amazonaws.com/x.pem"},
    "another port": {"SigningCertURL": "https://sns.us-east-1.amazonaws.com:8443/x.pem"},
    "another kind of file": {"SigningCertURL": "https://sns.us-east-1.amazonaws.com/x.txt"},
    "a path upwards": {"SigningCertURL": "https://sns.us-east-1.amazonaws.com/../x.pem"},
    "a query": {"SigningCertURL": "https://sns.us-east-1.amazonaws.com/x.pem?y=.pem"},
    "a line break": {"SigningCertURL": "https://sns.us-east-1.amazonaws.com/x.pem\n"},
    "another region": {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com/x.pem"},
    "no address": {"SigningCertURL": None},
    "another version": {"SignatureVersion": "3"},
    "no signature": {"Signature": ""},
    "a short signature": {"Signature": "AAAA"},
    "no base64": {"Signature": "\u00e9"},
    "another message": {"Message": "{}"},
    "another subject": {"Subject": "All is well"},
    "another time": {"Timestamp": "2026-11-24T03:00:02.456Z"},
    "a foreign topic": {"TopicArn": "arn:aws:sns:us-east-1:999999999999:alerts"},
    "no topic at all": {"TopicArn": "alerts"},
    "another type": {"Type": "UnsubscribeConfirmation"},
}


@pytest.mark.parametrize("forgery", FORGED)
async def test_a_forged_message_is_refused(house: House, amazon: Amazon, forgery: str) -> None:
    """And nobody but Amazon is ever asked anything."""
    message = {**amazon.signed(SNS), **FORGED[forgery]}
    assert await post(house, message) in {400, 403}
    assert house.incidents() == []
    assert all(url.startswith("https://sns.us-east-1.amazonaws.com/SimpleNotificationService-") for url in amazon.opened)


async def test_a_subscription_to_an_allowed_topic_is_confirmed_at_an_address_of_our_own(house: House, amazon: Amazon) -> None:
    """The address in the message is never opened."""
    message = amazon.signed({**confirmation(), "SubscribeURL": "https://evil.example/?steal=1"})
    answer = await house.post("sns", json.dumps(message).encode())
    assert (answer.status_code, answer.json()["note"]) == (202, f"the subscription to {TOPIC} is confirmed")
    assert amazon.opened[1] == (
        "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription"
        "&TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A123456789012%3Aalerts"
        "&Token=2336412f37fb687f5d51e6e241d09c805a5a57b30d712f7948a98bac386edfe3"
    )
    assert len(amazon.opened) == 2


@pytest.mark.parametrize("topics", ["", "arn:aws:sns:us-east-1:123456789012:others"])
async def test_no_subscription_is_confirmed_that_nobody_allowed(tmp_path: Path, amazon: Amazon, topics: str) -> None:
    """Not even with the token and a valid signature."""
    house = House(tmp_path, Secrets(sns_topics=topics), token="a-long-webhook-token", fetch=amazon.fetch)
    raw = json.dumps(amazon.signed(confirmation())).encode()
    answer = await house.post("sns", raw, {"x-sitrep-token": "a-long-webhook-token"})
    assert answer.status_code == 403
    assert "SITREP_SNS_TOPICS" in answer.json()["hint"]
    assert amazon.opened == []
    house.stop()


async def test_while_amazon_cannot_be_asked_sns_is_told_to_come_again(house: House, amazon: Amazon) -> None:
    """SNS repeats after 429 and after no other 4xx."""
    amazon.is_down = True
    answer = await house.post("sns", json.dumps(amazon.signed(SNS)).encode())
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
    amazon.is_down = False
    assert await post(house, amazon.signed(SNS)) == 202


@pytest.mark.parametrize(
    "text", ["The backup failed", '{"title": "The backup failed", "severity": "critical"}', '{"AlarmName": "x"}', "{"]
)
async def test_other_messages_are_read_by_the_mapping_or_as_they_are(house: House, amazon: Amazon, text: str) -> None:
    """None is lost."""
    assert await post(house, amazon.signed({**SNS, "Message": text, "Subject": "Backup"})) == 202
    assert len(house.incidents()) == 1
