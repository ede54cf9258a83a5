"""`sitrep export` and `sitrep audit`: what is known of an incident, and whether its timeline is whole."""

import argparse
import dataclasses
import json
import sys
from datetime import datetime

from app.domain.errors import AuditBroken, BadInput, NotFound
from app.ports.store import Store
from app.services.audit import Audit


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the commands."""
    export = commands.add_parser("export", help="print an incident's postmortem or record")
    export.add_argument("incident", help="its number, such as 3 or INC-3")
    export.add_argument("--format", choices=("md", "html", "pdf", "json"), default="md")
    export.set_defaults(run=_export)
    audit = commands.add_parser("audit", help="check or export the audit chain and the timelines")
    audit.add_argument("what", choices=("verify", "export"), help="verify names the first bad entry; export prints JSON Lines")
    audit.set_defaults(run=_audit)


def _export(options: argparse.Namespace) -> int:
    from app.bootstrap import open_store
    from app.entrypoints.cli.main import settings_of

    digits = options.incident.lower().removeprefix("inc-").lstrip("#")
    if not digits.isdigit():
        raise BadInput(f"'{options.incident}' is no incident number.", "For example: sitrep export 3 --format md")
    if options.format == "pdf" and sys.stdout.isatty():
        raise BadInput(
            "A PDF cannot be shown on a terminal.", f"Write it to a file: sitrep export {digits} --format pdf > inc.pdf"
        )
    store = open_store(settings_of(options))
    with store.begin() as tx:
        incident, paper, entries = tx.incidents.get(int(digits)), tx.papers.postmortem(int(digits)), tx.timeline.of(int(digits))
    store.close()
    if options.format == "json":
        record = {"incident": dataclasses.asdict(incident), "timeline": [dataclasses.asdict(entry) for entry in entries]}
        print(json.dumps(record, indent=2, default=_word, ensure_ascii=False))
        return 0
    if paper is None:
        raise NotFound(f"{incident.name} has no postmortem yet.", "Resolve it, or draft one with `/inc postmortem`.")
    if options.format == "pdf":
        from app.adapters.documents.pdf import pdf

        sys.stdout.buffer.write(pdf(paper.markdown, f"{incident.name}: {incident.title}", paper.plot_png, paper.written_at))
        return 0
    print(paper.markdown if options.format == "md" else paper.html)
    return 0


def _audit(options: argparse.Namespace) -> int:
    from app.bootstrap import open_audit, open_store
    from app.entrypoints.cli.main import settings_of

    settings = settings_of(options)
    store = open_store(settings)
    try:
        return _export_audit(store) if options.what == "export" else _verify(store, open_audit(settings, store))
    finally:
        store.close()


def _verify(store: Store, audit: Audit) -> int:
    from app.domain.timeline import check_chain

    try:
        head = audit.verify()
        published = len(audit.heads.published())
        print(f"Audit chain: {head.seq} entries, whole, {published} published heads agree, head {head.hash}")
        with store.begin() as tx:
            chains = [(incident, tx.timeline.of(incident.number)) for incident in tx.incidents.recent(100_000)]
        for incident, entries in reversed(chains):
            print(f"{incident.name}: {len(entries)} entries, whole, head {check_chain(entries)}")
    except AuditBroken as problem:
        print(f"sitrep: {problem}", file=sys.stderr)
        return 1
    print(f"{len(chains)} timelines and the audit chain are whole.")
    return 0


def _export_audit(store: Store) -> int:
    after = 0
    while True:
        with store.begin() as tx:
            entries = tx.audit.entries(after)
        for entry in entries:
            print(json.dumps({"seq": entry.seq, "hash": entry.hash, **entry.value}, ensure_ascii=True))
        if not entries:
            return 0
        after = entries[-1].seq


def _word(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
