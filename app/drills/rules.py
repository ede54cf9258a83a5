"""The alert rules of the shop, written once and read by Prometheus and by the watchman alike."""

from dataclasses import dataclass
from typing import Literal

WINDOW_S = 10

RuleKind = Literal["ratio", "gauge", "rate", "quantile"]


@dataclass(frozen=True)
class Rule:
    """One alert: fires when its value stays above `threshold` for `for_s` seconds.

    `ratio`: rate of `metric` / rate of `denominator`; `gauge`: the largest `metric` (divided by `denominator` when there is
    one); `rate`: `metric` per second; `quantile`: that quantile of the histogram `metric`. Rates look `WINDOW_S` back.
    Selectors are PromQL with `=` and `=~` matchers. `{value}` in the description stands for the value.
    """

    alert: str
    service: str
    severity: Literal["critical", "warning"]
    kind: RuleKind
    metric: str
    threshold: float
    for_s: int
    summary: str
    description: str
    runbook: str
    denominator: str = ""
    quantile: float = 0.95

    def labels(self) -> dict[str, str]:
        """The labels of the alert."""
        return {"alertname": self.alert, "service": self.service, "severity": self.severity, "env": "drill"}

    def expression(self) -> str:
        """The rule as PromQL."""
        return f"{self.value_expression()} > {self.threshold:g}"

    def value_expression(self) -> str:
        """The value of the rule as PromQL."""
        if self.kind == "ratio":
            return f"sum(rate({self.metric}[{WINDOW_S}s])) / sum(rate({self.denominator}[{WINDOW_S}s]))"
        if self.kind == "rate":
            return f"sum(rate({self.metric}[{WINDOW_S}s]))"
        if self.kind == "quantile":
            buckets = self.metric.replace("{", "_bucket{", 1)
            return f"histogram_quantile({self.quantile:g}, sum by (le) (rate({buckets}[{WINDOW_S}s])))"
        return f"max({self.metric} / {self.denominator})" if self.denominator else f"max({self.metric})"


def _errors(alert: str, service: str, runbook: str, description: str) -> Rule:
    name = f'shop_requests_total{{service="{service}"'
    return Rule(
        alert=alert,
        service=service,
        severity="critical",
        kind="ratio",
        metric=name + ',code=~"5.."}',
        denominator=name + "}",
        threshold=0.05,
        for_s=3,
        summary=f"{service} fails more than 5 % of its requests",
        description=description,
        runbook=runbook,
    )


RULES: tuple[Rule, ...] = (
    _errors("FrontErrorRatioHigh", "front", "errors/error-ratio-high", "Share of failed shopper requests: {value}."),
    _errors("CheckoutErrorRatioHigh", "checkout", "deploy/bad-deploy", "Share of failed orders: {value}."),
    _errors("PaymentsErrorRatioHigh", "payments", "dependencies/slow-dependency", "Share of failed charges: {value}."),
    Rule(
        alert="FrontLatencyHigh",
        service="front",
        severity="warning",
        kind="quantile",
        metric='shop_request_duration_seconds{service="front"}',
        threshold=1.0,
        for_s=3,
        summary="shoppers wait more than a second",
        description="95 % of the requests at front are answered within {value} s.",
        runbook="errors/latency-high",
    ),
    Rule(
        alert="CheckoutPoolExhausted",
        service="checkout",
        severity="critical",
        kind="rate",
        metric='shop_pool_timeouts_total{service="checkout"}',
        threshold=0.5,
        for_s=2,
        summary="orders get no database connection",
        description="{value} orders per second gave up waiting for a connection of the pool.",
        runbook="database/connection-pool-exhausted",
    ),
    Rule(
        alert="CheckoutSaturated",
        service="checkout",
        severity="warning",
        kind="gauge",
        metric='shop_queue_depth{service="checkout"}',
        threshold=8,
        for_s=4,
        summary="orders queue for a worker",
        description="{value} orders wait for a free worker of checkout.",
        runbook="capacity/traffic-spike-saturation",
    ),
    Rule(
        alert="CheckoutDiskAlmostFull",
        service="checkout",
        severity="critical",
        kind="gauge",
        metric='shop_disk_used_bytes{service="checkout"}',
        denominator='shop_disk_capacity_bytes{service="checkout"}',
        threshold=0.9,
        for_s=2,
        summary="the order spool is almost full",
        description="{value} of the spool folder's quota is used; orders fail when it is full.",
        runbook="capacity/disk-filling-up",
    ),
    Rule(
        alert="PaymentsMemoryHigh",
        service="payments",
        severity="warning",
        kind="gauge",
        metric='process_resident_memory_bytes{service="payments"}',
        threshold=110e6,
        for_s=2,
        summary="payments holds too much memory",
        description="payments holds {value} bytes; above its soft limit charges are slowed and refused.",
        runbook="capacity/memory-leak-oom",
    ),
    Rule(
        alert="ProviderLatencyHigh",
        service="provider",
        severity="warning",
        kind="quantile",
        metric='shop_request_duration_seconds{service="provider"}',
        threshold=0.75,
        for_s=3,
        summary="the card provider answers slowly",
        description="95 % of the charges are answered by the provider within {value} s.",
        runbook="dependencies/slow-dependency",
    ),
)


def rule(alert: str) -> Rule:
    """The rule by its alert name; `KeyError` when there is none."""
    return {entry.alert: entry for entry in RULES}[alert]
