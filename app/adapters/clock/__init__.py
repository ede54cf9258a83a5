"""The machine's time, and names that sort by it."""

from app.adapters.clock.system import SystemClock, SystemIds

__all__ = ["SystemClock", "SystemIds"]
