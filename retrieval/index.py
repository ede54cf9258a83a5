"""The searchable memory: documents are added, changed and removed; a question gives ranked hits with the passage to cite."""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from retrieval.documents import Document
from retrieval.encoder import Encoder, Vectors, unit
from retrieval.errors import EncoderUnavailable, StoreUnavailable
from retrieval.lexicon import Vocabulary
from retrieval.prepared import Prepared, keep
from retrieval.queries import Question, questions_from
from retrieval.ranking import CONFIDENT, Legs, Ranked, rank, score_legs
from retrieval.reranker import CANDIDATES, Reranker, reranked
from retrieval.units import Snapshot, Unit, embedded_text
from retrieval.vectors import NumpyVectors, VectorStore
from retrieval.vocabulary import said_plainly

log = structlog.get_logger(__name__)

NEAREST_PASSAGES = 400
BATCH = 64


@dataclass(frozen=True)
class Hit:
    """One document that may answer, with the passage to cite and the reasons it was found. `score` is 0 to 1."""

    document_id: str
    title: str
    kind: str
    score: float
    passage: str
    heading_path: tuple[str, ...]
    why: tuple[str, ...]


@dataclass(frozen=True)
class Results:
    """The ranking. `confident` is False when nothing in memory seems to answer; `degraded` says what was missing.

    The score of the first hit is comparable across questions.
    """

    ranked: tuple[Hit, ...]
    confident: bool
    degraded: str | None
    ms: float


@dataclass(frozen=True)
class Changes:
    """What a refresh did, in documents; `passages` counts those that were encoded anew."""

    added: int
    changed: int
    removed: int
    passages: int


