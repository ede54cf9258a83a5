"""Start one process of the shop: `python -m app.drills.shop SERVICE|supervisor|guard --help`."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.drills.shop.spec import SERVICES, TOKEN_ENV


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run until told to end; exit code 0, or 2 for a wrong command line."""
    if argv and argv[0] == "guard":
        from app.drills.shop.guard import guard

        return guard(argv[1:])
    parser = _parser()
    options = parser.parse_args(argv)
    if options.role in SERVICES and options.version not in SERVICES[options.role].versions:
        parser.error(f"{options.role} has no version {options.version}; known: {', '.join(SERVICES[options.role].versions)}")
    token = environ.get(TOKEN_ENV, "")
    if not token:
        parser.error(f"set {TOKEN_ENV} to the bearer token of the shop")
    options.data = options.data.resolve()
    (options.data / "logs").mkdir(parents=True, exist_ok=True)
    if options.role == "supervisor":
        asyncio.run(_supervise(options, token))
    else:
        asyncio.run(_serve(options, token))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app.drills.shop", description=__doc__)
    parser.add_argument("role", choices=["supervisor", *SERVICES])
    parser.add_argument("--port", type=int, required=True, help="loopback port to serve on")
    parser.add_argument("--data", type=Path, required=True, help="folder for logs, spool and state")
    parser.add_argument("--watch-stdin", action="store_true", help="end when standard input ends: the parent is gone")
    parser.add_argument("--rate", type=float, default=None, help="supervisor: requests per second of load, 0 to 60")
    parser.add_argument("--replica", type=int, default=1)
    parser.add_argument("--version", default="v41")
    parser.add_argument("--config", type=_object, default={}, help="settings as JSON")
    parser.add_argument("--flags", type=_object, default={}, help="flags as JSON")
    parser.add_argument("--peers", type=_object, default={}, help="ports of other services as JSON")
    return parser


def _object(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise TypeError("not a JSON object")
    return value


async def _serve(options: argparse.Namespace, token: str) -> None:
    from app.drills.shop.chassis import Chassis, Launch
    from app.drills.shop.lifetime import serve_until_told_to_end
    from app.drills.shop.trade import TRADES

    launch = Launch(
        service=options.role,
        replica=options.replica,
        port=options.port,
        version=options.version,
        data=options.data,
        token=token,
        config=options.config,
        flags=options.flags,
        peers=options.peers,
    )
    chassis = Chassis(launch)
    TRADES[launch.service](chassis)
    chassis.journal.info("started", version=launch.version, pid=os.getpid(), port=launch.port)
    await serve_until_told_to_end(chassis.app, launch.port, watch_stdin=options.watch_stdin)
    chassis.journal.info("stopped", version=launch.version, pid=os.getpid())


async def _supervise(options: argparse.Namespace, token: str) -> None:
    from app.drills.shop.admin import run_supervisor
    from app.drills.shop.spec import BASE_RATE

    rate = BASE_RATE if options.rate is None else min(max(options.rate, 0.0), 60.0)
    await run_supervisor(options.data, options.port, token, rate=rate, watch_stdin=options.watch_stdin)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
