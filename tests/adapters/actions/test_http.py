"""The http executor sends exactly the approved call, once, and knows what it does not know."""

import socket
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.adapters.actions import HttpRunner
from app.adapters.actions.pinned import Unresolved
from app.domain.action import ActionSpec
from app.domain.canonical import Json
from app.domain.errors import ActionRefused, OutcomeUnknown, Unavailable
from tests.adapters.actions.entries import http_entry, observing
from tests.adapters.actions.target import Dripping, Endless, HalfABody, RawScript, Silent, Target, raw_server, serving

ASKED: dict[str, Json] = {"key": "pool_size", "value": 40}


@pytest.fixture(scope="module")
def shared_target() -> Iterator[Target]:
    with serving() as target:
        yield target


@pytest.fixture
def target(shared_target: Target) -> Target:
    fresh = Target()
    shared_target.status, shared_target.body, shared_target.headers = fresh.status, fresh.body, fresh.headers
    shared_target.seen.clear()
    return shared_target


def test_the_call_arrives_exactly_as_approved(target: Target) -> None:
    runner = HttpRunner({"SHOP_TOKEN": "t0ken", "OTHER": "secret"})
    result = runner.run(http_entry(target.url, token_env="SHOP_TOKEN"), "checkout", ASKED, "run_1", "U0BOB001")
    assert result.accepted
    assert result.output.startswith('status 200: {"value": 20')
    (seen,) = target.seen
    assert (seen.method, seen.path) == ("PUT", "/services/checkout/config/pool_size")
    assert target.json_of() == {"value": 40}
    assert seen.headers["x-sitrep-run"] == "run_1"
    assert "idempotency-key" not in seen.headers
    assert seen.headers["x-actor"] == "U0BOB001"
    assert seen.headers["authorization"] == "Bearer t0ken"
    assert seen.headers["host"] == f"127.0.0.1:{target.port}"
    assert "secret" not in str(seen)


def test_an_unexpected_status_is_not_accepted(target: Target) -> None:
    target.status, target.body = 409, b'{"error": "busy"}'
    result = HttpRunner({}).run(http_entry(target.url), "checkout", ASKED, "run_1", "U0BOB001")
    assert not result.accepted
    assert "409" in result.output
    assert "busy" in result.output


def test_a_redirect_is_an_answer_and_is_not_followed(target: Target) -> None:
    target.status, target.headers = 307, {"Location": target.url + "/elsewhere"}
    result = HttpRunner({}).run(http_entry(target.url), "checkout", ASKED, "run_1", "U0BOB001")
    assert not result.accepted
    assert [seen.path for seen in target.seen] == ["/services/checkout/config/pool_size"]


def test_proxy_settings_of_the_environment_are_ignored(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert HttpRunner({}).run(http_entry(target.url), "checkout", ASKED, "run_1", "U0BOB001").accepted


@pytest.mark.parametrize("name", ["a/b", "../../admin", "a?x=1", "a#b", "a b", "%2e%2e", "é", "{target}", "a;b", "a\\b"])
def test_a_value_stays_one_segment_of_the_path(target: Target, name: str) -> None:
    HttpRunner({}).run(http_entry(target.url), "checkout", {"key": name, "value": 1}, "run_1", "U0BOB001")
    path = target.seen[-1].path
    assert path.startswith("/services/checkout/config/")
    assert path.count("/") == 4
    assert "?" not in path


@pytest.mark.parametrize("name", [".", "..", "a\nb", "a\rb", "\x7f"])
def test_a_value_that_would_leave_its_segment_is_refused_and_nothing_is_sent(target: Target, name: str) -> None:
    with pytest.raises(ActionRefused):
        HttpRunner({}).run(http_entry(target.url), "checkout", {"key": name, "value": 1}, "run_1", "U0BOB001")
    assert not target.seen


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.text(max_size=20), value=st.integers(-500, 500))
def test_whatever_the_value_the_target_sees_its_own_path_or_nothing(shared_target: Target, key: str, value: int) -> None:
    shared_target.seen.clear()
    try:
        HttpRunner({}).run(http_entry(shared_target.url), "checkout", {"key": key, "value": value}, "run_1", "U0BOB001")
    except ActionRefused:
        assert not shared_target.seen
    else:
        assert shared_target.seen[0].path.startswith("/services/checkout/config/")
        assert shared_target.seen[0].path.count("/") == 4
        assert shared_target.json_of() == {"value": value}


@pytest.mark.parametrize(
    ("where", "parameters"),
    [
        ("database", ASKED),
        ("checkout", {"key": "pool_size"}),
        ("checkout", {**ASKED, "extra": 1}),
        ("checkout", {**ASKED, "value": True}),
        ("checkout", {**ASKED, "value": "40"}),
        ("checkout", {**ASKED, "value": 501}),
    ],
)
def test_what_the_catalogue_does_not_allow_is_not_sent(target: Target, where: str, parameters: dict[str, Json]) -> None:
    with pytest.raises(ActionRefused):
        HttpRunner({}).run(http_entry(target.url), where, parameters, "run_1", "U0BOB001")
    assert not target.seen


