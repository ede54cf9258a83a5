"""Documents in, ranked cited passages out: the library that finds the runbook or past incident that fits."""

from retrieval.documents import Document, Loaded, Refusal, load
from retrieval.errors import BadInput, DocumentRefused, EncoderUnavailable, RetrievalError, StoreUnavailable
from retrieval.index import Changes, Hit, Index, Results
from retrieval.queries import Question, question_from

__all__ = [
    "BadInput",
    "Changes",
    "Document",
    "DocumentRefused",
    "EncoderUnavailable",
    "Hit",
    "Index",
    "Loaded",
    "Question",
    "Refusal",
    "Results",
    "RetrievalError",
    "StoreUnavailable",
    "load",
    "question_from",
]
