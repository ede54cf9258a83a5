"""Watches the shop where Prometheus and Alertmanager are not installed: scrapes, evaluates the rules, sends webhooks."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import aiohttp
import structlog

from app.drills.notices import AlertStates, Group, webhook_body
from app.drills.readings import Readings
from app.drills.rules import RULES, WINDOW_S, Rule
from app.drills.shop.lifetime import until_told_to_end

WEBHOOK_TOKEN_ENV = "SITREP_WATCHMAN_WEBHOOK_TOKEN"  # noqa: S105 - the name of a variable, not a secret
SCRAPE_EVERY_S = 1.0
RETRY_S = (0.5, 1.0, 2.0, 4.0)

log = structlog.get_logger(__name__)


class Watchman:
    """One loop: scrape every second, evaluate, tell the webhook what changed."""

    def __init__(
        self,
        targets_url: str,
        webhook_url: str,
        token: str,
        external_url: str,
        rules: Sequence[Rule] = RULES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`targets_url` answers Prometheus' HTTP service discovery; `token` is the webhook's bearer token."""
        self._targets_url, self._webhook_url, self._external_url = targets_url, webhook_url, external_url
        self._token, self._rules, self._clock = token, rules, clock
        self._readings = Readings(rules)
        self._states = AlertStates(rules)
        self._groups: dict[str, Group] = {}
        self._sending: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled."""
        timeout = aiohttp.ClientTimeout(total=5.0)
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
            while True:
                began = time.monotonic()
                await self._scrape_all(session)
                self._evaluate(session)
                await asyncio.sleep(max(0.05, SCRAPE_EVERY_S - (time.monotonic() - began)))

    async def _scrape_all(self, session: aiohttp.ClientSession) -> None:
        try:
            async with session.get(self._targets_url) as response:
                found = await response.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("watchman.targets_unreachable", url=self._targets_url, error=repr(error))
            return
        targets = [(target, entry["labels"].get("replica", target)) for entry in found for target in entry["targets"]]
        await asyncio.gather(*(self._scrape(session, target, replica) for target, replica in targets))
        self._readings.forget_before(self._clock() - 3 * WINDOW_S)

    async def _scrape(self, session: aiohttp.ClientSession, target: str, replica: str) -> None:
        try:
            async with asyncio.timeout(SCRAPE_EVERY_S), session.get(f"http://{target}/metrics") as response:
                self._readings.add(replica, await response.text(), self._clock())
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("watchman.scrape_failed", target=target, error=repr(error))

    def _evaluate(self, session: aiohttp.ClientSession) -> None:
        now = self._clock()
        values = {rule.alert: self._readings.value(rule, now) for rule in self._rules}
        for alert in self._states.update(values, now):
            self._groups.setdefault(alert.rule.service, Group(now)).take(alert)
        for service, group in list(self._groups.items()):
            under_way = self._sending.get(service)
            if under_way is not None and not under_way.done():
                continue
            if group.empty:
                del self._groups[service]
            elif group.due(now):
                self._sending[service] = asyncio.create_task(self._send(session, service, group))

    async def _send(self, session: aiohttp.ClientSession, service: str, group: Group) -> None:
        alerts = group.due(self._clock())
        body = webhook_body(service, alerts, self._external_url)
        for pause in (*RETRY_S, None):
            status = await self._post(session, body)
            if status < 500:
                group.sent(alerts, self._clock())
                log.info("watchman.sent", service=service, status=body["status"], alerts=len(alerts), answer=status)
                return
            if pause is None:
                log.error("watchman.not_delivered", service=service, answer=status, next="tried again at the next evaluation")
                return
            await asyncio.sleep(pause)

    async def _post(self, session: aiohttp.ClientSession, body: dict[str, Any]) -> int:
        headers = {"Authorization": f"Bearer {self._token}", "User-Agent": "Alertmanager/0.25.0 (sitrep watchman)"}
        try:
            async with session.post(self._webhook_url, json=body, headers=headers) as response:
                return 503 if response.status == 429 else response.status
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("watchman.webhook_unreachable", url=self._webhook_url, error=repr(error))
            return 503


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Watch until told to end."""
    parser = argparse.ArgumentParser(prog="python -m app.drills.watchman", description=__doc__)
    parser.add_argument("--targets", required=True, help="URL of the shop's GET /targets")
    parser.add_argument("--webhook", required=True, help="URL that takes Alertmanager webhooks")
    parser.add_argument("--external-url", default="http://127.0.0.1", help="what the alerts link to")
    parser.add_argument("--watch-stdin", action="store_true", help="end when standard input ends: the parent is gone")
    options = parser.parse_args(argv)
    watchman = Watchman(options.targets, options.webhook, environ.get(WEBHOOK_TOKEN_ENV, ""), options.external_url)
    asyncio.run(_watch(watchman, options.watch_stdin))
    return 0


async def _watch(watchman: Watchman, watch_stdin: bool) -> None:
    running = asyncio.create_task(watchman.run())
    ending = asyncio.create_task(until_told_to_end(watch_stdin))
    await asyncio.wait({running, ending}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()  # it never ends by itself: let the failure be seen
    running.cancel()
    ending.cancel()
    await asyncio.gather(running, ending, return_exceptions=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
