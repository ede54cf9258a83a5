"""Correlation on simulated alert streams: V-measure, homogeneity and completeness beside a plain rule, in two kinds of worlds."""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.analysis.alert_text import condition_of, mentions, name_of, service_of
from app.analysis.correlate import Correlator, Symptom
from app.analysis.neighbours import Calls, Relation
from tests.evals.alert_streams import Alert, Stream, a_world, scores, simulate

SEEDS = int(sys.argv[1]) if len(sys.argv) > 1 else 24
Fold = Callable[[Stream], list[str]]


def main() -> None:
    """Prints the means over worlds drawn at random, mild (an incident each 15 to 60 minutes) and hard (each 2 to 25)."""
    print(f"{'worlds':6} {'method':16} {'V':>6} {'homog':>6} {'compl':>6} {'us/alert':>8}")
    for kind in ("mild", "hard"):
        streams = [_stream(kind, seed) for seed in range(SEEDS)]
        for name, fold in (("graph and time", plain), ("ours", ours), ("ours, no graph", without_graph)):
            started = time.process_time()
            rows = [scores([alert.truth for alert in stream.alerts], fold(stream)) for stream in streams]
            pace = 1e6 * (time.process_time() - started) / sum(len(stream.alerts) for stream in streams)
            means = [statistics.mean(column) for column in zip(*rows, strict=True)]
            print(f"{kind:6} {name:16} {means[0]:6.3f} {means[1]:6.3f} {means[2]:6.3f} {pace:8.0f}")


def ours(stream: Stream) -> list[str]:
    """The product's correlator with the graph."""
    return _decided(stream, Correlator(stream.calls))


def without_graph(stream: Stream) -> list[str]:
    """The product's correlator without the graph."""
    return _decided(replace(stream, calls=[]), Correlator())


def plain(stream: Stream, within_s: float = 300.0) -> list[str]:
    """Joins the incident with the nearest alert on the same or a neighbouring service in the last five minutes."""
    calls, incidents, known, found = Calls(stream.calls), list[dict[str, float]](), dict[str, int](), list[str]()
    for alert in stream.alerts:
        key, service = condition_of(alert.labels), service_of(alert.labels, calls.services)
        number = known.get(key) if alert.status == "resolved" else _nearest(incidents, calls, service, alert, within_s)
        if number is None:
            number = len(incidents)
            incidents.append({})
        incidents[number][service] = max(alert.time, incidents[number].get(service, 0.0))
        known[key] = number
        found.append(str(number))
    return found


def _nearest(incidents: list[dict[str, float]], calls: Calls, service: str, alert: Alert, within_s: float) -> int | None:
    near = {Relation.SAME: 0, Relation.CALLER: 1, Relation.CALLEE: 1}
    options = [
        (near[relation], alert.time - time, number)
        for number, incident in enumerate(incidents)
        for other, time in incident.items()
        if abs(alert.time - time) <= within_s and (relation := calls.relation(other, service)) in near
    ]
    return min(options)[2] if options else None


def _decided(stream: Stream, correlator: Correlator) -> list[str]:
    known = frozenset(name for call in stream.calls for name in call)
    found = []
    for alert in stream.alerts:
        service = service_of(alert.labels, known)
        named = mentions(alert.labels, alert.annotations, service, known)
        key, is_firing = condition_of(alert.labels), alert.status == "firing"
        found.append(str(correlator.decide(Symptom(alert.time, service, name_of(alert.labels), key, is_firing, named))))
    return found


def _stream(kind: str, seed: int) -> Stream:
    world = replace(a_world(seed), hours=4.0)
    if kind == "mild":
        world = replace(world, gap_s=world.gap_s * 2 + 600, noise=min(world.noise, 2), hours=8.0)
    return simulate(world, seed)


if __name__ == "__main__":
    main()
