"""Starts and ends the shop, and whatever watches it, for a drill run."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

import httpx

from app.drills.faults import DRILLS
from app.drills.prometheus_files import alertmanager_yaml, prometheus_yaml, rules_yaml
from app.drills.rules import RULES
from app.drills.shop.platform import Platform
from app.drills.shop.signals import service_entry
from app.drills.shop.spec import SERVICES, TOKEN_ENV
from app.drills.watchman import WEBHOOK_TOKEN_ENV

START_TIMEOUT_S = 30.0


class ShopError(Exception):
    """The shop, or what watches it, did not start; says where to look."""


@dataclass(frozen=True)
class Watchers:
    """Where Prometheus and Alertmanager listen."""

    prometheus_url: str
    alertmanager_url: str


class Shop:
    """The running shop; a context manager that leaves no process behind.

    Every child ends by itself when this process dies, because its standard input ends with it.
    """

    def __init__(self, data_dir: Path, python: str = sys.executable, rate: float | None = None) -> None:
        """Keep logs, spool and state under `data_dir`; `rate` in requests per second, None for the usual load."""
        self.data_dir = data_dir.resolve()
        self.token = secrets.token_urlsafe(24)
        self._python, self._rate = python, rate
        self._processes: list[subprocess.Popen[bytes]] = []
        self._files: list[IO[bytes]] = []
        self._platform: Platform | None = None
        self._admin_port = 0

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    @property
    def admin_url(self) -> str:
        """Where the platform listens."""
        return f"http://127.0.0.1:{self._admin_port}"

    @property
    def platform(self) -> Platform:
        """A client of the platform, acting as `drill`."""
        if self._platform is None:
            raise ShopError("the shop is not started; call start() first")
        return self._platform

    @property
    def logs_dir(self) -> Path:
        """The folder of the `<service>.jsonl` files."""
        return self.data_dir / "logs"

    @property
    def spool_dir(self) -> Path:
        """The folder with a quota that checkout writes orders to."""
        return self.data_dir / "spool" / "checkout"

    def start(self) -> None:
        """Start every process; returns when all are healthy, `ShopError` when they are not in time."""
        self.logs_dir.mkdir(parents=True, exist_ok=True)
        self._admin_port = free_port()
        argv = [self._python, "-m", "app.drills.shop", "supervisor", "--port", str(self._admin_port)]
        argv += ["--data", str(self.data_dir), "--watch-stdin"]
        if self._rate is not None:
            argv += ["--rate", str(self._rate)]
        self._spawn("supervisor", argv, {TOKEN_ENV: self.token})
        self._platform = Platform(self.admin_url, self.token)
        self._wait_for(f"{self.admin_url}/healthz", "supervisor")

    def stop(self) -> None:
        """End every process, the watchers first."""
        if self._platform is not None:
            self._platform.close()
            self._platform = None
        while self._processes:
            process = self._processes.pop()
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(12)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        while self._files:
            self._files.pop().close()

    def metrics_urls(self) -> dict[str, str]:
        """Per service one address with the metrics of all its replicas; it never changes while the shop runs."""
        return {name: f"{self.admin_url}/metrics/{name}" for name in SERVICES}

    def inject(self, name: str) -> None:
        """Break the shop by the drill's fault; `KeyError` when there is no such drill."""
        DRILLS[name].inject(self.platform)

    def heal(self) -> None:
        """Put the whole shop back to its fresh state."""
        self.platform.heal()

    def apply_fix(self, name: str, actor: str = "drill") -> None:
        """Do by hand what ends the drill's fault; a drill run leaves this to Sitrep."""
        fix = DRILLS[name].fix
        values = fix.parameters
        with self.platform.acting_as(actor) as platform:
            if fix.action == "set_config_value":
                platform.set_config(
                    fix.target,
                    str(values["key"]),
                    float(values["value"]) if isinstance(values["value"], float) else int(values["value"]),
                )
            elif fix.action == "restart_service":
                platform.restart(fix.target)
            elif fix.action == "scale_service":
                platform.scale(fix.target, int(values["replicas"]))
            elif fix.action == "rollback_deploy":
                platform.roll_back(fix.target, str(values["version"]))
            elif fix.action == "switch_feature_flag":
                platform.set_flag(fix.target, str(values["flag"]), bool(values["enabled"]))
            else:
                self.clean_up(float(values["older_than_s"]))

    def cleanup_argv(self, older_than_s: float) -> list[str]:
        """The command that frees the spool folder."""
        return [
            self._python,
            "-m",
            "app.drills.shop.cleanup",
            "--dir",
            str(self.spool_dir),
            "--older-than-s",
            f"{older_than_s:g}",
        ]

    def clean_up(self, older_than_s: float) -> dict[str, Any]:
        """Run that command; returns what it printed."""
        done = subprocess.run(self.cleanup_argv(older_than_s), check=False, capture_output=True, timeout=30)  # noqa: S603 - our own module
        return dict(json.loads(done.stdout))

    def start_watchman(self, webhook_url: str, token: str) -> None:
        """Send Alertmanager webhooks to `webhook_url` from the stand-in that needs nothing installed."""
        argv = [self._python, "-m", "app.drills.watchman", "--watch-stdin"]
        argv += ["--targets", f"{self.admin_url}/targets", "--webhook", webhook_url, "--external-url", self.admin_url]
        self._spawn("watchman", argv, {WEBHOOK_TOKEN_ENV: token})

    def start_prometheus(self, webhook_url: str, token: str) -> Watchers:
        """Send webhooks from Debian's Prometheus and Alertmanager; `ShopError` when they are not on the PATH."""
        prometheus, alertmanager = shutil.which("prometheus"), shutil.which("prometheus-alertmanager")
        if prometheus is None or alertmanager is None:
            raise ShopError("prometheus and prometheus-alertmanager are not on the PATH; use start_watchman instead")
        watchers = Watchers(f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}")
        folder = self.data_dir / "prometheus"
        folder.mkdir(parents=True, exist_ok=True)
        alertmanager_address = watchers.alertmanager_url.removeprefix("http://")
        (folder / "rules.yml").write_text(rules_yaml(RULES), encoding="utf-8")
        (folder / "prometheus.yml").write_text(
            prometheus_yaml(f"{self.admin_url}/targets", str(folder / "rules.yml"), alertmanager_address), encoding="utf-8"
        )
        secret_file = folder / "alertmanager.yml"
        secret_file.touch(mode=0o600)
        secret_file.write_text(alertmanager_yaml(webhook_url, token), encoding="utf-8")
        self._guard(
            "alertmanager",
            [alertmanager, f"--config.file={secret_file}", f"--storage.path={folder / 'alertmanager'}"],
            [f"--web.listen-address={alertmanager_address}", "--cluster.listen-address="],
        )
        self._guard(
            "prometheus",
            [prometheus, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"],
            [f"--web.listen-address={watchers.prometheus_url.removeprefix('http://')}"],
        )
        self._wait_for(f"{watchers.alertmanager_url}/-/ready", "alertmanager")
        self._wait_for(f"{watchers.prometheus_url}/-/ready", "prometheus")
        return watchers

    def sitrep_config(self) -> dict[str, Any]:
        """What SITREP_CONFIG is to hold for this shop; plain values, ready for YAML."""
        urls = self.metrics_urls()
        return {
            "services": {name: service_entry(name, urls[name]) for name in SERVICES},
            "platform": {"url": self.admin_url, "token_env": TOKEN_ENV},
            "logs": {"dir": str(self.logs_dir)},
        }

    def _guard(self, name: str, program: list[str], listen: list[str]) -> None:
        self._spawn(name, [self._python, "-m", "app.drills.shop", "guard", *program, *listen], {})

    def _spawn(self, name: str, argv: list[str], secrets_env: dict[str, str]) -> None:
        output = (self.logs_dir / f"{name}.out").open("ab")
        self._files.append(output)
        process = subprocess.Popen(  # noqa: S603 - our own modules, and the two programs found on the PATH
            argv, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **secrets_env}
        )
        self._processes.append(process)

    def _wait_for(self, url: str, name: str) -> None:
        process = self._processes[-1]
        deadline = time.monotonic() + START_TIMEOUT_S
        with httpx.Client(trust_env=False, timeout=2.0) as client:
            while time.monotonic() < deadline and process.poll() is None:
                if _is_ready(client, url):
                    return
                time.sleep(0.1)
        self.stop()
        raise ShopError(f"{name} did not become ready; see {self.logs_dir / (name + '.out')}")


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_ready(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).status_code == 200
    except httpx.HTTPError:
        return False
