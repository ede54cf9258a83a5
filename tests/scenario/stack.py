"""A workspace in this process and Sitrep in another, so that Sitrep can be killed while the chat lives on."""

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from app.drills.shop.launcher import free_port
from app.workspace.config import WorkspaceConfig
from app.workspace.control import Control
from app.workspace.server import running_workspace


@contextmanager
def workspace() -> Iterator[str]:
    """The URL of a fresh workspace that runs in a thread of its own."""
    started, done = threading.Event(), threading.Event()
    found: list[str] = []

    async def serve() -> None:
        async with running_workspace(WorkspaceConfig()) as place:
            found.append(place.url)
            started.set()
            while not done.is_set():
                await asyncio.sleep(0.05)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(20)
    try:
        yield found[0]
    finally:
        done.set()
        thread.join(20)


class SitrepProcess:
    """`sitrep run` as a child process over one data directory; may be killed and started again."""

    def __init__(self, workspace_url: str, data_dir: Path, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._env = {
            "PATH": os.environ["PATH"],
            "SLACK_BOT_TOKEN": "xoxb-local",
            "SLACK_APP_TOKEN": "xapp-local",
            "SLACK_API_URL": f"{workspace_url}/api/",
            "SITREP_DATA_DIR": str(data_dir),
            "SITREP_HTTP_PORT": str(self.port),
            **settings,
        }
        self._log = data_dir.parent / "sitrep.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when the doors are open."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([sys.executable, "-m", "app", "run"], env=self._env, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/healthz", trust_env=False).status_code == 200:
                    return
            except httpx.HTTPError:
                assert self._process.poll() is None, self._log.read_text()
            time.sleep(0.05)
        raise AssertionError(self._log.read_text())

    @property
    def pid(self) -> int:
        """The process that runs now."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL: nothing is cleaned up."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def alert(self, name: str, service: str, starts_at: str = "2026-11-01T03:12:00Z", status: str = "firing") -> int:
        """Posts an Alertmanager webhook; returns the HTTP status."""
        return httpx.post(
            f"{self.url}/webhooks/alertmanager", json=webhook(name, service, starts_at, status), trust_env=False
        ).status_code


def webhook(name: str, service: str, starts_at: str = "2026-11-01T03:12:00Z", status: str = "firing") -> dict[str, Any]:
    """A genuine version 4 body with one alert."""
    labels = {"alertname": name, "service": service, "severity": "critical"}
    alert = {
        "status": status,
        "labels": labels,
        "annotations": {"summary": f"{name} on {service}"},
        "startsAt": starts_at,
        "endsAt": "2026-11-01T03:30:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
        "generatorURL": "http://127.0.0.1:9090/graph",
        "fingerprint": hashlib.sha256(f"{name}{service}".encode()).hexdigest()[:16],
    }
    return {
        "version": "4",
        "groupKey": f'{{}}:{{service="{service}"}}',
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "sitrep",
        "groupLabels": {"service": service},
        "commonLabels": labels,
        "commonAnnotations": {},
        "externalURL": "http://127.0.0.1:9093",
        "alerts": [alert],
    }


def incident_channels(control: Control) -> list[dict[str, Any]]:
    """The channels of incidents."""
    return [channel for channel in control.channels() if channel["name"].startswith("inc-")]


def cards(control: Control, channel: dict[str, Any]) -> list[dict[str, Any]]:
    """The living cards in a channel: Sitrep's messages that name the tier."""
    from app.drills.gameday import text_of

    return [message for message in control.messages(channel["id"]) if "Tier:" in text_of(message)]
