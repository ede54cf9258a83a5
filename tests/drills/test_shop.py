"""The running shop: it sells, and its platform does what it is asked and refuses what it should."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.drills.faults import DRILLS
from app.drills.rules import rule
from app.drills.shop.launcher import Shop
from app.drills.shop.platform import PlatformError
from app.drills.shop.spec import SERVICES
from tests.drills.conftest import wait_until

METRICS_OF_CHECKOUT = (
    "shop_requests_total",
    "shop_request_duration_seconds_bucket",
    "shop_pool_in_use",
    "shop_pool_size",
    "shop_pool_wait_seconds_bucket",
    "shop_pool_timeouts_total",
    "shop_queue_depth",
    "shop_disk_used_bytes",
    "shop_disk_capacity_bytes",
    "shop_replicas",
    "shop_build_info",
    "shop_config_value",
    "process_resident_memory_bytes",
)


def sample(shop: Shop, service: str, start: str) -> float:
    """The sum of the samples whose line starts so."""
    lines = [line for line in shop.platform.metrics(service).splitlines() if line.startswith(start)]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def send(shop: Shop, method: str, path: str, **kwargs: Any) -> httpx.Response:
    """A raw request with the shop's token."""
    headers = {"Authorization": f"Bearer {shop.token}", **kwargs.pop("headers", {})}
    return httpx.request(method, shop.admin_url + path, headers=headers, trust_env=False, timeout=20, **kwargs)


def test_shoppers_are_served_by_separate_processes(shop: Shop) -> None:
    served = 'shop_requests_total{code="200",route="/order",service="checkout"'
    wait_until(lambda: sample(shop, "checkout", served) > 5, 10, lambda: shop.platform.metrics("checkout"))
    services = shop.platform.services()
    pids = [pid for service in services for pid in service["pids"]]
    assert len(set(pids)) == len(SERVICES)
    assert os.getpid() not in pids
    assert {service["state"] for service in services} == {"running"}
    assert sample(shop, "checkout", 'shop_requests_total{code="5') == 0


def test_every_named_metric_is_exposed(shop: Shop) -> None:
    wait_until(lambda: sample(shop, "checkout", "shop_pool_wait_seconds_count") > 0, 10, lambda: "no order came")
    checkout, front = shop.platform.metrics("checkout"), shop.platform.metrics("front")
    for name in METRICS_OF_CHECKOUT:
        assert f"\n{name}{{" in checkout, name
    assert "\nshop_cache_bytes{" in front
    assert 'version="v41"' in checkout


def test_a_restart_replaces_the_process_keeps_the_port_and_is_listed(shop: Shop) -> None:
    before = shop.platform.service("payments")
    after = shop.platform.restart("payments")["service"]
    assert after["pids"] != before["pids"]
    assert after["ports"] == before["ports"]
    change = shop.platform.changes()[-1]
    assert (change["service"], change["kind"], change["by"]) == ("payments", "restart", "drill")


def test_scaling_starts_and_ends_real_processes(shop: Shop) -> None:
    grown = shop.platform.scale("checkout", 2)["service"]
    assert len(set(grown["pids"])) == 2
    names = [entry["labels"]["replica"] for entry in send(shop, "GET", "/targets").json()]
    assert {"checkout-1", "checkout-2", "front-1", "supervisor"} <= set(names)
    second = 'shop_requests_total{code="200",route="/order",service="checkout",replica="checkout-2"}'
    wait_until(lambda: sample(shop, "checkout", second) > 0, 10, lambda: "the second replica got no orders")
    assert sample(shop, "checkout", 'shop_replicas{service="checkout"}') == 2
    shrunk = shop.platform.scale("checkout", 1)["service"]
    assert shrunk["pids"] == grown["pids"][:1]


