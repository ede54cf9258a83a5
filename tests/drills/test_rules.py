"""What the watchman makes of metrics: values, alerts, groups and webhooks, and the same rules as PromQL."""

import math

import pytest
import yaml

from app.drills.faults import DRILLS
from app.drills.notices import NEVER, Alert, AlertStates, Group, fingerprint, webhook_body
from app.drills.prometheus_files import alertmanager_yaml, prometheus_yaml, rules_yaml
from app.drills.readings import Readings, histogram_quantile
from app.drills.rules import RULES, rule

ERRORS = rule("CheckoutErrorRatioHigh")
POOL = rule("CheckoutPoolExhausted")
DISK = rule("CheckoutDiskAlmostFull")
LATENCY = rule("FrontLatencyHigh")


def requests(good: float, bad: float) -> str:
    return (
        f'shop_requests_total{{service="checkout",route="/order",code="200"}} {good}\n'
        f'shop_requests_total{{service="checkout",route="/order",code="503"}} {bad}\n'
        'shop_requests_total{service="front",route="/buy",code="503"} 999\n'
    )


def test_a_ratio_is_that_of_the_growth_within_the_window() -> None:
    readings = Readings([ERRORS])
    for second, (good, bad) in enumerate([(1000, 500), (1008, 502), (1016, 504)]):
        readings.add("checkout-1", requests(good, bad), float(second))
    assert readings.value(ERRORS, 2.0) == pytest.approx(0.2)


def test_a_restarted_process_counts_from_nothing_again() -> None:
    readings = Readings([POOL])
    for second, count in enumerate([100, 110, 4, 8]):
        readings.add("checkout-1", f'shop_pool_timeouts_total{{service="checkout"}} {count}', float(second))
    assert readings.value(POOL, 3.0) == pytest.approx((10 + 4 + 4) / 3)


def test_without_traffic_there_is_no_ratio() -> None:
    readings = Readings([ERRORS])
    assert readings.value(ERRORS, 0.0) is None
    for second in range(3):
        readings.add("checkout-1", requests(10, 0), float(second))
    assert readings.value(ERRORS, 2.0) is None


def test_a_share_of_capacity_is_that_of_the_fullest_replica() -> None:
    readings = Readings([DISK])
    for replica, used in (("checkout-1", 20), ("checkout-2", 95)):
        text = f'shop_disk_used_bytes{{service="checkout"}} {used}\nshop_disk_capacity_bytes{{service="checkout"}} 1e2\n'
        readings.add(replica, text, 0.0)
    assert readings.value(DISK, 1.0) == pytest.approx(0.95)


def test_a_replica_that_is_gone_is_forgotten() -> None:
    readings = Readings([DISK])
    readings.add(
        "checkout-2", 'shop_disk_used_bytes{service="checkout"} 95\nshop_disk_capacity_bytes{service="checkout"} 100', 0.0
    )
    assert readings.value(DISK, 10.0) is None
    readings.forget_before(5.0)
    assert readings.value(DISK, 1.0) is None


def test_a_quantile_is_read_off_the_buckets_as_prometheus_does() -> None:
    readings = Readings([LATENCY])
    for second, counts in enumerate([(0, 0, 0), (80, 100, 100)]):
        bounds = zip(("0.5", "1.0", "+Inf"), counts, strict=True)
        lines = [f'shop_request_duration_seconds_bucket{{service="front",le="{le}"}} {count}' for le, count in bounds]
        readings.add("front-1", "\n".join(lines), float(second))
    assert readings.value(LATENCY, 1.0) == pytest.approx(0.5 + 0.5 * 15 / 20)


@pytest.mark.parametrize(
    ("buckets", "expected"),
    [
        ({}, None),
        ({math.inf: 5.0}, None),
        ({1.0: 0.0, math.inf: 0.0}, None),
        ({1.0: 1.0, math.inf: 10.0}, 1.0),
        ({2.0: 4.0, math.inf: 4.0}, 1.9),
    ],
)
def test_odd_histograms_have_their_quantile_or_none(buckets: dict[float, float], expected: float | None) -> None:
    assert histogram_quantile(0.95, buckets) == (None if expected is None else pytest.approx(expected))


def test_an_alert_waits_fires_and_resolves() -> None:
    states = AlertStates([POOL])
    seen = [states.update({POOL.alert: value}, now) for now, value in enumerate([0.1, 3.0, 3.0, 4.0, 5.0, 0.1, None])]
    assert [[(alert.value, alert.starts, alert.ends) for alert in alerts] for alerts in seen] == [
        [],
        [],
        [],
        [(4.0, 3, None)],
        [(5.0, 3, None)],
        [(5.0, 3, 5)],
        [],
    ]


