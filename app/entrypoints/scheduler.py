"""The heartbeat: APScheduler ticks on every replica; rows and claims make each thing happen once."""

import logging
from collections.abc import Callable, Mapping

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from app.domain.errors import SitrepError

log = structlog.get_logger()


def heartbeat(ticks: Mapping[Callable[[], object], float]) -> BackgroundScheduler:
    """A scheduler (not yet started) that calls each function every so many seconds; a late beat is skipped, never doubled."""
    # A beat that is skipped because the one before it still runs is no news: it warned each time.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = BackgroundScheduler(timezone="UTC")
    for tick, every_s in ticks.items():
        scheduler.add_job(_careful(tick), "interval", seconds=every_s, max_instances=1, coalesce=True, misfire_grace_time=None)
    return scheduler


def _careful(tick: Callable[[], object]) -> Callable[[], None]:
    def beat() -> None:
        try:
            tick()
        except SitrepError as problem:
            log.warning("heartbeat.failed", error=problem.message, hint=problem.hint)

    return beat
