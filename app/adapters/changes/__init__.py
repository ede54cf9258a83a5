"""Where recent changes come from."""

from app.adapters.changes.platform import PlatformChanges

__all__ = ["PlatformChanges"]