def test_a_short_dip_starts_the_waiting_anew() -> None:
    states = AlertStates([POOL])
    assert [states.update({POOL.alert: value}, now) for now, value in enumerate([3.0, 3.0, 0.0, 3.0, 3.0])] == [[]] * 5


def test_a_group_tells_of_changes_once_and_not_too_often() -> None:
    group = Group(now=0.0)
    firing = Alert(POOL, starts=0.0, value=3.0)
    group.take(firing)
    assert group.due(0.5) == []
    assert group.due(1.0) == [firing]
    group.sent([firing], 1.0)
    assert group.due(60.0) == []
    resolved = Alert(POOL, starts=0.0, value=3.0, ends=2.0)
    group.take(resolved)
    assert group.due(2.0) == []
    assert group.due(3.0) == [resolved]
    group.sent([resolved], 3.0)
    assert group.empty


def test_a_firing_group_is_repeated_after_an_hour() -> None:
    group = Group(now=0.0)
    firing = Alert(POOL, starts=0.0, value=3.0)
    group.take(firing)
    group.sent([firing], 1.0)
    assert group.due(3600.0) == []
    assert group.due(3601.0) == [firing]


def test_the_webhook_reads_as_alertmanagers() -> None:
    body = webhook_body("checkout", [Alert(POOL, starts=0.0, value=3.21987), Alert(ERRORS, 1.0, 0.5, ends=61.5)], "http://watch")
    assert body["commonLabels"] == {"service": "checkout", "severity": "critical", "env": "drill"}
    assert {
        key: body[key] for key in ("receiver", "status", "groupLabels", "groupKey", "version", "externalURL", "truncatedAlerts")
    } == {
        "receiver": "sitrep",
        "status": "firing",
        "groupLabels": {"service": "checkout"},
        "groupKey": '{}:{service="checkout"}',
        "version": "4",
        "externalURL": "http://watch",
        "truncatedAlerts": 0,
    }
    errors, pool = body["alerts"]
    assert (errors["status"], errors["startsAt"], errors["endsAt"]) == (
        "resolved",
        "1970-01-01T00:00:01.000Z",
        "1970-01-01T00:01:01.500Z",
    )
    assert (pool["status"], pool["endsAt"]) == ("firing", NEVER)
    assert pool["annotations"]["description"] == "3.22 orders per second gave up waiting for a connection of the pool."
    assert pool["generatorURL"].startswith("http://watch/graph?g0.expr=sum%28rate%28shop_pool_timeouts_total")


def test_the_fingerprint_depends_on_every_label_and_not_on_their_order() -> None:
    labels = POOL.labels()
    assert fingerprint(dict(reversed(labels.items()))) == fingerprint(labels)
    assert fingerprint(labels | {"env": "live"}) != fingerprint(labels)
    assert fingerprint({}) == "cbf29ce484222325"  # the offset basis of FNV-1a with 64 bits


def test_every_drill_has_its_rule_and_every_rule_becomes_promql() -> None:
    assert {drill.alert for drill in DRILLS.values()} <= {entry.alert for entry in RULES}
    (group,) = yaml.safe_load(rules_yaml(RULES))["groups"]
    rendered = {entry["alert"]: entry for entry in group["rules"]}
    assert set(rendered) == {entry.alert for entry in RULES}
    assert rendered["CheckoutErrorRatioHigh"]["expr"] == (
        'sum(rate(shop_requests_total{service="checkout",code=~"5.."}[10s])) '
        '/ sum(rate(shop_requests_total{service="checkout"}[10s])) > 0.05'
    )
    assert rendered["FrontLatencyHigh"]["expr"] == (
        'histogram_quantile(0.95, sum by (le) (rate(shop_request_duration_seconds_bucket{service="front"}[10s]))) > 1'
    )
    assert rendered["CheckoutDiskAlmostFull"]["expr"] == (
        'max(shop_disk_used_bytes{service="checkout"} / shop_disk_capacity_bytes{service="checkout"}) > 0.9'
    )
    assert "{{ $value" in rendered["CheckoutPoolExhausted"]["annotations"]["description"]


def test_the_configurations_group_by_service_and_carry_the_token() -> None:
    alertmanager = yaml.safe_load(alertmanager_yaml("http://127.0.0.1:1/hook", "secret"))
    assert alertmanager["route"]["group_by"] == ["service"]
    (webhook,) = alertmanager["receivers"][0]["webhook_configs"]
    assert webhook["http_config"]["authorization"] == {"type": "Bearer", "credentials": "secret"}
    prometheus = yaml.safe_load(prometheus_yaml("http://127.0.0.1:2/targets", "rules.yml", "127.0.0.1:3"))
    assert prometheus["scrape_configs"][0]["http_sd_configs"][0]["url"] == "http://127.0.0.1:2/targets"
    assert prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] == ["127.0.0.1:3"]
