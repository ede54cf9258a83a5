"""A service with a real metrics page on loopback, made with prometheus_client."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from app.domain.inventory import Inventory, Service
from app.domain.series import Bad, MetricKind, MetricSpec

ERRORS = MetricSpec(
    name="error_ratio",
    kind=MetricKind.RATIO,
    unit="ratio",
    numerator='shop_requests_total{service="checkout",code=~"5.."}',
    denominator='shop_requests_total{service="checkout"}',
    bad=Bad.ABOVE,
    threshold=0.05,
)
RATE = MetricSpec(name="request_rate", kind=MetricKind.RATE, unit="requests/s", metric='shop_requests_total{service="checkout"}')
POOL = MetricSpec(name="pool_in_use", kind=MetricKind.GAUGE, unit="connections", metric="shop_pool_in_use")
DISK = MetricSpec(name="disk", kind=MetricKind.GAUGE, unit="ratio", metric="shop_disk_used", denominator="shop_disk_capacity")
P90 = MetricSpec(
    name="latency_p90", kind=MetricKind.QUANTILE, unit="s", metric='shop_duration_seconds{service="checkout"}', quantile=0.9
)
NEVER = MetricSpec(name="never", kind=MetricKind.GAUGE, metric="shop_nothing_of_that_name")
ALL = (ERRORS, RATE, POOL, DISK, P90, NEVER)


class Page:
    """The metrics of one process; `body` overrides what it says, `status` how."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("shop_requests", "Requests.", ["service", "code"], registry=self.registry)
        self.pool = Gauge("shop_pool_in_use", "Connections.", registry=self.registry)
        self.used = Gauge("shop_disk_used", "Bytes.", registry=self.registry)
        self.capacity = Gauge("shop_disk_capacity", "Bytes.", registry=self.registry)
        self.duration = Histogram(
            "shop_duration_seconds", "Time.", ["service"], registry=self.registry, buckets=(0.1, 0.2, 0.4, 0.8, 1.6)
        )
        self.status = 200
        self.body: bytes | None = None
        self.port = 0
        for code in ("200", "503"):
            self.requests.labels("checkout", code)
        self.requests.labels("other", "503")
        self.pool.set(7)
        self.used.set(80)
        self.capacity.set(100)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/metrics"

    def serve_requests(self, good: int, bad: int = 0, seconds: float = 0.15) -> None:
        """Counts requests, all of the same duration."""
        self.requests.labels("checkout", "200").inc(good)
        self.requests.labels("checkout", "503").inc(bad)
        self.requests.labels("other", "503").inc(1000)
        for _ in range(good + bad):
            self.duration.labels("checkout").observe(seconds)


@contextmanager
def serving(page: Page) -> Iterator[Page]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = generate_latest(page.registry) if page.body is None else page.body
            self.send_response(page.status)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):  # the reader may have had enough
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's signature
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    page.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield page
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def inventory_of(*urls: str) -> Inventory:
    return Inventory(services={"checkout": Service("checkout", metrics_urls=urls, metrics=ALL)})
