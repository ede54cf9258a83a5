"""The work of each service: front sells, checkout takes orders, payments charge, the stand-ins answer slowly."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

from app.drills.shop.chassis import CallError, Chassis, Reply
from app.drills.shop.journal import utc_now
from app.drills.shop.meters import resident_bytes
from app.drills.shop.pool import Pool, PoolTimeoutError
from app.drills.shop.spec import Value
from app.drills.shop.spool import Spool

PAGE_BYTES = 4_000
CACHED_PAGES = 300
OVER_LIMIT_DELAY_S = 0.6
OVER_LIMIT_REFUSED = 0.4


class Front:
    """Sells: pages from a cache or the database, purchases through checkout."""

    def __init__(self, chassis: Chassis) -> None:
        """Open the routes."""
        self._chassis = chassis
        self._pages: dict[int, bytes] = {}
        self._cache_bytes = chassis.meters.gauge("shop_cache_bytes", "Pages held in memory.")
        chassis.add_work("/browse", self.browse)
        chassis.add_work("/buy", self.buy)

    async def browse(self, body: dict[str, Any]) -> Reply:
        """One product page."""
        product = body.get("product")
        if not isinstance(product, int):
            return Reply(400, {"error": "product must be a whole number", "hint": 'Send {"product": 7}.'})
        if product not in self._pages:
            reply = await self._chassis.call("database", "/query", {"kind": "product"}, 3.0)
            if reply.code != 200:
                return reply
            if len(self._pages) >= CACHED_PAGES:
                self._pages.pop(next(iter(self._pages)))
            self._pages[product] = b"." * PAGE_BYTES
            self._cache_bytes.set(PAGE_BYTES * len(self._pages))
        return Reply(200, {"product": product})

    async def buy(self, body: dict[str, Any]) -> Reply:
        """One purchase of `items` things."""
        items = body.get("items")
        if not isinstance(items, int) or items < 1:
            return Reply(400, {"error": "items must be 1 or more", "hint": 'Send {"items": 2}.'})
        return await self._chassis.call("checkout", "/order", {"items": items}, self._chassis.config["checkout_timeout_s"])


class Checkout:
    """Takes orders: each holds a database connection while it is written, charged and confirmed."""

    def __init__(self, chassis: Chassis) -> None:
        """Open the pool, the spool folder and the route."""
        self._chassis = chassis
        meters = chassis.meters
        self._size = meters.gauge("shop_pool_size", "Database connections allowed.")
        self._in_use = meters.gauge("shop_pool_in_use", "Database connections in use.")
        self._waits = meters.histogram("shop_pool_wait_seconds", "Time until a connection was free.")
        self._timeouts = meters.counter("shop_pool_timeouts", "Orders that got no connection in time.")
        self._spool = Spool(chassis.launch.data / "spool" / "checkout")
        meters.gauge("shop_disk_used_bytes", "Bytes in the spool folder.").set_function(self._spool.used)
        meters.gauge("shop_disk_capacity_bytes", "Quota of the spool folder.").set(self._spool.capacity)
        self._pool = Pool(int(chassis.config["pool_size"]), self._show)
        self._pool.resize(int(chassis.config["pool_size"]))
        self._total = TOTALS[chassis.launch.version]
        self._filling: asyncio.Task[None] | None = None
        chassis.when_set("pool_size", lambda value: self._pool.resize(int(value)))
        chassis.when_set("fill_spool", self._start_filling)
        chassis.add_work("/order", self.order)

    async def order(self, body: dict[str, Any]) -> Reply:
        """Write, charge and confirm one order."""
        total = self._total(int(body["items"]))
        try:
            self._spool.append(f'{{"time":"{utc_now()}","total":{total},"lines":"{"x" * 200}"}}')
        except OSError as error:
            return Reply(507, {"error": f"order could not be written: {error}"})
        timeout_s = self._chassis.config["pool_timeout_s"]
        try:
            async with self._pool.place(timeout_s) as waited:
                self._waits.observe(waited)
                return await self._charge(total)
        except PoolTimeoutError:
            self._waits.observe(timeout_s)
            self._timeouts.inc()
            size = self._pool.size
            return Reply(503, {"error": f"no database connection within {timeout_s:g} s: all {size} of the pool are in use"})

    async def _charge(self, total: int) -> Reply:
        call, config = self._chassis.call, self._chassis.config
        for service, route, body, timeout_s in (
            ("database", "/query", {"kind": "insert"}, 3.0),
            ("payments", "/charge", {"cents": total}, config["payments_timeout_s"]),
            ("database", "/query", {"kind": "commit"}, 3.0),
        ):
            reply = await call(service, route, body, timeout_s)
            if reply.code != 200:
                return Reply(502, {"error": f"{service} failed with {reply.code}: {reply.body.get('error')}"})
        return Reply(200, {"cents": total})

    def _show(self, pool: Pool) -> None:
        self._size.set(pool.size)
        self._in_use.set(pool.in_use)

    def _start_filling(self, value: Value) -> None:
        if value and (self._filling is None or self._filling.done()):
            self._filling = asyncio.create_task(self._fill())

    async def _fill(self) -> None:
        number = 1
        while self._spool.add_old_trace(number):
            number += 1
            await asyncio.sleep(0.05)


class Payments:
    """Charges cards through the provider, or through the second one when the flag says so."""

    def __init__(self, chassis: Chassis) -> None:
        """Open the route."""
        self._chassis = chassis
        self._kept: list[bytes] = []
        chassis.add_work("/charge", self.charge)

    async def charge(self, body: dict[str, Any]) -> Reply:
        """Charge one card."""
        config = self._chassis.config
        soft_limit = int(config["memory_soft_limit_mb"]) * 1_000_000
        memory = resident_bytes()
        leak_kb = int(self._chassis.chaos["leak_kb"])
        if leak_kb and memory < 2 * soft_limit:  # a leak that stops before it hurts the machine
            self._kept.append(b"\x01" * (leak_kb * 1024))
        if memory > soft_limit:
            await asyncio.sleep(OVER_LIMIT_DELAY_S)
            if random.random() < OVER_LIMIT_REFUSED:
                used = memory // 1_000_000
                return Reply(
                    503, {"error": f"charge refused: {used} MB resident, over the limit of {soft_limit // 1_000_000} MB"}
                )
        provider = "fallback" if self._chassis.flags["use_fallback_provider"] else "provider"
        return await self._chassis.call(provider, "/charge", {"cents": body.get("cents")}, config["provider_timeout_s"])


class Database:
    """Stand-in of a database: a bounded number of queries at a time, each taking its time."""

    def __init__(self, chassis: Chassis) -> None:
        """Open the route."""
        self._chassis = chassis
        self._in_use = chassis.meters.gauge("shop_pool_in_use", "Queries being run.")
        self._size = chassis.meters.gauge("shop_pool_size", "Queries that may run at once.")
        self._pool = Pool(int(chassis.config["max_connections"]), self._show)
        self._pool.resize(int(chassis.config["max_connections"]))
        chassis.when_set("max_connections", lambda value: self._pool.resize(int(value)))
        chassis.add_work("/query", self.query)

    async def query(self, _body: dict[str, Any]) -> Reply:
        """Answer one query."""
        try:
            async with self._pool.place(2.0):
                await asyncio.sleep(self._chassis.config["query_ms"] / 1000 * random.uniform(0.8, 1.2))
        except PoolTimeoutError as error:
            raise CallError("too many connections", 503) from error
        return Reply(200, {"rows": 1})

    def _show(self, pool: Pool) -> None:
        self._size.set(pool.size)
        self._in_use.set(pool.in_use)


class Provider:
    """Stand-in of a card provider somewhere on the internet."""

    def __init__(self, chassis: Chassis) -> None:
        """Open the route."""
        self._chassis = chassis
        chassis.add_work("/charge", self.charge)

    async def charge(self, body: dict[str, Any]) -> Reply:
        """Charge one card, after the usual time on the wire."""
        await asyncio.sleep(self._chassis.chaos["latency_ms"] / 1000 * random.uniform(0.8, 1.2))
        return Reply(200, {"charged": body.get("cents")})


def _total_in_cents(items: int) -> int:
    return items * 1_250


def _total_with_volume_discount(items: int) -> int:
    """The arithmetic v42 shipped with: it divides by zero for orders of three items."""
    return items * 1_250 - 100 // (3 - items)


TOTALS: dict[str, Callable[[int], int]] = {
    "v40": _total_in_cents,
    "v41": _total_in_cents,
    "v42": _total_with_volume_discount,
}

TRADES: dict[str, Callable[[Chassis], object]] = {
    "front": Front,
    "checkout": Checkout,
    "payments": Payments,
    "database": Database,
    "provider": Provider,
    "fallback": Provider,
}
