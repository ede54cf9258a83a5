"""Every table of the store, gathered for the migrations."""

from app.adapters.store import (
    audit,
    changes,
    dues,
    incidents,
    mail,
    observations,
    papers,
    plans,
    proposals,
    rules,
    settings,
    timeline,
)
from app.adapters.store.rows import METADATA

GROUPS = (audit, changes, dues, incidents, mail, observations, papers, plans, proposals, rules, settings, timeline)

__all__ = ["GROUPS", "METADATA"]
