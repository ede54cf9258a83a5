"""One running shop for the tests of this folder, and a receiver that catches real webhooks."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.drills.shop.launcher import Shop

WEBHOOK_TOKEN = "webhook-token"


class Receiver:
    """Keeps every webhook it accepts; refuses the first `failures` with a 503."""

    def __init__(self, failures: int = 0) -> None:
        """Listen on a free loopback port."""
        self.bodies: list[dict[str, Any]] = []
        self.authorizations: list[str | None] = []
        self.failures = failures
        receiver = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                refused = receiver.failures > 0
                receiver.failures -= refused
                if not refused:
                    receiver.authorizations.append(self.headers["Authorization"])
                    receiver.bodies.append(body)
                self.send_response(503 if refused else 202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server gives it
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/webhook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def alert(self, name: str, status: str) -> dict[str, Any] | None:
        """The first alert of that name and status that has arrived."""
        alerts = [alert for body in self.bodies for alert in body["alerts"]]
        return next((alert for alert in alerts if alert["labels"]["alertname"] == name and alert["status"] == status), None)

    def wait_for(self, name: str, status: str, within_s: float) -> dict[str, Any]:
        """That alert, or a failed assertion that lists what came instead."""
        wait_until(lambda: self.alert(name, status) is not None, within_s, lambda: f"no {status} {name}; came: {self.summary()}")
        found = self.alert(name, status)
        assert found is not None
        return found

    def summary(self) -> list[tuple[str, str]]:
        """Name and status of everything that came."""
        return [(alert["labels"]["alertname"], alert["status"]) for body in self.bodies for alert in body["alerts"]]


def wait_until(holds: Callable[[], bool], within_s: float, complaint: Callable[[], str]) -> None:
    """Return as soon as it holds; fail with the complaint when it does not in time."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, complaint()
        time.sleep(0.1)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A fresh receiver."""
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def running_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop per module: starting it costs more than a second."""
    folder: Path = tmp_path_factory.mktemp("shop")
    with Shop(folder) as shop:
        yield shop


@pytest.fixture
def shop(running_shop: Shop) -> Iterator[Shop]:
    """The running shop, put back to its fresh state only after tests that changed it."""
    yield running_shop
    if running_shop.platform.changes():
        running_shop.heal()
