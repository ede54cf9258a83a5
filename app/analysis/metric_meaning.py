"""What a metric's name says about it: which direction is bad news, and how much it tells about its own service."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """What a metric counts."""

    LATENCY = "latency"
    ERRORS = "errors"
    SUCCESS = "success"
    TRAFFIC = "traffic"
    RESOURCE = "resource"
    HOST = "host"
    OTHER = "other"


class Channel(StrEnum):
    """How trouble travels from callee to caller: as slowness, as failure, or not at all."""

    SLOW = "slow"
    FAIL = "fail"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Meaning:
    """`up` and `down` are how much a rise or a fall counts (0 to 1); `floor` the smallest spread, as a share of the usual value.

    `channel` says what of it callers inherit.
    """

    family: Family
    up: float
    down: float
    floor: float
    channel: Channel


_OF = {
    Family.LATENCY: Meaning(Family.LATENCY, 1.0, 0.0, 0.05, Channel.SLOW),
    Family.ERRORS: Meaning(Family.ERRORS, 1.0, 0.0, 0.05, Channel.FAIL),
    Family.SUCCESS: Meaning(Family.SUCCESS, 0.0, 1.0, 0.01, Channel.FAIL),
    Family.TRAFFIC: Meaning(Family.TRAFFIC, 0.4, 0.4, 0.05, Channel.SLOW),
    Family.RESOURCE: Meaning(Family.RESOURCE, 1.0, 0.5, 0.05, Channel.OWN),
    Family.HOST: Meaning(Family.HOST, 0.4, 0.2, 0.05, Channel.OWN),
    Family.OTHER: Meaning(Family.OTHER, 0.7, 0.7, 0.05, Channel.SLOW),
}

# The first that fits wins: "error rate" is about errors, "node cpu" about the host, "success latency" about latency.
_WORDS = (
    (Family.HOST, {"node", "host", "machine"}),
    (Family.LATENCY, {"latency", "lat", "duration", "delay", "rt", "rtt", "elapsed", "p50", "p90", "p95", "p99", "seconds"}),
    (Family.SUCCESS, {"availability", "success", "successful", "uptime", "up", "apdex", "healthy"}),
    (Family.ERRORS, {"error", "errors", "err", "fault", "faults", "failure", "failures", "failed", "exception", "exceptions",
                     "5xx", "4xx", "timeout", "timeouts", "restarts", "restart", "dropped", "drop", "loss", "retransmits"}),
    (Family.RESOURCE, {"cpu", "mem", "memory", "disk", "network", "net", "io", "iops", "fs", "heap", "gc", "thread", "threads",
                       "fd", "fds", "socket", "sockets", "syscall", "read", "write", "receive", "transmit", "bytes", "throttled",
                       "throttling", "pool", "connections", "queue", "saturation", "diskio", "rss"}),
    (Family.TRAFFIC, {"request", "requests", "load", "workload", "throughput", "qps", "rps", "tps", "ops", "calls", "traffic",
                      "invocations", "count", "hits"}),
)  # fmt: skip
_WORD = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+[a-z]*")


def meaning_of(metric: str) -> Meaning:
    """What is known about a metric from its name, whatever the naming style (`PodCpuUsage`, `latency-90`, `http_5xx`)."""
    words = {word.lower() for word in _WORD.findall(metric)}
    words |= {word.rstrip("0123456789") for word in words}
    for family, known in _WORDS:
        if words & known:
            return _OF[family]
    return _OF[Family.OTHER]
