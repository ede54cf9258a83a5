"""The sampler keeps what it needs, survives restarts of services, and says which page does not answer."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from app.adapters.metrics import ScrapedMetrics
from app.adapters.metrics.exposition import Sample, samples
from app.adapters.metrics.sampler import Sampler, histogram_quantile
from app.domain.errors import BadInput, Unavailable
from app.domain.series import MetricKind, MetricSpec
from tests.adapters.metrics.pages import ERRORS, POOL, RATE, Page, inventory_of, serving


class WallClock:
    """The real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def count(value: float, code: str = "200") -> Sample:
    return Sample("shop_requests_total", (("code", code), ("service", "checkout")), value)


def wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def last_minute(metrics: ScrapedMetrics, spec: MetricSpec) -> list[float]:
    now = datetime.now(UTC)
    return [point.value for point in metrics.series("checkout", spec, now - timedelta(minutes=1), now).points]


def test_a_restart_counts_from_zero_and_never_negative() -> None:
    sampler = Sampler(RATE, keep=100, window_s=2)
    for at, value in ((0, 100), (2, 120), (4, 6), (6, 26)):
        sampler.take(at, {"a": [count(value)]})
    assert list(sampler.values(0, 10)) == [(2, 10.0), (4, 3.0), (6, 10.0)]


def test_a_series_that_appears_began_at_zero() -> None:
    sampler = Sampler(ERRORS, keep=100, window_s=2)
    sampler.take(0, {"a": [count(100)]})
    sampler.take(2, {"a": [count(130), count(10, "503")]})
    assert list(sampler.values(0, 10)) == [(2, 0.25)]


def test_a_ratio_whose_numerator_never_happened_is_zero() -> None:
    sampler = Sampler(ERRORS, keep=100)
    sampler.take(0, {"a": [count(100)]})
    sampler.take(2, {"a": [count(130)]})
    assert list(sampler.values(0, 10)) == [(2, 0.0)]


def test_pages_are_added_up_and_one_that_was_gone_does_not_jump() -> None:
    sampler = Sampler(RATE, keep=100, window_s=2)
    sampler.take(0, {"a": [count(0)], "b": [count(0)]})
    sampler.take(2, {"a": [count(20)], "b": [count(20)]})
    sampler.take(4, {"a": [count(40)]})
    sampler.take(6, {"a": [count(60)]})
    sampler.take(8, {"a": [count(80)], "b": [count(80)]})
    assert list(sampler.values(0, 10)) == [(2, 20.0), (4, 10.0), (6, 10.0), (8, 20.0)]


def test_a_gap_is_a_gap_and_not_a_zero() -> None:
    sampler = Sampler(RATE, keep=100, window_s=2)
    sampler.take(0, {"a": [count(0)]})
    sampler.take(2, {"a": [count(20)]})
    sampler.take(4, {})
    sampler.take(6, {"a": [count(60)]})
    assert list(sampler.values(0, 10)) == [(2, 10.0), (6, 10.0)]


def test_only_the_newest_rounds_are_kept() -> None:
    sampler = Sampler(POOL, keep=3)
    for at in range(10):
        sampler.take(at, {"a": [Sample("shop_pool_in_use", (), at)]})
    assert list(sampler.values(0, 100)) == [(7, 7.0), (8, 8.0), (9, 9.0)]


def test_values_that_are_not_finite_are_left_out() -> None:
    sampler = Sampler(POOL, keep=10)
    sampler.take(0, {"a": [Sample("shop_pool_in_use", (), float("nan"))]})
    sampler.take(1, {"a": [Sample("shop_pool_in_use", (), float("inf"))]})
    assert list(sampler.values(0, 100)) == []


@pytest.mark.parametrize(
    ("quantile", "buckets", "value"),
    [
        (0.5, {"1": 10, "2": 20, "+Inf": 20}, 1.0),
        (0.75, {"1": 10, "2": 20, "+Inf": 20}, 1.5),
        (0.25, {"1": 10, "2": 20, "+Inf": 20}, 0.5),
        (0.99, {"1": 10, "2": 10, "+Inf": 20}, 2.0),
        (0.5, {"-1": 10, "+Inf": 10}, -1.0),
        (0.5, {"1": 0, "+Inf": 0}, None),
        (0.5, {"1": 5, "2": 5}, None),
        (0.5, {"+Inf": 5}, None),
        (0.5, {}, None),
    ],
)
def test_a_quantile_of_a_histogram(quantile: float, buckets: dict[str, float], value: float | None) -> None:
    assert histogram_quantile(quantile, buckets) == value


def test_only_wanted_lines_of_a_page_are_read() -> None:
    text = '# TYPE a_total counter\na_total{x="1"} 3\na_total_other 4\nb 1 1700000000\ngarbage {{{\n'
    assert samples(text, {"a_total", "b"}) == [Sample("a_total", (("x", "1"),), 3.0), Sample("b", (), 1.0)]


@pytest.mark.parametrize("line", ["a", "a x", 'a{b="} 1', "a{b} 1", "a{b=1} 1"])
def test_a_broken_line_is_bad_input(line: str) -> None:
    with pytest.raises(BadInput, match="text format"):
        samples(line, {"a"})


def test_a_page_that_fails_is_named_and_the_other_goes_on() -> None:
    with serving(Page()) as good, serving(Page()) as bad:
        bad.status = 500
        metrics = ScrapedMetrics(inventory_of(good.url, bad.url), WallClock(), interval_s=0.1)
        with structlog.testing.capture_logs() as logs:
            metrics.start()
            try:
                wait(lambda: len(last_minute(metrics, POOL)) > 3)
                assert metrics.last_error == f"{bad.url}: status 500"
                assert set(last_minute(metrics, POOL)) == {7.0}
                bad.status = 200
                wait(lambda: not metrics.last_error and last_minute(metrics, POOL)[-1] == 14.0)
            finally:
                metrics.stop()
    assert [entry["event"] for entry in logs] == ["metrics.page_failed", "metrics.page_back"]


def test_a_service_that_never_answered_is_unavailable_with_the_reason() -> None:
    page = Page()
    page.body = b"x" * 5_000_000
    with serving(page):
        metrics = ScrapedMetrics(inventory_of(page.url), WallClock(), interval_s=0.1)
        metrics.start()
        try:
            wait(lambda: bool(metrics.last_error))
            with pytest.raises(Unavailable, match="bytes"):
                last_minute(metrics, POOL)
        finally:
            metrics.stop()


def test_a_number_nobody_reads_is_unavailable() -> None:
    metrics = ScrapedMetrics(inventory_of("http://127.0.0.1:1/metrics"), WallClock())
    now = datetime.now(UTC)
    with pytest.raises(Unavailable, match="metrics_url"):
        metrics.series("payments", POOL, now, now)
    with pytest.raises(Unavailable):
        metrics.series("checkout", MetricSpec("pool_in_use", MetricKind.GAUGE, metric="else"), now, now)


def test_it_is_one_thread_that_ends_with_stop_and_can_start_again() -> None:
    before = threading.active_count()
    with serving(Page()) as page:
        metrics = ScrapedMetrics(inventory_of(page.url), WallClock(), interval_s=0.1)
        assert threading.active_count() == before + 1  # the page's own
        for _ in range(2):
            metrics.start()
            metrics.start()
            names = [thread.name for thread in threading.enumerate()]
            assert names.count("metrics") == 1
            metrics.stop()
            metrics.stop()
            assert "metrics" not in [thread.name for thread in threading.enumerate()]
