"""The drills: how each one really breaks the shop, which alert that raises, and what puts it right."""

from collections.abc import Callable
from dataclasses import dataclass, field

from app.drills.shop.platform import Platform

RELEASE_BOT = "release-bot"
ON_CALL_OF_YESTERDAY = "dana"


@dataclass(frozen=True)
class Fix:
    """The action of the catalogue that ends the fault; `target` is a service."""

    action: str
    target: str
    parameters: dict[str, int | float | str | bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Drill:
    """One fault. `metric` is the signal (service, name in the shop's `sitrep_config`) that must recover."""

    name: str
    title: str
    description: str
    alert: str
    inject: Callable[[Platform], None]
    fix: Fix
    metric: tuple[str, str]


def _shrink_pool(platform: Platform) -> None:
    with platform.acting_as(ON_CALL_OF_YESTERDAY) as dana:
        dana.set_config("checkout", "pool_size", 3)


def _leak(platform: Platform) -> None:
    platform.break_service("payments", "leak_kb", 1024)


def _deploy_v42(platform: Platform) -> None:
    with platform.acting_as(RELEASE_BOT) as bot:
        bot.deploy("checkout", "v42")


def _five_times_the_shoppers(platform: Platform) -> None:
    platform.break_service("load", "multiplier", 5)


def _slow_provider(platform: Platform) -> None:
    platform.break_service("provider", "latency_ms", 2500)


def _fill_spool(platform: Platform) -> None:
    platform.break_service("checkout", "fill_spool", 1)


DRILLS: dict[str, Drill] = {
    drill.name: drill
    for drill in (
        Drill(
            "checkout-pool",
            "The connection pool of checkout is exhausted",
            "Someone set checkout's pool_size from 20 to 3; orders wait for a connection and give up.",
            "CheckoutPoolExhausted",
            _shrink_pool,
            Fix("set_config_value", "checkout", {"key": "pool_size", "value": 20}),
            ("checkout", "error_ratio"),
        ),
        Drill(
            "payments-leak",
            "Payments leaks memory",
            "Payments keeps a megabyte of every charge; above its memory limit it slows down and refuses charges.",
            "PaymentsMemoryHigh",
            _leak,
            Fix("restart_service", "payments"),
            ("payments", "memory"),
        ),
        Drill(
            "bad-deploy",
            "A deploy of checkout is bad",
            "Version v42 of checkout goes out; it fails every order of three items.",
            "CheckoutErrorRatioHigh",
            _deploy_v42,
            Fix("rollback_deploy", "checkout", {"version": "v41"}),
            ("checkout", "error_ratio"),
        ),
        Drill(
            "traffic-spike",
            "Five times the usual shoppers",
            "Traffic goes up five times; checkout has too few workers and its queue fills.",
            "CheckoutSaturated",
            _five_times_the_shoppers,
            Fix("scale_service", "checkout", {"replicas": 3}),
            ("checkout", "queue_depth"),
        ),
        Drill(
            "slow-provider",
            "The card provider is slow",
            "The third party that charges cards takes 2.5 s; payments gives up after 0.8 s.",
            "PaymentsErrorRatioHigh",
            _slow_provider,
            Fix("switch_feature_flag", "payments", {"flag": "use_fallback_provider", "enabled": True}),
            ("payments", "error_ratio"),
        ),
        Drill(
            "disk-full",
            "The order spool is full",
            "Old rotated trace files fill the spool folder to its quota; no order can be written.",
            "CheckoutDiskAlmostFull",
            _fill_spool,
            Fix("clean_up_disk", "checkout", {"older_than_s": 600}),
            ("checkout", "disk_used_ratio"),
        ),
    )
}
