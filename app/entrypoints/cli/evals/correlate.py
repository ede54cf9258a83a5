"""`sitrep eval correlate`: folds alerts into incidents as they arrive, for measuring how well what belongs together is found."""

import argparse
import csv
import math
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from app.analysis.correlate import Symptom
from app.domain.errors import BadInput
from app.entrypoints.cli.evals.files import json_line, read_jsonl, whole_file, with_progress

_HINT = 'Each line must be a JSON object with "id", "time" (epoch seconds or RFC 3339), "status", "labels" and "annotations".'
_GRAPH_HINT = "Give a CSV with the columns caller and callee, one call a line."


def add_to(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = kinds.add_parser("correlate", help="fold alerts into incidents")
    parser.add_argument("--alerts", type=Path, required=True, help="JSON Lines of alerts in order of arrival")
    parser.add_argument("--graph", type=Path, help="CSV of caller,callee")
    parser.add_argument("--out", type=Path, required=True, help='JSON Lines of {"id", "incident"}, in the same order')
    parser.set_defaults(run=_run)


def fold_alerts(alerts: Path, graph: Path | None, out: Path) -> tuple[int, int]:
    """Reads alerts in order of arrival and writes `{id, incident}` for each as it is decided; how many of each there were.

    Raises BadInput naming the first line that cannot be read.
    """
    from app.analysis.correlate import Correlator

    calls = list(_calls(graph)) if graph else []
    known = frozenset(name for call in calls for name in call)
    correlator, count, incidents = Correlator(calls), 0, 0
    with whole_file(out) as file:
        for name, symptom in with_progress(_symptoms(alerts, known), "alerts"):
            incident = correlator.decide(symptom)
            file.write(json_line({"id": name, "incident": f"i{incident}"}))
            count, incidents = count + 1, max(incidents, incident)
    return count, incidents


def _symptoms(alerts: Path, known: frozenset[str]) -> Iterator[tuple[object, Symptom]]:
    from app.analysis.alert_text import condition_of, mentions, name_of, service_of

    for number, item in read_jsonl(alerts, _HINT):
        place = f"Line {number} of {alerts}"
        if "id" not in item:
            raise BadInput(f'{place} has no "id".', _HINT)
        labels, annotations = _texts(item.get("labels", {}), place), _texts(item.get("annotations", {}), place)
        status = item.get("status", "firing")
        if status not in ("firing", "resolved"):
            raise BadInput(f'{place}: status is neither "firing" nor "resolved".', _HINT)
        service = service_of(labels, known)
        named = mentions(labels, annotations, service, known)
        moment = _seconds(item.get("time"), place)
        yield item["id"], Symptom(moment, service, name_of(labels), condition_of(labels), status == "firing", named)


def _texts(value: object, place: str) -> Mapping[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadInput(f"{place}: labels and annotations must be objects.", _HINT)
    return {str(name): text if isinstance(text, str) else str(text) for name, text in value.items()}


def _seconds(value: object, place: str) -> float:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        pass
    raise BadInput(f"{place} has no usable time.", _HINT)


def _calls(graph: Path) -> Iterator[tuple[str, str]]:
    try:
        rows = csv.reader(graph.read_text("utf-8-sig").splitlines())
        for number, row in enumerate(rows, 1):
            if not row or [cell.strip().lower() for cell in row[:2]] == ["caller", "callee"]:
                continue
            if len(row) < 2:
                raise BadInput(f"Line {number} of {graph} names no caller and callee.", _GRAPH_HINT)
            yield row[0].strip(), row[1].strip()
    except OSError as problem:
        raise BadInput(f"{graph} cannot be read: {problem.strerror}.", _GRAPH_HINT) from None
    except (UnicodeDecodeError, csv.Error):
        raise BadInput(f"{graph} is no CSV in UTF-8.", _GRAPH_HINT) from None


def _run(options: argparse.Namespace) -> int:
    started = time.perf_counter()
    count, incidents = fold_alerts(options.alerts, options.graph, options.out)
    took = time.perf_counter() - started
    pace = 1e6 * took / max(count, 1)
    print(f"{count} alerts in {incidents} incidents, {took:.2f} s ({pace:.0f} us an alert)", file=sys.stderr)
    return 0
