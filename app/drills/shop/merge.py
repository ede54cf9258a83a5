"""The metrics of several processes as one text, and those only the supervisor knows."""

import re
from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.drills.shop.fleet import Fleet
from app.drills.shop.load import Load
from app.drills.shop.spec import SERVICES

SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (.+)$")


class FleetCollector(Collector):
    """Replicas per service and the number of shoppers, read when scraped."""

    def __init__(self, fleet: Fleet, load: Load) -> None:
        """Look at the live fleet."""
        self._fleet, self._load = fleet, load

    def collect(self) -> Iterator[Metric]:
        """The families of one scrape."""
        replicas = GaugeMetricFamily("shop_replicas", "Replicas that run.", labels=["service"])
        for name in SERVICES:
            replicas.add_metric([name], len(self._fleet.ports(name)))
        yield replicas
        yield GaugeMetricFamily("shop_load_multiplier", "Shoppers, times the usual.", value=self._load.multiplier)


def merge_metrics(texts: list[tuple[str, str]]) -> str:
    """One exposition of (replica name, text) pairs: each family once, each sample with the label `replica`."""
    families: dict[str, list[str]] = {}
    for replica, text in texts:
        family: list[str] = []
        for line in text.splitlines():
            if line.startswith("# HELP "):
                name = line.split(" ", 3)[2]
                family = families.setdefault(name, [])
            if line.startswith("#"):
                if line not in family:
                    family.append(line)
            elif found := SAMPLE.match(line):
                labels = f'{found[2]},replica="{replica}"' if found[2] else f'replica="{replica}"'
                family.append(f"{found[1]}{{{labels}}} {found[3]}")
    return "".join(line + "\n" for family in families.values() for line in family)
