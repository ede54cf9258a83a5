"""`sitrep webhook test SOURCE FILE`: what Sitrep would understand of a webhook's body, without storing or sending anything."""

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from app.domain.change import Change
from app.domain.errors import BadInput
from app.domain.report import Report
from app.domain.signal import Signal

MAX_FILE = 1024 * 1024


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    webhook = commands.add_parser("webhook", help="try how a webhook's body would be understood")
    verbs = webhook.add_subparsers(title="verbs", metavar="VERB", required=True)
    test = verbs.add_parser("test", help="print what would be understood; nothing is stored, no proof is asked for")
    test.add_argument(
        "source", help="alertmanager, grafana, pagerduty, datadog, sentry, sns, opsgenie, cloudevents, generic, deploy"
    )
    test.add_argument("file", help="a file with the body, or - for standard input")
    test.add_argument(
        "--header", action="append", default=[], metavar="'NAME: VALUE'", help="a header the sender would send (repeatable)"
    )
    test.set_defaults(run=_test)


def _test(options: argparse.Namespace) -> int:
    from app.adapters.signals.source import Received
    from app.bootstrap import open_sources, read_inventory
    from app.entrypoints.cli.main import settings_of

    settings = settings_of(options)
    sources = open_sources(settings, read_inventory(settings))
    source = sources.get(options.source)
    if source is None:
        raise BadInput(f"There is no source '{options.source}'.", f"Use one of {', '.join(sources)}.")
    received = Received(_content(options.file), _headers(options.header), datetime.now(UTC))
    report = source.parse(source.read(received))
    for line in lines_of(report):
        print(line)
    return 0 if not report.refused else 1


def lines_of(report: Report) -> Iterator[str]:
    """The report in words, every field that was found."""
    for signal in report.signals:
        yield from _signal_lines(signal)
    for change in report.changes:
        yield from _change_lines(change)
    for reason in report.refused:
        yield f"not understood: {reason}"
    if report.note:
        yield f"nothing follows: {report.note}"
    counts = f"{len(report.signals)} signals, {len(report.changes)} changes, {len(report.refused)} not understood"
    yield f"{counts}. Nothing was stored."


def _signal_lines(signal: Signal) -> Iterator[str]:
    yield f"signal: {signal.name}"
    since = "" if signal.is_start_known else " (or since the episode that is open began)"
    rows = (
        ("state", signal.state.value),
        ("severity", f"SEV{int(signal.severity)}"),
        ("service", signal.service or "none: set a field, or webhooks.services in the configuration"),
        ("condition", f"{signal.source}:{signal.fingerprint}"),
        ("since", f"{signal.starts_at:%Y-%m-%d %H:%M:%S} UTC{since}"),
        ("summary", signal.summary),
        ("link", signal.link),
        ("labels", ", ".join(f"{name}={text}" for name, text in list(signal.labels.items())[:20])),
    )
    yield from (f"  {name:10} {ascii(text)[1:-1] if not text.isprintable() else text}" for name, text in rows if text)


def _change_lines(change: Change) -> Iterator[str]:
    yield f"change: {change.kind} on {change.service}"
    rows = (("at", f"{change.at:%Y-%m-%d %H:%M:%S} UTC"), ("text", change.text), ("by", change.by), ("link", change.link))
    yield from (f"  {name:10} {ascii(text)[1:-1] if not text.isprintable() else text}" for name, text in rows if text)


def _headers(given: list[str]) -> dict[str, str]:
    headers = {}
    for item in given:
        name, colon, value = item.partition(":")
        if not colon or not name.strip():
            raise BadInput(f"--header {ascii(item)[:60]} is not NAME: VALUE.", "Quote it, with a colon after the name.")
        headers[name.strip().lower()] = value.strip()
    return headers


def _content(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read(MAX_FILE + 1)
    path = Path(name)
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE + 1)
    except OSError as problem:
        raise BadInput(f"The file {path} cannot be read: {problem.strerror}.", "Give a file with the webhook's body.") from None
