"""Simulated alert streams: overlapping incidents on a random service graph, with noise, repeats and resolutions, and their truth."""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

KINDS = {
    "latency": ("HighLatency", "SlowRequests", "QueueGrowing"),
    "errors": ("ErrorRateHigh", "FailedRequests", "SloBurn"),
    "capacity": ("CpuThrottled", "MemoryHigh", "QueueGrowing", "HighLatency"),
    "down": ("TargetDown", "ErrorRateHigh", "CrashLooping"),
}
SYMPTOMS = {
    "latency": ("HighLatency", "SlowRequests", "SloBurn"),
    "errors": ("ErrorRateHigh", "FailedRequests", "SloBurn"),
    "capacity": ("HighLatency", "SloBurn", "ErrorRateHigh"),
    "down": ("ErrorRateHigh", "DependencyDown", "SloBurn"),
}
NOISE = ("CertificateExpiresSoon", "DiskWillFill", "PodRestarted", "ConfigReloadFailed", "CpuThrottled", "HighLatency")
FIRST, SECOND = (
    (
        "checkout",
        "cart",
        "order",
        "user",
        "price",
        "stock",
        "mail",
        "search",
        "ad",
        "tax",
        "route",
        "image",
        "fraud",
        "ledger",
        "bill",
    ),
    ("api", "svc", "db", "cache", "worker"),
)


@dataclass(frozen=True, slots=True)
class World:
    """What a stream is drawn from. Times are seconds, `spread` the chance that a caller is affected."""

    services: int = 40
    hours: float = 8.0
    gap_s: float = 600.0
    hop_s: float = 60.0
    spread: float = 0.7
    callees: float = 2.0
    noise: int = 5
    repeat_s: float = 300.0
    pods: int = 2
    duration_s: float = 1200.0
    late: float = 0.03
    resolves: bool = True
    storm: float = 0.05
    namespaces: bool = False


@dataclass(frozen=True, slots=True)
class Alert:
    """One notification in order of arrival, and the incident it truly belongs to."""

    id: str
    time: float
    status: str
    labels: dict[str, str]
    annotations: dict[str, str]
    truth: str
    arrival: float = field(default=0.0)


@dataclass(frozen=True, slots=True)
class Stream:
    """Alerts in order of arrival with the calls between services."""

    alerts: list[Alert]
    calls: list[tuple[str, str]]


def a_world(seed: int) -> World:
    """A world with its parameters drawn at random over wide ranges."""
    rng = random.Random(f"world{seed}")
    return World(
        services=rng.randint(20, 60),
        gap_s=math.exp(rng.uniform(math.log(150), math.log(1500))),
        hop_s=math.exp(rng.uniform(math.log(15), math.log(180))),
        spread=rng.uniform(0.45, 0.9),
        callees=rng.uniform(1.3, 2.8),
        noise=rng.choice((0, 2, 5, 10)),
        repeat_s=rng.choice((0.0, 120.0, 300.0, 1800.0)),
        pods=rng.choice((1, 1, 2, 4)),
        duration_s=math.exp(rng.uniform(math.log(300), math.log(2700))),
        late=rng.choice((0.0, 0.02, 0.06)),
        resolves=rng.random() < 0.75,
        storm=rng.choice((0.0, 0.05)),
        namespaces=rng.random() < 0.5,
    )


def simulate(world: World, seed: int) -> Stream:
    """A stream; the same for the same world and seed."""
    rng = random.Random(f"stream{seed}")
    names = rng.sample([f"{first}-{second}" for first in FIRST for second in SECOND], world.services)
    calls = _calls(names, world, rng)
    callers: dict[str, list[str]] = defaultdict(list)
    for caller, callee in calls:
        callers[callee].append(caller)
    alerts: list[Alert] = []
    start, number = rng.expovariate(1 / world.gap_s), 0
    while start < world.hours * 3600:
        number += 1
        alerts += _incident(f"i{number}", start, rng.choice(names), callers, world, rng)
        start += rng.expovariate(1 / world.gap_s)
    for index in range(world.noise):
        alerts += _flapping(f"n{index}", rng.choice(names), world, rng)
    arrived = sorted((_late(alert, world, rng) for alert in alerts), key=lambda alert: alert.arrival)
    return Stream([replace(alert, id=f"a{index}") for index, alert in enumerate(arrived)], calls)


def scores(truth: Sequence[str], found: Sequence[str]) -> tuple[float, float, float]:
    """V-measure, homogeneity and completeness (Rosenberg and Hirschberg, 2007)."""
    homogeneity = _explained(truth, found)
    completeness = _explained(found, truth)
    total = homogeneity + completeness
    return (2 * homogeneity * completeness / total if total else 0.0), homogeneity, completeness


