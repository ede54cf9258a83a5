"""The shoppers: a steady, bounded stream of requests to front."""

import asyncio
import random
import time
from collections.abc import Callable

import aiohttp
from prometheus_client import Counter

from app.drills.shop.spec import BUY_SHARE

MAX_IN_FLIGHT = 400
SHOPPER_TIMEOUT = aiohttp.ClientTimeout(total=6.0)
PRODUCTS = 150


class Load:
    """Open-loop load: shoppers come at `rate * multiplier` per second whether or not the shop keeps up."""

    def __init__(self, rate: float, front_ports: Callable[[], list[int]], requests: Counter) -> None:
        """`rate` in requests per second; `requests` counts the answers by code."""
        self._rate = rate
        self.multiplier = 1.0
        self._front_ports = front_ports
        self._requests = requests
        self._in_flight: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """For ever."""
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
        async with aiohttp.ClientSession(connector=connector, timeout=SHOPPER_TIMEOUT) as session:
            due = time.monotonic()
            while True:
                rate = self._rate * self.multiplier
                due = max(due + random.uniform(0.5, 1.5) / rate, time.monotonic() - 1) if rate else time.monotonic() + 0.2
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                ports = self._front_ports()
                if rate and ports and len(self._in_flight) < MAX_IN_FLIGHT:
                    shopper = asyncio.create_task(self._shop(session, random.choice(ports)))
                    self._in_flight.add(shopper)
                    shopper.add_done_callback(self._in_flight.discard)

    async def _shop(self, session: aiohttp.ClientSession, port: int) -> None:
        if random.random() < BUY_SHARE:
            route, body = "/buy", {"items": random.randint(1, 3)}
        else:
            route, body = "/browse", {"product": random.randint(1, PRODUCTS)}
        try:
            async with session.post(f"http://127.0.0.1:{port}{route}", json=body) as response:
                await response.read()
                code = str(response.status)
        except (aiohttp.ClientError, TimeoutError):
            code = "none"
        self._requests.labels(code).inc()
