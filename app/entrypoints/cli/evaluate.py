"""`sitrep eval`: measures Sitrep on cases of your own."""

import argparse
import sys
from pathlib import Path


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = commands.add_parser("eval", help="measure Sitrep on cases of your own")
    kinds = parser.add_subparsers(title="what", metavar="WHAT", required=True)
    retrieval = kinds.add_parser("retrieval", help="rank documents for queries")
    retrieval.add_argument("--documents", type=Path, action="append", required=True, help="a folder of Markdown or a JSONL file")
    retrieval.add_argument("--queries", type=Path, required=True)
    retrieval.add_argument("--out", type=Path, required=True)
    retrieval.add_argument("--top", type=int, default=10)
    retrieval.set_defaults(run=_retrieval)
    redact = kinds.add_parser("redact", help="replace what must not leave")
    redact.add_argument("--lines", type=Path, required=True)
    redact.add_argument("--out", type=Path, required=True)
    redact.set_defaults(run=_redact)


def _retrieval(options: argparse.Namespace) -> int:
    from retrieval.evaluate import run

    print(run(options.documents, options.queries, options.out, options.top), file=sys.stderr)
    return 0


def _redact(options: argparse.Namespace) -> int:
    import time

    from app.services.evaluate_redaction import redact_lines

    started = time.perf_counter()
    redact_lines(options.lines, options.out)
    print(f"redacted in {time.perf_counter() - started:.2f} s", file=sys.stderr)
    return 0
