"""Where logs come from."""

from app.adapters.logs.files import FileLogs

__all__ = ["FileLogs"]
