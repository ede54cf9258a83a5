"""The platform's changes, whatever shape they come in."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from app.adapters.changes import PlatformChanges
from app.domain.change import Change
from app.domain.errors import Unavailable

START, END = datetime(2026, 11, 24, 3, 0, tzinfo=UTC), datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
AT = "2026-11-24T03:30:00Z"


class Platform:
    """Answers `GET /changes` as told."""

    def __init__(self) -> None:
        self.status, self.body = 200, b"[]"
        self.tokens: list[str | None] = []
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                platform.tokens.append(self.headers.get("Authorization"))
                self.send_response(platform.status if self.path == "/changes" else 404)
                self.send_header("Content-Length", str(len(platform.body)))
                self.end_headers()
                with suppress(ConnectionError):  # the reader may have had enough
                    self.wfile.write(platform.body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's signature
                """Quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def platform() -> Iterator[Platform]:
    built = Platform()
    thread = threading.Thread(target=built.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield built
    built.server.shutdown()
    thread.join()
    built.server.server_close()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as opened:
        yield opened


def read(platform: Platform, client: httpx.Client, entries: object) -> list[Change]:
    platform.body = json.dumps(entries).encode()
    return list(PlatformChanges(platform.url + "/", "t0ken", client).between(START, END))


def test_a_change_is_read_whole_and_the_token_is_sent(platform: Platform, client: httpx.Client) -> None:
    entry = {
        "time": AT,
        "service": "checkout",
        "kind": "config",
        "text": "pool_size",
        "by": "ci",
        "key": "pool_size",
        "before": 20,
        "after": "3",
    }
    at = datetime(2026, 11, 24, 3, 30, tzinfo=UTC)
    assert read(platform, client, [entry]) == [Change(at, "checkout", "config", "pool_size", "ci", "pool_size", "20", "3")]
    assert platform.tokens == ["Bearer t0ken"]


def test_changes_come_oldest_first_and_only_from_the_window(platform: Platform, client: httpx.Client) -> None:
    times = [END.timestamp() + 1, START.timestamp(), "2026-11-24T04:30:00+01:00", END.timestamp(), START.timestamp() - 0.5]
    found = read(platform, client, [{"time": time, "service": "a"} for time in times])
    assert [change.at.minute for change in found] == [0, 30, 0]


def test_what_is_missing_is_empty_and_what_cannot_be_placed_is_left_out(platform: Platform, client: httpx.Client) -> None:
    odd: list[object] = [
        1,
        None,
        {},
        {"time": AT},
        {"service": "a"},
        {"time": True, "service": "a"},
        {"time": "soon", "service": "a"},
    ]
    odd += [{"time": 1e300, "service": "a"}, {"time": "2026-11-24T03:30:00", "service": "a"}, {"time": AT, "service": ["a"]}]
    found = read(platform, client, [*odd, {"time": AT, "service": "a", "text": {"x": 1}, "before": None, "after": True}])
    assert found == [Change(datetime(2026, 11, 24, 3, 30, tzinfo=UTC), "a", "change", "", after="true")]


def test_long_text_and_long_lists_are_cut(platform: Platform, client: httpx.Client) -> None:
    found = read(platform, client, [{"time": AT, "service": "a", "text": str(n)} for n in range(6000)])
    assert (len(found), found[0].text) == (5000, "1000")
    (long,) = read(platform, client, [{"time": AT, "service": "a", "text": "x" * 3000}])
    assert len(long.text) == 2000


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, b"{}", "not a list"),
        (200, b"nope", "not JSON"),
        (200, b"[" * 5000, "not JSON"),
        (200, b"\xff", "not JSON"),
        (401, b"[]", "401"),
        (302, b"", "302"),
        (200, b" " * 5_000_000, "bytes"),
    ],
)
def test_an_answer_of_another_kind_is_unavailable(
    platform: Platform, client: httpx.Client, status: int, body: bytes, reason: str
) -> None:
    platform.status, platform.body = status, body
    with pytest.raises(Unavailable, match=reason) as caught:
        PlatformChanges(platform.url, "", client).between(START, END)
    assert caught.value.hint


def test_a_platform_that_is_down_is_unavailable(client: httpx.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    with pytest.raises(Unavailable, match="does not answer"):
        PlatformChanges(f"http://127.0.0.1:{port}", "", client).between(START, END)
