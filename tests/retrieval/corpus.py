"""Our own runbooks as an index, encoded once for all tests of a run."""

from functools import cache
from pathlib import Path

from retrieval.documents import load_folder
from retrieval.encoder import MiniLmEncoder
from retrieval.index import Index

RUNBOOKS = Path(__file__).resolve().parents[2] / "runbooks"


@cache
def own_runbooks(with_vectors: bool) -> Index:
    """With MiniLM's vectors, or with words alone."""
    index = Index(MiniLmEncoder() if with_vectors else None)
    index.refresh(load_folder(RUNBOOKS).documents)
    return index
