"""`sitrep eval`: measures Sitrep on cases of your own."""

import argparse


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command and what it measures."""
    from app.entrypoints.cli.evals import correlate, logs, redact, retrieval

    parser = commands.add_parser("eval", help="measure Sitrep on cases of your own")
    kinds = parser.add_subparsers(title="what", metavar="WHAT", required=True)
    for module in (
        retrieval,
        redact,
        correlate,
        logs,
    ):
        module.add_to(kinds)