def test_a_setting_takes_effect_and_survives_a_restart(shop: Shop) -> None:
    answer = shop.platform.set_config("checkout", "pool_size", 19)
    assert answer["change"]["text"] == "pool_size: 20 -> 19"
    assert sample(shop, "checkout", "shop_pool_size") == 19
    shop.platform.restart("checkout")
    assert sample(shop, "checkout", "shop_pool_size") == 19
    assert sample(shop, "checkout", 'shop_config_value{key="pool_size"') == 19
    assert shop.platform.config("checkout", "pool_size") | {"meaning": ""} == {
        "service": "checkout",
        "key": "pool_size",
        "value": 19,
        "minimum": 1,
        "maximum": 100,
        "default": 20,
        "meaning": "",
    }


def test_a_deploy_runs_another_version_and_a_rollback_the_one_before(shop: Shop) -> None:
    assert shop.platform.deploy("checkout", "v40")["service"]["version"] == "v40"
    assert 'shop_build_info{service="checkout",version="v40"' in shop.platform.metrics("checkout")
    assert shop.platform.roll_back("checkout")["change"]["text"] == "rollback v40 -> v41"
    with pytest.raises(PlatformError, match="no earlier version"):
        shop.platform.roll_back("checkout")


def test_a_flag_is_switched_by_its_author(shop: Shop) -> None:
    with shop.platform.acting_as("ann@example.com") as ann:
        ann.set_flag("payments", "use_fallback_provider", True)
    assert send(shop, "GET", "/services/payments/flags/use_fallback_provider").json()["enabled"] is True
    assert shop.platform.changes()[-1]["by"] == "ann@example.com"
    charged = 'shop_requests_total{code="200",route="/charge",service="fallback"'
    wait_until(lambda: sample(shop, "fallback", charged) > 0, 10, lambda: "the fallback provider got no charge")


def test_a_killed_process_is_brought_back(shop: Shop) -> None:
    (pid,) = shop.platform.service("database")["pids"]
    os.kill(pid, 9)
    wait_until(lambda: shop.platform.service("database")["pids"] not in ([], [pid]), 10, lambda: str(shop.platform.services()))
    change = shop.platform.changes()[-1]
    assert (change["by"], change["text"]) == ("supervisor", "database-1 ended with code -9; started again")


def test_logs_say_which_service_wrote_them(shop: Shop) -> None:
    lines = shop.platform.logs("front", limit=1000)
    assert {(line["service"], line["replica"]) for line in lines} == {("front", "front-1")}
    (started,) = [line for line in lines if line["message"] == "started"]
    assert (started["level"], started["version"]) == ("info", "v41")
    assert started["time"].endswith("Z")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error"),
    [
        ("POST", "/services/ghost/restart", None, 404, "no service 'ghost'"),
        ("POST", "/services/provider/restart", None, 409, "third party"),
        ("POST", "/services/checkout/scale", {"replicas": 7}, 422, "out of bounds"),
        ("POST", "/services/checkout/scale", {"replicas": "2"}, 422, "whole number"),
        ("POST", "/services/checkout/scale", {}, 422, "whole number"),
        ("PUT", "/services/checkout/config/pool_size", {"value": 0}, 422, "out of bounds"),
        ("PUT", "/services/checkout/config/pool_size", {"value": None}, 422, "whole number"),
        ("PUT", "/services/checkout/config/colour", {"value": 1}, 404, "no setting 'colour'"),
        ("GET", "/services/checkout/config/colour", None, 404, "no setting 'colour'"),
        ("POST", "/services/checkout/deploy", {"version": "v99"}, 404, "no version 'v99'"),
        ("POST", "/services/checkout/deploy", {"version": 42}, 422, "version must be text"),
        ("POST", "/services/checkout/deploy", {}, 422, "no version"),
        ("POST", "/services/checkout/rollback", {"version": "v99"}, 404, "no version 'v99'"),
        ("PUT", "/services/payments/flags/ghost", {"enabled": True}, 404, "no flag 'ghost'"),
        ("PUT", "/services/payments/flags/use_fallback_provider", {"enabled": 1}, 422, "true or false"),
        ("POST", "/chaos/payments", {"key": "rm", "value": 1}, 404, "cannot be broken"),
        ("POST", "/chaos/payments", {"key": "leak_kb", "value": 10**9}, 422, "out of bounds"),
        ("POST", "/chaos/load", {"value": 100}, 422, "out of bounds"),
        ("GET", "/logs/..%2fstate", None, 404, "no service"),
        ("GET", "/changes?limit=0", None, 422, "out of bounds"),
        ("GET", "/changes?limit=all", None, 422, "whole number"),
        ("GET", "/nowhere", None, 404, "no /nowhere"),
        ("DELETE", "/services", None, 405, "not allowed"),
    ],
)
def test_a_mistake_is_refused_with_a_hint_and_changes_nothing(
    shop: Shop, method: str, path: str, body: object, status: int, error: str
) -> None:
    before = shop.platform.services(), shop.platform.changes()
    answer = send(shop, method, path, json=body) if body is not None else send(shop, method, path)
    assert (answer.status_code, set(answer.json())) == (status, {"error", "hint"})
    assert error in answer.json()["error"]
    assert (shop.platform.services(), shop.platform.changes()) == before


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[1]", "application/json", 400),
        (b'{"value": "\xff"}', "application/json", 400),
        (b'{"value": ' + b"[" * 9 + b"]" * 9 + b"}", "application/json", 400),
        (b"[" * 15_000, "application/json", 400),
        (b'{"value": NaN}', "application/json", 422),
        (b'{"value": ' + b"9" * 5_000 + b"}", "application/json", 400),
        (b'{"value": 20, "pad": "' + b"x" * 20_000 + b'"}', "application/json", 413),
        (b'{"value": 20}', "text/plain", 415),
    ],
)
def test_a_malformed_body_is_refused(shop: Shop, content: bytes, kind: str, status: int) -> None:
    answer = send(shop, "PUT", "/services/checkout/config/pool_size", content=content, headers={"Content-Type": kind})
    assert (answer.status_code, set(answer.json())) == (status, {"error", "hint"})
    assert shop.platform.changes() == []


