"""The team's configuration file, read strictly into the inventory."""

from app.adapters.inventory.reader import example, load

__all__ = ["example", "load"]
