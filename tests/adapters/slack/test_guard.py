"""Only a fresh, signed and well-shaped request passes; everything else is refused in words, never with an exception."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.adapters.slack.shape import Refusal
from app.adapters.slack.signature import MAX_BYTES, Accepted, Guard, RecentSignatures

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
SECRET = "shh"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@dataclass
class SetClock:
    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


def signed(body: bytes, content_type: str = JSON, at: datetime = NOW) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    digest = hmac.new(SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"Content-Type": content_type, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


def check(body: bytes, headers: dict[str, str] | None = None, content_type: str = JSON) -> Accepted | Refusal:
    return Guard(SECRET, SetClock()).check(headers or signed(body, content_type), body)


def status(body: bytes, headers: dict[str, str] | None = None, content_type: str = JSON) -> int:
    answer = check(body, headers, content_type)
    if isinstance(answer, Refusal):
        assert set(answer.body) == {"error", "hint"}
        assert all(answer.body.values())
        return answer.status
    return 200


EVENT = json.dumps({"type": "event_callback", "event_id": "Ev1", "event": {"type": "message"}}).encode()


def test_a_signed_event_passes() -> None:
    answer = check(EVENT)
    assert isinstance(answer, Accepted)
    assert answer.body["event_id"] == "Ev1"
    assert not answer.is_replay


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Slack-Request-Timestamp", ""),
        ("X-Slack-Request-Timestamp", "soon"),
        ("X-Slack-Request-Timestamp", "9" * 5000),
        ("X-Slack-Request-Timestamp", "١٢٣٤"),
        ("X-Slack-Request-Timestamp", "-5"),
        ("X-Slack-Signature", ""),
        ("X-Slack-Signature", "v0=" + "0" * 64),
        ("X-Slack-Signature", "v0=" + "é" * 64),
        ("X-Slack-Signature", "v1=" + "0" * 64),
    ],
)
def test_a_wrong_header_is_401(name: str, value: str) -> None:
    assert status(EVENT, signed(EVENT) | {name: value}) == 401


@pytest.mark.parametrize("seconds", [-301, 301, -86400])
def test_an_old_or_future_request_is_401(seconds: int) -> None:
    assert status(EVENT, signed(EVENT, at=NOW + timedelta(seconds=seconds))) == 401


def test_a_body_changed_after_signing_is_401() -> None:
    assert status(EVENT + b" ", signed(EVENT)) == 401


def test_a_body_over_the_cap_is_413_before_anything_else_is_looked_at() -> None:
    assert status(b"x" * (MAX_BYTES + 1), {}) == 413


def test_a_body_that_is_no_utf8_is_400() -> None:
    assert status(b"\xff\xfe") == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"7",
        b"null",
        b"{",
        b'{"type": NaN}',
        b"[" * 100_000,
        b'{"a":' * 100 + b"1" + b"}" * 100,
        b'{"type":"x","n":' + b"9" * 5000 + b"}",
        b'{"type": 5}',
        b'{"type": "event_callback"}',
        b'{"type": "event_callback", "event_id": "1", "event": []}',
        b'{"type": "event_callback", "event_id": "1", "event": {"type": 3}}',
        b'{"type": "event_callback", "event_id": "1", "event": {"type": "x"}, "authorizations": 4}',
        b'{"type": "block_actions", "user": {"id": "U"}, "actions": ["x"]}',
        b'{"type": "block_actions", "user": {"id": "U"}, "actions": [{"action_id": "a", "type": "button"}], "channel": []}',
        b'{"type": "view_submission", "user": {"id": "U"}, "view": "x"}',
    ],
    ids=range(17),
)
def test_a_signed_body_of_the_wrong_shape_is_400(body: bytes) -> None:
    assert status(body) == 400


@pytest.mark.parametrize(
    "body",
    ["payload=%5B%5D", "payload=%7B", "command=%2Finc&command=%2Fx", "&".join(f"k{n}=1" for n in range(99)), "payload=%FF"],
)
def test_a_signed_form_of_the_wrong_shape_is_400(body: str) -> None:
    assert status(body.encode(), content_type=FORM) == 400


def test_another_content_type_is_415() -> None:
    assert status(EVENT, content_type="text/plain") == 415


def test_a_command_with_the_word_payload_in_it_is_still_a_command() -> None:
    body = urlencode({"command": "/inc", "text": "note payload is large"}).encode()
    answer = check(body, content_type=FORM)
    assert isinstance(answer, Accepted)
    assert answer.body["text"] == "note payload is large"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([JSON, FORM, "", "x/y"]))
def test_no_signed_body_raises(body: bytes, content_type: str) -> None:
    assert status(body, signed(body, content_type)) in {200, 400, 415}


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["X-Slack-Signature", "X-Slack-Request-Timestamp", "Content-Type"]), st.text()))
def test_no_headers_raise_or_get_through(headers: dict[str, str]) -> None:
    assert status(EVENT, headers or {"none": ""}) == 401


def test_a_request_is_a_replay_only_once_it_was_answered_well() -> None:
    clock = SetClock()
    guard = Guard(SECRET, clock)
    headers = signed(EVENT)
    first = guard.check(headers, EVENT)
    again = guard.check(headers, EVENT)
    assert isinstance(first, Accepted)
    assert isinstance(again, Accepted)
    assert not again.is_replay
    guard.answered(first)
    third = guard.check(headers, EVENT)
    assert isinstance(third, Accepted)
    assert third.is_replay


def test_remembered_signatures_are_bounded_and_forgotten() -> None:
    clock = SetClock()
    seen = RecentSignatures(clock, most=2)
    for name in ("a", "b", "c"):
        seen.answered(name)
    assert [seen.was_answered(name) for name in ("a", "b", "c")] == [False, True, True]
    clock.at = NOW + timedelta(seconds=601)
    assert not seen.was_answered("c")


def test_a_guard_without_a_secret_is_not_built() -> None:
    with pytest.raises(ValueError, match="SLACK_SIGNING_SECRET"):
        Guard("", SetClock())
