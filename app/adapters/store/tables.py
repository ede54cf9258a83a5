"""Every table of the store, gathered for the migrations."""

from app.adapters.store import changes, dues, incidents, mail, observations, papers, proposals, settings, timeline
from app.adapters.store.rows import METADATA

GROUPS = (changes, dues, incidents, mail, observations, papers, proposals, settings, timeline)

__all__ = ["GROUPS", "METADATA"]
