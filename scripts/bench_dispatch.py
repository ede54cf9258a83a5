"""From webhook to dispatch by a standing policy: posts alerts one after the other and notes when the target gets the call."""

import json
import statistics
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx

from app.adapters.inventory.reader import load
from app.adapters.store.sql import SqlStore
from app.adapters.store.upgrade import upgrade
from app.domain.approval import Approval, Decision
from tests.scenario.stack import SitrepProcess, webhook, workspace

COUNT = 100
SIGNERS = ("U0ALICE01", "U0BOB001")


class Target(ThreadingHTTPServer):
    """A service that notes the moment of each call that changes it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.called: dict[str, float] = {}
        self.arrived = threading.Condition()

    def note(self, path: str) -> None:
        """A call arrived."""
        with self.arrived:
            self.called[path] = time.perf_counter()
            self.arrived.notify_all()


class _Handler(BaseHTTPRequestHandler):
    server: Target
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self.server.note(self.path)
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self._answer()

    def _answer(self) -> None:
        body = json.dumps({"replicas": 2}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def configuration(port: int, count: int) -> dict[str, object]:
    """So many services, each with one action and one standing policy, as JSON (which is YAML)."""
    names = [f"service{number}" for number in range(count)]
    url = f"http://127.0.0.1:{port}/services/{{target}}/replicas"
    scale = {
        "name": "scale",
        "title": "Scale {target} to {replicas}",
        "executor": "http",
        "targets": names,
        "risk": "low",
        "parameters": [{"name": "replicas", "kind": "integer", "minimum": 1, "maximum": 9}],
        "call": {"method": "PUT", "url": url, "json": {"replicas": "{replicas}"}, "allow_private": True},
        "observe": {"method": "GET", "url": url, "fields": {"replicas_before": "replicas"}, "allow_private": True},
        "probe": {"metric": "errors", "threshold": 0.1, "window_s": 60, "hold_s": 5},
        "undo": {"action": "scale", "parameters": {"replicas": "{replicas_before}"}},
    }
    metrics = [{"name": "errors", "kind": "gauge", "metric": "errors", "bad": "above", "threshold": 0.1}]
    return {
        "services": {name: {"metrics": metrics} for name in names},
        "approvers": [{"user": user, "up_to": "high"} for user in SIGNERS],
        "actions": [scale],
        "policies": [
            {
                "name": f"scale-{name}",
                "action": "scale",
                "target": name,
                "parameters": {"replicas": 3},
                "alerts": ["TooSlow"],
                "expires_at": "2099-01-01T00:00Z",
                "min_success": 0.0,
            }
            for name in names
        ],
    }


def sign(data: Path, config: Path) -> None:
    """Two people sign every policy, straight into the database of the bench."""
    url = f"sqlite:///{data / 'sitrep.db'}"
    upgrade(url)
    store = SqlStore(url)
    with store.begin() as tx:
        for policy in load(config, {}).standing:
            for person in SIGNERS:
                tx.rules.sign(Approval(policy.name, policy.digest, person, Decision.APPROVE, datetime.now(UTC), "bench"))
    store.close()


def main() -> None:
    """Prints the median and the 99th percentile in milliseconds."""
    target = Target()
    threading.Thread(target=target.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder, workspace() as url:
        data, config = Path(folder) / "data", Path(folder) / "sitrep.yaml"
        data.mkdir()
        config.write_text(json.dumps(configuration(target.server_port, COUNT)), "utf-8")
        sign(data, config)
        sitrep = SitrepProcess(url, data, SITREP_CONFIG=str(config))
        sitrep.start()
        time.sleep(8)  # the index of runbooks is built in the background
        with httpx.Client(trust_env=False) as client:
            took = sorted(_one(sitrep, target, client, number) for number in range(COUNT))
        sitrep.kill()
    p99 = took[min(COUNT - 1, round(0.99 * COUNT))] * 1000
    median = statistics.median(took) * 1000
    print(f"webhook to dispatch by a standing policy, {COUNT} alerts: median {median:.1f} ms, p99 {p99:.1f} ms")


def _one(sitrep: SitrepProcess, target: Target, client: httpx.Client, number: int) -> float:
    path = f"/services/service{number}/replicas"
    body = webhook("TooSlow", f"service{number}")
    started = time.perf_counter()
    client.post(f"{sitrep.url}/webhooks/alertmanager", json=body).raise_for_status()
    with target.arrived:
        if not target.arrived.wait_for(lambda: path in target.called, timeout=20):
            raise TimeoutError(f"No call for service{number} within 20 s.")
    time.sleep(0.5)  # one incident at a time; a storm has a bench of its own
    return target.called[path] - started


if __name__ == "__main__":
    main()
