"""The shop as Sitrep's configuration describes it: services, dependencies, owners and named signals."""

from typing import Any

from app.drills.shop.spec import SERVICES


def service_entry(name: str, metrics_url: str) -> dict[str, Any]:
    """One entry of `services:` in SITREP_CONFIG."""
    spec = SERVICES[name]
    return {
        "description": spec.description,
        "depends_on": list(spec.depends_on),
        "owners": list(spec.owners),
        "metrics_url": metrics_url,
        "metrics": [*_request_signals(name), *_own_signals(name)],
    }


def _request_signals(name: str) -> list[dict[str, Any]]:
    requests = f'shop_requests_total{{service="{name}"'
    latency = {"front": 1.0, "checkout": 0.9, "payments": 0.7, "database": 0.3}.get(name, 0.75)
    return [
        {
            "name": "error_ratio",
            "unit": "ratio",
            "kind": "ratio",
            "numerator": requests + ',code=~"5.."}',
            "denominator": requests + "}",
            "bad": "above",
            "threshold": 0.05,
        },
        {
            "name": "latency_p95",
            "unit": "s",
            "kind": "quantile",
            "metric": f'shop_request_duration_seconds{{service="{name}"}}',
            "quantile": 0.95,
            "bad": "above",
            "threshold": latency,
        },
        {"name": "requests_per_s", "unit": "req/s", "kind": "rate", "metric": requests + "}"},
    ]


def _own_signals(name: str) -> list[dict[str, Any]]:
    memory = _gauge(name, "memory", "bytes", "process_resident_memory_bytes", 110e6)
    replicas = _gauge(name, "replicas", "processes", "shop_replicas")
    if SERVICES[name].external:
        return []
    if name == "checkout":
        timeouts = {
            "name": "pool_timeouts_per_s",
            "unit": "timeouts/s",
            "kind": "rate",
            "metric": 'shop_pool_timeouts_total{service="checkout"}',
            "bad": "above",
            "threshold": 0.5,
        }
        used = _gauge(name, "pool_used_ratio", "ratio", "shop_pool_in_use", 0.9)
        disk = _gauge(name, "disk_used_ratio", "ratio", "shop_disk_used_bytes", 0.9)
        return [
            used | {"denominator": 'shop_pool_size{service="checkout"}'},
            _gauge(name, "pool_in_use", "connections", "shop_pool_in_use"),
            _gauge(name, "pool_size", "connections", "shop_pool_size"),
            timeouts,
            _gauge(name, "queue_depth", "orders", "shop_queue_depth", 8),
            disk | {"denominator": 'shop_disk_capacity_bytes{service="checkout"}'},
            _gauge(name, "disk_used", "bytes", "shop_disk_used_bytes"),
            memory,
            replicas,
        ]
    return [memory, replicas]


def _gauge(service: str, name: str, unit: str, metric: str, threshold: float | None = None) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": name, "unit": unit, "kind": "gauge", "metric": f'{metric}{{service="{service}"}}'}
    return entry if threshold is None else entry | {"bad": "above", "threshold": threshold}