class Index:
    """Words in memory and vectors in a store. Searches may run beside each other and beside one refresh."""

    def __init__(
        self,
        encoder: Encoder | None = None,
        store: VectorStore | None = None,
        clock: Callable[[], float] = time.perf_counter,
        prepared: Path | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        """`prepared` names a file that keeps the documents ready for search between runs; without it they are cut anew."""
        self._reranker = reranker
        self._prepared_file = prepared
        self._prepared = None if prepared is None else Prepared(prepared)
        self._made_anew = False
        self._encoder = encoder
        self._store = store if store is not None else NumpyVectors()
        self._clock = clock
        self._writing = threading.Lock()
        self._vocabulary = Vocabulary() if self._prepared is None else self._prepared.vocabulary
        self._snapshot = Snapshot.of([], self._vocabulary)
        self._degraded: str | None = None if encoder is not None else "no encoder is set: words alone"

    @property
    def size(self) -> int:
        """How many documents can be found."""
        return len(self._snapshot.units)

    @property
    def units(self) -> tuple[Unit, ...]:
        """The documents as they were made ready for search."""
        return self._snapshot.units

    @property
    def degraded(self) -> str | None:
        """Why vectors are missing, or None."""
        return self._degraded

    def document(self, document_id: str) -> Document | None:
        """The document as it was given, for showing it whole."""
        number = self._snapshot.numbers.get(document_id)
        return None if number is None else self._snapshot.units[number].document

    def build(self, documents: Iterable[Document], progress: Callable[[int, int], None] | None = None) -> Changes:
        """Make the index hold exactly these documents and every vector new."""
        with self._writing:
            self._forget_vectors()
        return self.refresh(documents, progress)

    def refresh(self, documents: Iterable[Document], progress: Callable[[int, int], None] | None = None) -> Changes:
        """Make the index hold exactly these documents; only new and changed passages are encoded.

        `progress` is told (passages encoded, passages to encode). When vectors cannot be made, words go on alone.
        """
        with self._writing:
            before = {unit.document.id: unit for unit in self._snapshot.units}
            units = [self._unit(document, before) for document in {document.id: document for document in documents}.values()]
            kept = {unit.document.id for unit in units}
            added = sum(unit.document.id not in before for unit in units)
            changed = sum(unit.document.id in before and before[unit.document.id].digest != unit.digest for unit in units)
            self._snapshot = Snapshot.of(units, self._vocabulary)
            self._keep(units)
            encoded = self._encode_missing(units, progress)
            return Changes(added, changed, len(before.keys() - kept), encoded)

    def search(
        self,
        question: str | Mapping[str, object] | Question,
        top: int = 10,
        kinds: Collection[str] | None = None,
        allowed: Collection[str] | None = None,
    ) -> Results:
        """Rank documents for a question, an alert text or a webhook body.

        `kinds` and `allowed` (document ids) restrict what is looked at before anything is scored: a document outside them
        leaves no trace in the ranking.
        """
        started = self._clock()
        questions = (question,) if isinstance(question, Question) else questions_from(question)
        snapshot = self._snapshot.visible(kinds, allowed)
        degraded: str | None = None
        found: list[Ranked] = []
        for asked in questions:
            cosines, degraded = self._cosines(asked, snapshot)
            best = rank(snapshot, asked, cosines, max(top, 0) if self._reranker is None else max(top, CANDIDATES))
            found.extend(self._reranked(asked, snapshot, best))
        ranked = (found if len(questions) == 1 else _best_of_each(found))[: max(top, 0)]
        hits = tuple(_hit(snapshot, item) for item in ranked)
        confident = bool(hits) and hits[0].score >= CONFIDENT
        return Results(hits, confident, degraded, (self._clock() - started) * 1000)

    def legs(self, question: Question, widen: bool = True) -> tuple[Snapshot, Legs]:
        """What each leg says by itself, for measuring them."""
        snapshot = self._snapshot
        return snapshot, score_legs(snapshot, question, self._cosines(question, snapshot)[0], widen)

    def close(self) -> None:
        """Let go of the vector store's files."""
        self._store.close()

    def _unit(self, document: Document, before: Mapping[str, Unit]) -> Unit:
        digest = document.content_hash()
        known = before.get(document.id)
        if known is not None and known.digest == digest:
            return known
        kept = None if self._prepared is None else self._prepared.unit(document, digest)
        if kept is None:
            self._made_anew = True
        return kept or Unit.of(document, self._vocabulary)

    def _keep(self, units: list[Unit]) -> None:
        """Write what was made ready, if anything was. A full disk costs the next warm start, not the search."""
        self._prepared = None
        if self._prepared_file is None or not self._made_anew:
            return
        try:
            keep(self._prepared_file, units, self._vocabulary)
            self._made_anew = False
        except StoreUnavailable as error:
            log.warning("retrieval.not_kept", reason=str(error))

    def _encode_missing(self, units: list[Unit], progress: Callable[[int, int], None] | None) -> int:
        if self._encoder is None:
            return 0
        wanted = {
            name: (unit.document.id, text) for unit in units for name, text in zip(unit.vector_ids, unit.spoken(), strict=True)
        }
        try:
            stored = self._store.ids()
            self._store.delete(stored - wanted.keys())
            missing = [name for name in wanted if name not in stored]
            if missing:
                self._degraded = f"words alone: {len(missing)} passages are being read"
            self._encode(missing, wanted, progress)
        except (EncoderUnavailable, StoreUnavailable) as error:
            self._degraded = f"words alone: {error}"
            log.warning("retrieval.degraded", reason=str(error))
            return 0
        self._degraded = None
        return len(missing)

    def _encode(
        self,
        missing: list[str],
        wanted: Mapping[str, tuple[str, str]],
        progress: Callable[[int, int], None] | None,
    ) -> None:
        if self._encoder is None:
            return
        for start in range(0, len(missing), BATCH):
            names = missing[start : start + BATCH]
            vectors = self._encoder.encode([wanted[name][1] for name in names])
            self._store.add(names, [wanted[name][0] for name in names], vectors)
            if progress is not None:
                progress(start + len(names), len(missing))

    def _forget_vectors(self) -> None:
        try:
            self._store.delete(self._store.ids())
        except StoreUnavailable as error:
            self._degraded = f"words alone: {error}"

    def _reranked(self, question: Question, snapshot: Snapshot, ranked: list[Ranked]) -> list[Ranked]:
        if self._reranker is None or not ranked:
            return ranked
        texts = [
            embedded_text(snapshot.units[item.number].document, snapshot.units[item.number].passages[item.passage])
            for item in ranked[:CANDIDATES]
        ]
        try:
            return reranked(ranked, self._reranker.score(question.text, texts))
        except EncoderUnavailable as error:
            log.warning("retrieval.not_reranked", reason=str(error))
            return ranked

    def _cosines(self, question: Question, snapshot: Snapshot) -> tuple[dict[str, float] | None, str | None]:
        """Cosine by passage id; None and the reason when there are no vectors to ask."""
        if self._encoder is None or self._degraded is not None:
            return None, self._degraded
        if not snapshot.units or not question.text:
            return {}, None
        try:
            vector = _vector(self._encoder, question.text)
            return dict(self._store.nearest(vector, NEAREST_PASSAGES, snapshot.restricted_to)), None
        except (EncoderUnavailable, StoreUnavailable) as error:
            log.warning("retrieval.degraded", reason=str(error))
            return None, f"words alone: {error}"


def _best_of_each(found: list[Ranked]) -> list[Ranked]:
    """Each document once, with the best score that one of several questions gave it."""
    best: dict[int, Ranked] = {}
    for item in sorted(found, key=lambda item: -item.score):
        best.setdefault(item.number, item)
    return list(best.values())


def _vector(encoder: Encoder, text: str) -> Vectors:
    """The question's direction: slang is also said in plain words, and the middle of both is taken."""
    texts = list(dict.fromkeys([text, said_plainly(text)]))
    mean: Vectors = unit(encoder.encode(texts).mean(axis=0, keepdims=True))[0]
    return mean


def _hit(snapshot: Snapshot, item: Ranked) -> Hit:
    unit = snapshot.units[item.number]
    passage = unit.passages[item.passage]
    document = unit.document
    return Hit(document.id, document.title, document.kind, item.score, passage.text, passage.heading_path, item.why)
