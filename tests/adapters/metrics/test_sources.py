"""Both sources of numbers, the sampler and a real Prometheus, say the same about the same service."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from app.adapters.metrics import PrometheusMetrics, ScrapedMetrics
from app.domain.errors import Unavailable
from app.domain.series import MetricSpec
from app.ports.metrics import Metrics
from tests.adapters.metrics.pages import DISK, ERRORS, NEVER, P90, POOL, RATE, Page, inventory_of, serving


class WallClock:
    """The real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Source:
    """A source under test, reading a page that its requests change."""

    metrics: Metrics
    page: Page

    def is_ready(self) -> bool:
        return self.latest(POOL) is not None

    def latest(self, spec: MetricSpec) -> float | None:
        now = datetime.now(UTC)
        point = self.metrics.series("checkout", spec, now - timedelta(seconds=60), now).latest
        return point.value if point else None

    def work(self, seconds: float, good: int, bad: int, duration: float = 0.15) -> None:
        """Serves `good` and `bad` requests every 0.1 s."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.page.serve_requests(good, bad, duration)
            time.sleep(0.1)


@pytest.fixture(scope="module", params=["scraped", pytest.param("prometheus", marks=pytest.mark.prometheus)])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    """Warmed up with 4 s of work: 40 good and 10 bad requests a second, of 150 ms each."""
    with serving(Page()) as page:
        started = _scraped(page) if request.param == "scraped" else _prometheus(page, tmp_path_factory.mktemp("prometheus"))
        for found in started:
            _wait(found.is_ready)
            found.work(4.0, good=4, bad=1)
            yield found


def _scraped(page: Page) -> Iterator[Source]:
    metrics = ScrapedMetrics(inventory_of(page.url), WallClock(), interval_s=0.3, window_s=3.0)
    metrics.start()
    try:
        yield Source(metrics, page)
    finally:
        metrics.stop()


def _prometheus(page: Page, folder: Path) -> Iterator[Source]:
    binary = shutil.which("prometheus")
    if binary is None:
        pytest.skip("prometheus is not installed")
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    config = folder / "prometheus.yml"
    targets = f"static_configs: [{{targets: ['127.0.0.1:{page.port}']}}]"
    config.write_text(
        f"scrape_configs: [{{job_name: shop, scrape_interval: 300ms, scrape_timeout: 300ms, {targets}}}]\n", encoding="utf-8"
    )
    arguments = [f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}"]
    with (folder / "log").open("wb") as log, httpx.Client(trust_env=False) as client:
        process = subprocess.Popen([binary, *arguments], stdout=log, stderr=log)
        try:
            metrics = PrometheusMetrics(f"http://127.0.0.1:{port}", client, window_s=3, step_s=1)
            _wait(lambda: _is_ready(client, port))
            yield Source(metrics, page)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _is_ready(client: httpx.Client, port: int) -> bool:
    try:
        return client.get(f"http://127.0.0.1:{port}/-/ready").status_code == 200
    except httpx.TransportError:
        return False


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)


def test_a_gauge_is_its_level(source: Source) -> None:
    assert source.latest(POOL) == 7


def test_a_gauge_over_another_is_a_share(source: Source) -> None:
    assert source.latest(DISK) == pytest.approx(0.8)


def test_a_rate_is_per_second(source: Source) -> None:
    source.work(2.5, good=4, bad=1)
    assert source.latest(RATE) == pytest.approx(50, rel=0.3)


def test_a_ratio_is_one_rate_over_another(source: Source) -> None:
    source.work(1.0, good=4, bad=1)
    assert source.latest(ERRORS) == pytest.approx(0.2, abs=0.05)


def test_a_quantile_is_interpolated_within_its_bucket(source: Source) -> None:
    source.work(1.0, good=4, bad=1)
    assert source.latest(P90) == pytest.approx(0.19, abs=0.001)


def test_a_metric_that_does_not_exist_has_no_points(source: Source) -> None:
    assert source.latest(NEVER) is None


def test_points_come_oldest_first_within_the_window(source: Source) -> None:
    end = datetime.now(UTC)
    start = end - timedelta(seconds=4)
    points = source.metrics.series("checkout", POOL, start, end).points
    assert len(points) >= 2
    assert [point.at for point in points] == sorted(point.at for point in points)
    assert (
        start - timedelta(milliseconds=2) <= points[0].at <= points[-1].at <= end + timedelta(milliseconds=2)
    )  # Prometheus counts in ms
    assert points[0].at.tzinfo is UTC


def test_a_time_before_the_first_sample_is_empty(source: Source) -> None:
    end = datetime.now(UTC) - timedelta(hours=2)
    assert source.metrics.series("checkout", POOL, end - timedelta(minutes=5), end).points == ()


def test_there_is_a_page_for_people(source: Source) -> None:
    link = source.metrics.link("checkout", ERRORS)
    with httpx.Client(trust_env=False, follow_redirects=True) as client:
        assert client.get(link).status_code == 200


def test_without_traffic_a_ratio_is_zero_and_a_quantile_is_nothing(source: Source) -> None:
    time.sleep(4.5)  # longer than the window of both
    assert source.latest(ERRORS) == 0
    assert source.latest(RATE) == 0
    now = datetime.now(UTC)
    recent = source.metrics.series("checkout", P90, now - timedelta(seconds=0.9), now)
    assert recent.points == ()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as opened:
        yield opened


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, b"<html>", "no JSON"),
        (200, b"[" * 5000, "no JSON"),
        (200, b"[]", "refused the query"),
        (400, b'{"status": "error", "error": "parse error"}', "parse error"),
        (200, b'{"status": "success", "data": {}}', "unknown shape"),
        (200, b'{"status": "success", "data": {"resultType": "vector", "result": []}}', "something else"),
        (200, b'{"status": "success", "data": {"resultType": "matrix", "result": [{}, {}]}}', "something else"),
        (200, b'{"status": "success", "data": {"resultType": "matrix", "result": [{"values": [[1]]}]}}', "unknown shape"),
        (200, b'{"status": "success", "data": {"resultType": "matrix", "result": [{"values": [[1e30, "1"]]}]}}', "unknown shape"),
    ],
)
def test_an_odd_answer_of_prometheus_is_unavailable_with_the_reason(
    client: httpx.Client, status: int, body: bytes, reason: str
) -> None:
    page = Page()
    page.status, page.body = status, body
    now = datetime.now(UTC)
    with serving(page), pytest.raises(Unavailable, match=reason):
        PrometheusMetrics(page.url, client).series("checkout", POOL, now - timedelta(minutes=1), now)


def test_a_prometheus_that_is_down_is_unavailable(client: httpx.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    now = datetime.now(UTC)
    with pytest.raises(Unavailable, match="does not answer"):
        PrometheusMetrics(f"http://127.0.0.1:{port}", client).series("checkout", POOL, now - timedelta(minutes=1), now)


def test_a_link_never_shows_the_password(client: httpx.Client) -> None:
    link = PrometheusMetrics("http://user:pass@127.0.0.1:9090/", client).link("checkout", POOL)
    assert link.startswith("http://127.0.0.1:9090/graph?g0.expr=sum%28shop_pool_in_use%29")
