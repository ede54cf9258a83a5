"""`sitrep eval retrieval`: ranks documents for queries."""

import argparse
import sys
from pathlib import Path


def add_to(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = kinds.add_parser("retrieval", help="rank documents for queries")
    parser.add_argument("--documents", type=Path, action="append", required=True, help="a folder of Markdown or a JSONL file")
    parser.add_argument("--queries", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--top", type=int, default=10)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from retrieval.evaluate import run

    print(run(options.documents, options.queries, options.out, options.top), file=sys.stderr)
    return 0