@pytest.mark.parametrize("given", [None, "Bearer wrong", "Bearer", "Basic eDp5"])
def test_without_the_token_only_scrapers_are_answered(shop: Shop, given: str | None) -> None:
    headers = {} if given is None else {"Authorization": given}
    with httpx.Client(base_url=shop.admin_url, headers=headers, trust_env=False) as stranger:
        assert stranger.get("/services").status_code == 401
        assert stranger.post("/services/checkout/restart").status_code == 401
        assert stranger.get("/metrics/checkout").status_code == 200
        (port,) = shop.platform.service("checkout")["ports"]
        one_replica = f"http://127.0.0.1:{port}/config"
        assert stranger.put(one_replica, json={"key": "pool_size", "value": 1}).status_code == 401
        assert stranger.get(one_replica).json()["pool_size"] == 20


def test_an_actor_that_is_no_name_is_refused(shop: Shop) -> None:
    answer = send(shop, "POST", "/services/payments/restart", headers={"X-Actor": "<script>"})
    assert (answer.status_code, answer.json()["error"]) == (400, "X-Actor is not a name")


def test_the_configuration_names_signals_that_exist(shop: Shop) -> None:
    config = shop.sitrep_config()
    assert config["platform"]["url"] == shop.admin_url
    assert config["services"]["checkout"]["depends_on"] == ["payments", "database"]
    signals = {(service, signal["name"]) for service, entry in config["services"].items() for signal in entry["metrics"]}
    for drill in DRILLS.values():
        assert drill.metric in signals, drill.name
        assert rule(drill.alert).alert == drill.alert
    text = httpx.get(config["services"]["checkout"]["metrics_url"], trust_env=False).text
    assert "shop_requests_total" in text


def test_no_process_outlives_the_one_that_started_the_shop(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys, os, json\n"
        "from app.drills.shop.launcher import Shop\n"
        "shop = Shop(pathlib.Path(sys.argv[1]), rate=0)\n"
        "shop.start()\n"
        "print(json.dumps([pid for s in shop.platform.services() for pid in s['pids']]), flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False)
    pids = [int(pid) for pid in done.stdout.strip(" []\n").split(",")]
    assert len(pids) == len(SERVICES)
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), 10, lambda: f"still there: {pids}")
