"""Reads the metrics page of a service (the Prometheus text format), only the samples somebody asked for."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from app.domain.errors import BadInput

_LEADING_NAME = re.compile(r"\s*([A-Za-z_:][A-Za-z0-9_:]*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sample:
    """One number of one series at the moment of the scrape."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float


def samples(text: str, names: Collection[str]) -> list[Sample]:
    """The samples with these names; raises BadInput if one of their lines is broken. Other lines are not even parsed."""
    wanted = "\n".join(_lines_of(text, names))
    try:
        return [
            Sample(sample.name, tuple(sorted(sample.labels.items())), float(sample.value))
            for family in text_string_to_metric_families(wanted + "\n")
            for sample in family.samples
            if sample.name in names
        ]
    except (ValueError, IndexError, KeyError) as error:
        raise BadInput(f"the metrics page is not in the Prometheus text format: {error}", "Look at it in a browser.") from None


def _lines_of(text: str, names: Collection[str]) -> Iterator[str]:
    for line in text.splitlines():
        match = _LEADING_NAME.match(line)
        if match is not None and match[1] in names:
            yield line
