"""The command line: runs Sitrep, plays drills, asks memory, exports what is known, measures."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from app.domain.errors import SitrepError
from app.settings import Settings, read_env_file, read_settings


def main(argv: Sequence[str]) -> int:
    """Exit code 0 when it did what was asked, 1 when the answer is no, 2 for bad input (one clear line)."""
    parser = _parser()
    options = parser.parse_args(argv)
    if not hasattr(options, "run"):
        parser.print_help()
        return 2
    from retrieval.errors import RetrievalError

    with_quiet_logs()
    try:
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except (SitrepError, RetrievalError) as problem:
        print(f"sitrep: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def settings_of(options: argparse.Namespace) -> Settings:
    """Settings from the environment, with `--env-file` below it."""
    values = read_env_file(options.env_file) if getattr(options, "env_file", None) else {}
    return read_settings({**values, **os.environ})


def _parser() -> argparse.ArgumentParser:
    from app.entrypoints.cli import actions, ask, drill, evaluate, inc, papers, upkeep, webhook

    parser = argparse.ArgumentParser(prog="sitrep", description="An incident copilot that lives in Slack.")
    parser.add_argument("--env-file", type=Path, help="a file of NAME=value lines, read below the environment")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    run = commands.add_parser("run", help="start everything in one process")
    run.add_argument("--env-file", type=Path, help=argparse.SUPPRESS)
    run.set_defaults(run=_run)
    for module in (drill, inc, actions, ask, papers, upkeep, webhook, evaluate):
        module.add_to(commands)
    return parser


def _run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    try:
        asyncio.run(_serve(settings))
    except KeyboardInterrupt:
        print("Stopped.")
    return 0


async def _serve(settings: Settings) -> None:
    if not settings.uses_local_workspace:
        from app.entrypoints.service import running

        async with running(settings):
            print(f"Sitrep is up. Console: {settings.public_url}")
            await asyncio.Event().wait()
        return
    from app.entrypoints.local import running_locally

    print("No Slack tokens: starting the local workspace and a small shop to break ...", flush=True)
    async with running_locally(settings) as place:
        print(f"Workspace: {place.workspace_url}   Console: {place.console_url}   (Ctrl-C stops everything)", flush=True)
        await asyncio.Event().wait()


def with_quiet_logs(level: str = "warning") -> None:
    """Logs as one line each on standard error, from `level` on."""
    import logging

    import structlog

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        # Looked up at each line: whoever runs a command inside a program may replace the stream.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


def on_free_ports(settings: Settings) -> Settings:
    """The same settings on ports nobody uses, for a run beside others."""
    import socket

    def free() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return replace(settings, http_host="127.0.0.1", http_port=free(), workspace_port=free())
