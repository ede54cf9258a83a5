"""A storm through the front door: 10,000 alerts a minute into a running Sitrep, counted, while a person types commands."""

import argparse
import hashlib
import os
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx

from app.workspace.control import Control
from tests.scenario.stack import SitrepProcess, incident_channels, workspace

A_MINUTE = 10_000
PER_DELIVERY = 100
SERVICES = [f"svc{number}" for number in range(20)]
NAMES = ("HighLatency", "ErrorRateHigh", "TargetDown", "QueueGrowing")
COMMAND_EVERY_S = 5.0
SETTLE_S = 180.0


def main() -> None:
    """Prints what was sent, what was stored and folded, memory, and how long answers to a person took."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=1.0)
    minutes = min(max(options.parse_args().minutes, 0.05), 30.0)
    with tempfile.TemporaryDirectory() as folder, workspace() as url, Control(url) as control:
        data = Path(folder) / "data"
        data.mkdir()
        config = Path(folder) / "sitrep.yaml"
        config.write_text(_config())
        sitrep = SitrepProcess(url, data, SITREP_CONFIG=str(config))
        sitrep.start()
        try:
            time.sleep(8)  # the index of runbooks is built in the background
            _measure(sitrep, control, data, minutes)
        finally:
            sitrep.kill()


def _measure(sitrep: SitrepProcess, control: Control, data: Path, minutes: float) -> None:
    before, done = _memory_mb(sitrep), threading.Event()
    waits: list[float] = []
    peak = [before]
    person = threading.Thread(target=_ask, args=(control, done, waits, peak, sitrep))
    answers, late = Counter[str](), 0.0
    started_at = datetime.now(UTC)
    started = time.monotonic()
    deliveries = round(minutes * A_MINUTE / PER_DELIVERY)
    with httpx.Client(trust_env=False, timeout=60) as client:
        for number in range(deliveries):
            due = started + number * 60 * PER_DELIVERY / A_MINUTE
            time.sleep(max(0.0, due - time.monotonic()))
            late = max(late, time.monotonic() - due)
            body = _delivery(number, started_at)
            answers[_post(client, f"{sitrep.url}/webhooks/alertmanager", body)] += 1
            if number == 0:
                person.start()
    took = time.monotonic() - started
    stored, incidents, behind = _settled(data, deliveries * PER_DELIVERY, started + took)
    done.set()
    person.join(60)
    sent = deliveries * PER_DELIVERY
    print(
        f"sent      {sent} alerts in {deliveries} deliveries, {took:.1f} s, answers {dict(answers)}, {late:.2f} s late at worst"
    )
    print(f"folded    {stored} of {sent} alerts in {incidents} incidents, {behind:.1f} s after the last was sent")
    print(f"channels  {len(incident_channels(control))}")
    print(f"memory    {before:.0f} MB before, {peak[0]:.0f} MB at most")
    if waits:
        print(f"commands  {len(waits)} answered: median {statistics.median(waits):.2f} s, worst {max(waits):.2f} s")


def _post(client: httpx.Client, url: str, body: dict[str, Any]) -> str:
    """Sends one delivery, again if the connection broke, as Alertmanager does; how it ended."""
    for attempt in range(4):
        try:
            status = client.post(url, json=body).status_code
            return f"{status} after a retry" if attempt else str(status)
        except httpx.TransportError:
            time.sleep(1 + attempt)
    return "no answer"


def _delivery(number: int, started_at: datetime) -> dict[str, Any]:
    """One webhook: alerts of one service, each on a pod of its own; nothing is ever said twice."""
    service = SERVICES[number % len(SERVICES)]
    return {
        "version": "4",
        "groupKey": f'{{}}:{{service="{service}"}}',
        "status": "firing",
        "alerts": [
            _alert(service, NAMES[pod % len(NAMES)], f"{service}-{number}-{pod}", started_at) for pod in range(PER_DELIVERY)
        ],
    }


def _alert(service: str, name: str, pod: str, started_at: datetime) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": name, "service": service, "severity": "critical", "pod": pod},
        "annotations": {"summary": f"{name} on {service}"},
        "startsAt": started_at.isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": hashlib.sha256(f"{name}{pod}".encode()).hexdigest()[:16],
    }


def _ask(control: Control, done: threading.Event, waits: list[float], peak: list[float], sitrep: SitrepProcess) -> None:
    """Types a command every few seconds and waits for its answer, as a person would."""
    while not done.wait(COMMAND_EVERY_S):
        peak[0] = max(peak[0], _memory_mb(sitrep))
        rooms = incident_channels(control)
        if not rooms:
            continue
        room = rooms[0]["id"]
        control.join("alice", rooms[0]["name"])
        seen = {message["ts"] for message in control.messages(room, "alice")}
        started = time.monotonic()
        control.slash("alice", rooms[0]["name"], "/inc", "timeline")
        while time.monotonic() - started < 30:
            if any(message["ts"] not in seen for message in control.messages(room, "alice")):
                break
            time.sleep(0.02)
        waits.append(time.monotonic() - started)


def _settled(data: Path, expected: int, sent: float) -> tuple[int, int, float]:
    """Waits until every alert is stored; how many are, in how many incidents, and how long it took."""
    with closing(sqlite3.connect(f"file:{data / 'sitrep.db'}?mode=ro", uri=True)) as database:
        while True:
            stored, incidents = database.execute("SELECT count(*), count(DISTINCT incident) FROM signals").fetchone()
            if stored >= expected or time.monotonic() - sent > SETTLE_S:
                return stored, incidents, time.monotonic() - sent
            time.sleep(0.5)


def _memory_mb(sitrep: SitrepProcess) -> float:
    fields = Path(f"/proc/{sitrep.pid}/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGESIZE") / 1e6


def _config() -> str:
    """Twenty services, each calling the next."""
    lines = ["services:"]
    for number, name in enumerate(SERVICES):
        lines += [f"  {name}:", f"    description: {name}"]
        if number + 1 < len(SERVICES):
            lines.append(f"    depends_on: [{SERVICES[number + 1]}]")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