def test_a_missing_token_refuses_before_anything_is_sent(target: Target) -> None:
    with pytest.raises(ActionRefused, match="SHOP_TOKEN"):
        HttpRunner({}).run(http_entry(target.url, token_env="SHOP_TOKEN"), "checkout", ASKED, "run_1", "U0BOB001")
    assert not target.seen


@pytest.mark.parametrize("method", ["GET", "TRACE", "CONNECT", "put", ""])
def test_only_changing_methods_run(target: Target, method: str) -> None:
    with pytest.raises(ActionRefused, match="method"):
        HttpRunner({}).run(http_entry(target.url, method=method), "checkout", ASKED, "run_1", "U0BOB001")
    assert not target.seen


@pytest.mark.parametrize(
    "url", ["http://{key}:1/", "http://127.0.0.1:1/?x={key}", "{key}://127.0.0.1/", "http://u:p@127.0.0.1/", "x"]
)
def test_a_template_without_a_fixed_origin_is_refused(url: str) -> None:
    with pytest.raises(ActionRefused):
        HttpRunner({}).run(http_entry("", url=url), "checkout", ASKED, "run_1", "U0BOB001")


def test_nobody_listening_means_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    with pytest.raises(Unavailable, match="nothing was sent"):
        HttpRunner({}).run(http_entry(f"http://127.0.0.1:{port}"), "checkout", ASKED, "run_1", "U0BOB001")


@pytest.mark.parametrize("script", [RawScript(), Silent(), Dripping()], ids=["hangs up", "silent", "dripping"])
def test_an_answer_that_never_comes_is_an_unknown_outcome_within_the_time(script: RawScript) -> None:
    began = time.monotonic()
    with raw_server(script) as port, pytest.raises(OutcomeUnknown, match="no answer came back"):
        HttpRunner({}).run(http_entry(f"http://127.0.0.1:{port}", timeout_s=0.5), "checkout", ASKED, "run_1", "U0BOB001")
    assert time.monotonic() - began < 2.0
    assert len(script.requests) == 1


@pytest.mark.parametrize("script", [Endless(), HalfABody()], ids=["endless", "half a body"])
def test_a_status_counts_even_if_the_body_is_endless_or_breaks_off(script: RawScript) -> None:
    with raw_server(script) as port:
        result = HttpRunner({}).run(http_entry(f"http://127.0.0.1:{port}", timeout_s=2), "checkout", ASKED, "run_1", "U0BOB001")
    assert result.accepted
    assert len(result.output) <= 2000


def test_what_the_target_says_is_kept_short_and_harmless(target: Target) -> None:
    target.body = b"\x1b[31m\x00\xff" + "\u202e".encode() + b"z" * 5000
    output = HttpRunner({}).run(http_entry(target.url), "checkout", ASKED, "run_1", "U0BOB001").output
    assert len(output) <= 2000
    assert not set(output) & {"\x1b", "\x00", "\u202e"}


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.1.1", "169.254.169.254", "::1", "fd00::1", "::ffff:127.0.0.1", "::", "100.64.0.1"],
)
def test_a_name_that_resolves_into_the_own_network_is_refused(target: Target, address: str) -> None:
    runner = HttpRunner({}, resolve=lambda host, port: ["93.184.216.34", address])
    with pytest.raises(ActionRefused, match="not a public address"):
        runner.run(http_entry(f"http://deploy.example.com:{target.port}"), "checkout", ASKED, "run_1", "U0BOB001")
    assert not target.seen


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::1"])
def test_allow_private_never_covers_loopback_or_link_local(target: Target, address: str) -> None:
    runner = HttpRunner({}, resolve=lambda host, port: [address])
    with pytest.raises(ActionRefused, match="not a public address"):
        runner.run(http_entry(f"http://deploy.example:{target.port}", allow_private=True), "checkout", ASKED, "run_1", "U0BOB001")


def test_localhost_is_resolved_once_and_may_only_be_loopback(target: Target) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    runner = HttpRunner({}, resolve=resolve)
    entry = http_entry(f"http://localhost:{target.port}")
    assert runner.run(entry, "checkout", ASKED, "run_1", "U0BOB001").accepted
    assert asked == ["localhost"]
    assert target.seen[0].headers["host"] == f"localhost:{target.port}"
    with pytest.raises(ActionRefused):
        runner.run(entry, "checkout", ASKED, "run_2", "U0BOB001")
    assert len(target.seen) == 1


def test_a_name_without_an_address_means_nothing_was_sent() -> None:
    def nowhere(host: str, port: int) -> list[str]:
        raise Unresolved(f"{host} has no address")

    with pytest.raises(Unavailable, match="no address"):
        HttpRunner({}, resolve=nowhere).run(http_entry("http://gone.example"), "checkout", ASKED, "run_1", "U0BOB001")


