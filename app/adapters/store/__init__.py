"""The database: SQLite in one file, or Postgres for many machines, behind one store."""

from app.adapters.store.sql import SqlStore
from app.adapters.store.upgrade import upgrade

__all__ = ["SqlStore", "upgrade"]
