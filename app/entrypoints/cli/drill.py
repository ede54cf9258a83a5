"""`sitrep drill`: a game day against a real small service."""

import argparse
import asyncio
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.domain.errors import BadInput


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = commands.add_parser("drill", help="break a real small service and walk through the incident")
    parser.add_argument("name", nargs="?", default="checkout-pool", help="which drill; checkout-pool unless given")
    parser.add_argument("--list", action="store_true", help="name the drills, one a line")
    parser.add_argument("--headless", action="store_true", help="play the people too and print the transcript")
    parser.add_argument("--prometheus", action="store_true", help="alert through Prometheus and Alertmanager from the PATH")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from app.drills.faults import DRILLS

    if options.list:
        print("\n".join(DRILLS))
        return 0
    if options.name not in DRILLS:
        raise BadInput(f"There is no drill '{options.name}'.", f"There are: {', '.join(DRILLS)}.")
    return asyncio.run(_play(options))


async def _play(options: argparse.Namespace) -> int:
    from app.entrypoints.cli.main import on_free_ports, settings_of, with_quiet_logs
    from app.entrypoints.local import running_locally

    with_quiet_logs("error" if options.headless else "warning")
    settings = settings_of(options)
    with tempfile.TemporaryDirectory(prefix="sitrep-drill-") as folder:
        local = replace(settings, config=None, slack_bot_token="", data_dir=Path(folder), database_url="")
        if options.headless:
            local = on_free_ports(local)
        print("Starting the workspace, the shop and Sitrep ...", flush=True)
        async with running_locally(local, real_prometheus=options.prometheus) as place:
            print(f"Workspace: {place.workspace_url}   Console: {place.console_url}", flush=True)
            if options.headless:
                return await asyncio.to_thread(_headless, place, options.name)
            return await _by_hand(place, options.name)


async def _by_hand(place: Any, name: str) -> int:
    from app.drills.faults import DRILLS

    await asyncio.sleep(5)  # the metrics need a little normal time before the fault
    await asyncio.to_thread(place.shop.inject, name)
    print(f"Broken: {DRILLS[name].description}\nWatch the workspace; Ctrl-C ends the drill.", flush=True)
    await asyncio.Event().wait()
    return 0


def _headless(place: Any, name: str) -> int:
    import time

    from app.drills.faults import DRILLS
    from app.drills.gameday import DrillFailed, GameDay
    from app.workspace.control import Control

    time.sleep(12)  # the metrics need a little normal time before the fault
    with Control(place.workspace_url) as control:
        day = GameDay(place.shop, control, lambda line: print(line, flush=True))
        try:
            day.play(DRILLS[name])
        except DrillFailed as problem:
            print(f"The drill failed: {problem}", file=sys.stderr)
            return 1
    print("The service recovered.")
    return 0