def test_the_state_before_is_read_by_name(target: Target) -> None:
    assert HttpRunner({}).observe(http_entry(target.url), "checkout", ASKED) == {"before": 20}
    assert target.seen[0].method == "GET"


def test_a_dotted_place_reaches_into_the_answer(target: Target) -> None:
    entry = http_entry(target.url)
    deep = observing(entry, {**entry.observe, "fields": {"word": "deep.er", "n": "value"}})
    assert HttpRunner({}).observe(deep, "checkout", ASKED) == {"word": "x", "n": 20}


def test_an_entry_without_observe_has_no_precondition(target: Target) -> None:
    assert HttpRunner({}).observe(observing(http_entry(target.url), {}), "checkout", ASKED) == {}
    assert not target.seen


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, b"{}"),
        (404, b"{}"),
        (200, b"{}"),
        (200, b"[" * 5000),
        (200, b'{"value": NaN}'),
        (200, b"no"),
        (200, b'{"value":"' + b"x" * 70_000),
    ],
)
def test_a_state_that_cannot_be_read_is_unavailable(target: Target, status: int, answer: bytes) -> None:
    target.status, target.body = status, answer
    with pytest.raises(Unavailable, match="state of checkout"):
        HttpRunner({}).observe(http_entry(target.url), "checkout", ASKED)


def test_a_silent_target_cannot_hold_the_reader() -> None:
    with raw_server(Silent()) as port, pytest.raises(Unavailable, match="within"):
        HttpRunner({}).observe(http_entry(f"http://127.0.0.1:{port}", timeout_s=0.3), "checkout", ASKED)


def test_only_an_idempotent_action_carries_an_idempotency_key(target: Target) -> None:
    """R2: the key is the run's id, so that a target which knows keys does a repeated run once."""
    spec = replace(http_entry(target.url), is_idempotent=True)
    HttpRunner({}).run(spec, "checkout", ASKED, "run_1", "U0BOB001")
    assert target.seen[-1].headers["idempotency-key"] == "run_1"


def test_the_dry_run_shows_the_call_and_never_the_secret(target: Target) -> None:
    spec = replace(http_entry(target.url, token_env="SHOP_TOKEN", headers={"X-Team": "shop"}), is_idempotent=True)
    shown = HttpRunner({"SHOP_TOKEN": "t0ken"}).preview(spec, "checkout", ASKED)
    assert shown.is_exact
    assert shown.text.splitlines() == [
        f"PUT {target.url}/services/checkout/config/pool_size",
        "X-Team: shop",
        "Authorization: Bearer (the secret in SHOP_TOKEN)",
        "Idempotency-Key: (the id of the run)",
        'body {"value": 40}',
        "time limit 5 s",
    ]
    assert not target.seen


def test_the_dry_run_refuses_what_a_run_would_refuse(target: Target) -> None:
    cases: list[tuple[ActionSpec, dict[str, Json]]] = [
        (http_entry(target.url, token_env="SHOP_TOKEN"), ASKED),
        (http_entry(target.url, method="GET"), ASKED),
        (http_entry("", url="ftp://127.0.0.1/x"), ASKED),
        (http_entry(target.url), {"key": "..", "value": 1}),
        (http_entry(target.url), {"key": "a\nb", "value": 1}),
        (http_entry(target.url), {"key": "pool_size", "value": 501}),
    ]
    for spec, parameters in cases:
        with pytest.raises(ActionRefused):
            HttpRunner({}).preview(spec, "checkout", parameters)
    assert not target.seen


def test_what_a_reader_cannot_see_is_refused_before_the_dry_run(target: Target) -> None:
    """S7: a zero-width or bidi character would hide what is sent."""
    entry = http_entry(target.url, json={"key": "{key}"})
    with pytest.raises(ActionRefused, match="u202e"):
        HttpRunner({}).preview(entry, "checkout", {"key": "a\u202eb\u200b", "value": 1})
    assert not target.seen


def test_a_vendor_may_want_its_token_elsewhere(target: Target) -> None:
    spec = http_entry(target.url, token_env="KEY", token_header="X-Api-Key", token_prefix="")
    HttpRunner({"KEY": "k1"}).run(spec, "checkout", ASKED, "run_1", "U0BOB001")
    assert target.seen[-1].headers["x-api-key"] == "k1"
    assert "authorization" not in target.seen[-1].headers


@pytest.mark.parametrize("token", ["a\r\nX-Evil: 1", "a\nb", "é", " padded", "nul\x00"])
def test_a_token_that_could_split_a_header_is_refused(target: Target, token: str) -> None:
    with pytest.raises(ActionRefused, match="no header can carry"):
        HttpRunner({"KEY": token}).run(http_entry(target.url, token_env="KEY"), "checkout", ASKED, "run_1", "U0BOB001")
    assert not target.seen
