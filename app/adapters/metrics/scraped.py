"""Reads the services' own metrics pages every two seconds, so that Sitrep sees numbers also where there is no Prometheus."""

import asyncio
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime

import httpx
import structlog

from app.adapters.metrics.exposition import Sample, samples
from app.adapters.metrics.sampler import Sampler
from app.domain.errors import BadInput, Unavailable
from app.domain.inventory import Inventory
from app.domain.series import MetricSpec, Point, Series
from app.ports.clock import Clock

log = structlog.get_logger()

MAX_PAGE_BYTES = 4 * 1024 * 1024


class ScrapedMetrics:
    """Samples held in memory for `keep_s` seconds; nothing is written down. `start` begins, `stop` ends the one thread.

    Several pages of a service are added up. A page that does not answer leaves a gap, never a zero.
    """

    def __init__(
        self, inventory: Inventory, clock: Clock, interval_s: float = 2.0, keep_s: float = 3600.0, window_s: float = 10.0
    ) -> None:
        self._clock = clock
        self._interval_s = interval_s
        keep = max(2, int(keep_s / interval_s) + 1)
        self._urls = {name: service.metrics_urls for name, service in inventory.services.items() if service.metrics_urls}
        self._samplers = {
            name: {spec.name: Sampler(spec, keep, window_s) for spec in inventory.services[name].metrics} for name in self._urls
        }
        self._errors: dict[str, str] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = threading.Event()

    @property
    def name(self) -> str:
        """What people call the source."""
        return "scraped from the service"

    @property
    def last_error(self) -> str:
        """Which pages did not answer in the last round and why; empty when all did."""
        with self._lock:
            return "; ".join(f"{url}: {reason}" for url, reason in sorted(self._errors.items()))

    def start(self) -> None:
        """Begins to sample; a second call changes nothing."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=lambda: asyncio.run(self._sample()), name="metrics", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends sampling and waits for the thread; what was sampled stays readable."""
        thread, self._thread = self._thread, None
        self._stopping.set()
        loop, task = self._loop, self._task
        if loop is not None and task is not None:
            with suppress(RuntimeError):  # the loop has just ended by itself
                loop.call_soon_threadsafe(task.cancel)
        if thread is not None:
            thread.join(timeout=10)

    def series(self, service: str, metric: MetricSpec, start: datetime, end: datetime) -> Series:
        """The values between two times; raises Unavailable if nobody reads this number."""
        sampler = self._samplers.get(service, {}).get(metric.name)
        if sampler is None or sampler.spec != metric:
            raise Unavailable(f"{metric.name} of {service} is not read from its metrics page.", "Give metrics_url and metrics.")
        with self._lock:
            values = list(sampler.values(start.timestamp(), end.timestamp()))
            reasons = [self._errors[url] for url in self._urls[service] if url in self._errors]
        if not values and len(reasons) == len(self._urls[service]):
            raise Unavailable(f"The metrics page of {service} does not answer: {reasons[0]}.", "Check that the service runs.")
        return Series(service, metric, tuple(Point(datetime.fromtimestamp(at, UTC), value) for at, value in values))

    def link(self, service: str, metric: MetricSpec) -> str:  # noqa: ARG002 - one page holds all metrics of a service
        """The service's metrics page."""
        return next(iter(self._urls.get(service, ())), "")

    async def _sample(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        timeout = httpx.Timeout(max(1.0, self._interval_s))
        with suppress(asyncio.CancelledError):
            async with httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=timeout) as client:
                while not self._stopping.is_set():
                    began = self._loop.time()
                    await asyncio.gather(*(self._round(client, service) for service in self._urls))
                    await asyncio.sleep(max(0.05, self._interval_s - (self._loop.time() - began)))

    async def _round(self, client: httpx.AsyncClient, service: str) -> None:
        names = frozenset(name for sampler in self._samplers[service].values() for name in sampler.names)
        urls = self._urls[service]
        answers = await asyncio.gather(*(self._page(client, url, names) for url in urls))
        pages = {url: answer for url, answer in zip(urls, answers, strict=True) if answer is not None}
        self._take(service, self._clock.now().timestamp(), pages)

    def _take(self, service: str, at: float, pages: Mapping[str, Iterable[Sample]]) -> None:
        with self._lock:
            for sampler in self._samplers[service].values():
                sampler.take(at, pages)

    async def _page(self, client: httpx.AsyncClient, url: str, names: frozenset[str]) -> list[Sample] | None:
        try:
            async with asyncio.timeout(max(1.0, self._interval_s)):
                found = samples(await _read(client, url), names)
        except TimeoutError:
            self._failed(url, "no answer in time")
            return None
        except (httpx.HTTPError, httpx.InvalidURL, BadInput, OSError) as error:
            self._failed(url, str(error) or type(error).__name__)
            return None
        with self._lock:
            if self._errors.pop(url, None) is not None:
                log.info("metrics.page_back", url=url)
        return found

    def _failed(self, url: str, reason: str) -> None:
        with self._lock:
            is_new = url not in self._errors
            self._errors[url] = reason[:200]
        if is_new:
            log.warning("metrics.page_failed", url=url, reason=reason[:200])


async def _read(client: httpx.AsyncClient, url: str) -> str:
    body = bytearray()
    headers = {"Accept": "text/plain;version=0.0.4", "Accept-Encoding": "identity"}
    async with client.stream("GET", url, headers=headers) as response:
        if response.status_code != 200:
            raise BadInput(f"status {response.status_code}")
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > MAX_PAGE_BYTES:
                raise BadInput(f"the page has more than {MAX_PAGE_BYTES} bytes")
    return body.decode("utf-8", errors="replace")
