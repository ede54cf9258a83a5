"""Reads numbers from a Prometheus server over its HTTP API (https://prometheus.io/docs/prometheus/latest/querying/api/)."""

import json
import math
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import httpx

from app.adapters.metrics.selectors import parse_selector
from app.domain.errors import Unavailable
from app.domain.series import MetricKind, MetricSpec, Point, Series

MAX_ANSWER_BYTES = 8 * 1024 * 1024
MAX_POINTS = 1000

_HINT = "Check SITREP_PROMETHEUS_URL and that the server runs."


class PrometheusMetrics:
    """One server. Rates look back `window_s` seconds (at least four scrape intervals is wise); points are `step_s` apart,
    or further where a window would have more than 1,000 of them.
    """

    def __init__(self, base_url: str, client: httpx.Client, window_s: int = 60, step_s: float = 5.0) -> None:
        self._base_url = base_url.rstrip("/")
        self._client = client
        self._window_s = window_s
        self._step_s = step_s

    @property
    def name(self) -> str:
        """What people call the source."""
        return "Prometheus"

    def series(self, service: str, metric: MetricSpec, start: datetime, end: datetime) -> Series:
        """The points between two times; empty where Prometheus has none; raises Unavailable."""
        span = (end - start).total_seconds()
        if span < 0:
            return Series(service, metric, ())
        step = max(self._step_s, math.ceil(span / MAX_POINTS))
        query = {
            "query": expression(metric, self._window_s),
            "start": f"{start.timestamp():.3f}",
            "end": f"{end.timestamp():.3f}",
            "step": f"{step:g}",
            "timeout": "10s",
        }
        return Series(service, metric, _points(self._ask(query)))

    def link(self, service: str, metric: MetricSpec) -> str:  # noqa: ARG002 - the selectors name the service already
        """The expression browser with the same query, without any user information of the base URL."""
        parts = urlsplit(self._base_url)
        base = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
        return f"{base}/graph?g0.expr={quote(expression(metric, self._window_s), safe='')}&g0.tab=0&g0.range_input=1h"

    def _ask(self, query: dict[str, str]) -> Any:
        try:
            with self._client.stream("GET", f"{self._base_url}/api/v1/query_range", params=query) as response:
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER_BYTES:
                        raise Unavailable(f"Prometheus answered more than {MAX_ANSWER_BYTES} bytes.", "Ask for less.")
                answer = json.loads(body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"Prometheus does not answer: {error or type(error).__name__}.", _HINT) from None
        except (ValueError, RecursionError):
            raise Unavailable(f"Prometheus answered no JSON (status {response.status_code}).", _HINT) from None
        if not isinstance(answer, dict) or answer.get("status") != "success":
            reason = answer.get("error", "no reason given") if isinstance(answer, dict) else "no reason given"
            raise Unavailable(f"Prometheus refused the query: {str(reason)[:200]}.", "Check the metric's selectors.")
        return answer.get("data")


def expression(metric: MetricSpec, window_s: int) -> str:
    """The PromQL for a metric; a ratio is 0 while there is no traffic, and where its numerator never happened."""
    if metric.kind is MetricKind.RATIO:
        upper, lower = _rate(metric.numerator, window_s), _rate(metric.denominator, window_s)
        return f"(sum({upper}) or vector(0)) / clamp_min(sum({lower}), 1e-9)"
    if metric.kind is MetricKind.QUANTILE:
        buckets = str(parse_selector(metric.metric).with_suffix("_bucket"))
        return f"histogram_quantile({metric.quantile:g}, sum by (le) ({_rate(buckets, window_s)}))"
    if metric.kind is MetricKind.RATE:
        return f"sum({_rate(metric.metric, window_s)})"
    level = f"sum({parse_selector(metric.metric)})"
    return f"{level} / sum({parse_selector(metric.denominator)})" if metric.denominator else level


def _rate(selector: str, window_s: int) -> str:
    return f"rate({parse_selector(selector)}[{window_s}s])"


def _points(data: Any) -> tuple[Point, ...]:
    try:
        if data["resultType"] != "matrix" or len(data["result"]) > 1:
            raise Unavailable("Prometheus answered something else than one series.", "Check the metric's selectors.")
        pairs = data["result"][0]["values"] if data["result"] else []
        read = [(float(at), float(text)) for at, text in pairs]
        return tuple(Point(datetime.fromtimestamp(at, UTC), value) for at, value in read if math.isfinite(value))
    except (KeyError, IndexError, TypeError, ValueError, OverflowError, OSError):
        raise Unavailable("Prometheus answered in an unknown shape.", _HINT) from None