def _explained(what: Sequence[str], by: Sequence[str]) -> float:
    count = len(what)
    whole = -sum(n / count * math.log(n / count) for n in Counter(what).values())
    groups = Counter(by)
    rest = -sum(n / count * math.log(n / groups[group]) for (_, group), n in Counter(zip(what, by, strict=True)).items())
    return 1.0 if whole == 0 else 1 - rest / whole


def _calls(names: list[str], world: World, rng: random.Random) -> list[tuple[str, str]]:
    """Callers stand before callees, so there are no circles; some callees are popular."""
    calls = set()
    weights = [rng.paretovariate(1.5) for _ in names]
    for index, name in enumerate(names[:-1]):
        rest = range(index + 1, len(names))
        wanted = max(1, round(rng.expovariate(1 / world.callees))) if index else 3
        for _ in range(min(wanted, len(rest), 6)):
            calls.add((name, names[rng.choices(rest, [weights[other] / (1 + abs(other - index)) ** 0.5 for other in rest])[0]]))
    return sorted(calls)


def _incident(
    truth: str, start: float, root: str, callers: dict[str, list[str]], world: World, rng: random.Random
) -> list[Alert]:
    kind = rng.choice(list(KINDS))
    end = start + world.duration_s * rng.lognormvariate(0, 0.5)
    hit = _spread(root, start, callers, world, rng)
    pods = 40 if rng.random() < world.storm else world.pods
    alerts = []
    for service, at in hit.items():
        if at >= end:
            continue
        options = KINDS[kind] if service == root else SYMPTOMS[kind]
        for name in rng.sample(options, rng.randint(1, len(options))):
            for pod in range(rng.randint(1, pods)):
                first = at + rng.expovariate(1 / 20)
                alerts += _episode(truth, service, name, pod if pods > 1 else -1, first, end, root, world, rng)
    return alerts


def _spread(root: str, start: float, callers: dict[str, list[str]], world: World, rng: random.Random) -> dict[str, float]:
    """When each service is hit, the root first and callers later."""
    hit: dict[str, float] = {root: start}
    frontier, depth = [root], 0
    while frontier and depth < 4:
        reached = []
        for service in frontier:
            for caller in callers[service]:
                if caller not in hit and rng.random() < world.spread * 0.85**depth:
                    hit[caller] = hit[service] + world.hop_s * rng.lognormvariate(0, 0.6)
                    reached.append(caller)
        frontier, depth = reached, depth + 1
    return hit


def _episode(
    truth: str, service: str, name: str, pod: int, first: float, end: float, cause: str, world: World, rng: random.Random
) -> list[Alert]:
    labels = {"alertname": name, "service": service, "severity": rng.choice(("critical", "warning", "warning"))}
    if pod >= 0:
        labels["pod"] = f"{service}-{rng.randrange(16**4):04x}-{pod}"
    if world.namespaces:
        labels["namespace"] = service.partition("-")[0]
    text = {"summary": f"{name} on {service}"}
    if cause != service and name == "DependencyDown" and rng.random() < 0.5:
        text["description"] = f"calls to {cause} fail"
    alerts = [Alert("", first, "firing", labels, text, truth)]
    if world.repeat_s:
        at = first + world.repeat_s
        while at < end and len(alerts) < 12:
            alerts.append(Alert("", at, "firing", labels, text, truth))
            at += world.repeat_s
    if world.resolves:
        alerts.append(Alert("", max(end, first) + rng.expovariate(1 / 60), "resolved", labels, text, truth))
    return alerts


def _flapping(name: str, service: str, world: World, rng: random.Random) -> list[Alert]:
    alertname = rng.choice(NOISE)
    every = rng.uniform(1200, 7200)
    labels = {"alertname": alertname, "service": service, "severity": "warning"}
    at, count, alerts = rng.expovariate(1 / every), 0, []
    while at < world.hours * 3600:
        count += 1
        text = {"summary": f"{alertname} on {service}"}
        alerts.append(Alert("", at, "firing", labels, text, f"{name}.{count}"))
        if world.resolves:
            alerts.append(Alert("", at + rng.uniform(30, 200), "resolved", labels, text, f"{name}.{count}"))
        at += 300 + rng.expovariate(1 / every)
    return alerts


def _late(alert: Alert, world: World, rng: random.Random) -> Alert:
    delay = rng.uniform(60, 400) if rng.random() < world.late else rng.expovariate(1 / 3)
    return replace(alert, arrival=alert.time + delay)
