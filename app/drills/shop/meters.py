"""The metrics every service of the shop exposes, with real numbers of its own process."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

LATENCY_BUCKETS = (0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0)
WAIT_BUCKETS = (0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)


def resident_bytes() -> int:
    """Memory of this process that is really held in RAM, in bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class ProcessCollector(Collector):
    """Memory, CPU time and start of this process, read when scraped."""

    def __init__(self, service: str) -> None:
        """Label the numbers with the service, so that rules need no scrape configuration."""
        self._service = service
        self._started = time.time()

    def collect(self) -> Iterator[Metric]:
        """The families of one scrape."""
        memory = GaugeMetricFamily("process_resident_memory_bytes", "Resident memory.", labels=["service"])
        memory.add_metric([self._service], resident_bytes())
        started = GaugeMetricFamily("process_start_time_seconds", "Start of the process.", labels=["service"])
        started.add_metric([self._service], self._started)
        cpu = CounterMetricFamily("process_cpu_seconds", "CPU time used.", labels=["service"])
        cpu.add_metric([self._service], time.process_time())
        yield from (memory, started, cpu)


class Meters:
    """All metrics of one process, bound to its service name; families a service does not use stay absent."""

    def __init__(self, service: str, version: str) -> None:
        """Register the families in a registry of their own."""
        self.registry = CollectorRegistry()
        self.registry.register(ProcessCollector(service))
        self._service = service
        self._requests = Counter("shop_requests", "Requests answered.", ["service", "route", "code"], registry=self.registry)
        self._duration = Histogram(
            "shop_request_duration_seconds", "Time to answer.", ["service"], registry=self.registry, buckets=LATENCY_BUCKETS
        )
        self._config = Gauge("shop_config_value", "Settings in force.", ["service", "key"], registry=self.registry)
        build = Gauge("shop_build_info", "The running version.", ["service", "version"], registry=self.registry)
        build.labels(service, version).set(1)
        self.queue_depth = self.gauge("shop_queue_depth", "Requests waiting for a worker.")
        self.workers_in_use = self.gauge("shop_workers_in_use", "Requests being worked on.")
        self._observe = self._duration.labels(service).observe

    def gauge(self, name: str, meaning: str) -> Gauge:
        """A gauge of this service."""
        return Gauge(name, meaning, ["service"], registry=self.registry).labels(self._service)

    def counter(self, name: str, meaning: str) -> Counter:
        """A counter of this service; `_total` is appended to the name."""
        return Counter(name, meaning, ["service"], registry=self.registry).labels(self._service)

    def histogram(self, name: str, meaning: str) -> Histogram:
        """A histogram of waiting times of this service, in seconds."""
        family = Histogram(name, meaning, ["service"], registry=self.registry, buckets=WAIT_BUCKETS)
        return family.labels(self._service)

    def answered(self, route: str, code: int, seconds: float) -> None:
        """Count one answered request."""
        self._requests.labels(self._service, route, str(code)).inc()
        self._observe(seconds)

    def config(self, key: str, value: float) -> None:
        """Show a setting's value in force."""
        self._config.labels(self._service, key).set(value)
