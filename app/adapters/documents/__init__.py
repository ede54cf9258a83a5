"""Documents written from the record: the postmortem draft, its page and its plot."""

from app.adapters.documents.citations import uncited
from app.adapters.documents.draft import DraftDocuments
from app.adapters.documents.plot import metric_plot
from app.adapters.documents.plot_finding import Event

__all__ = ["DraftDocuments", "Event", "metric_plot", "uncited"]
