"""The heartbeat: APScheduler ticks on every replica; rows and claims make each thing happen once."""

from collections.abc import Callable

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from app.domain.errors import SitrepError

log = structlog.get_logger()


def heartbeat(tick: Callable[[], None], every_s: float = 1.0) -> BackgroundScheduler:
    """A scheduler (not yet started) that calls `tick`; a late beat is skipped, never doubled."""

    def beat() -> None:
        try:
            tick()
        except SitrepError as problem:
            log.warning("heartbeat.failed", error=problem.message, hint=problem.hint)

    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(beat, "interval", seconds=every_s, max_instances=1, coalesce=True, misfire_grace_time=None)
    return scheduler
