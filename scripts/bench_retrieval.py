"""Retrieval, measured: what each leg adds on our own questions, and how fast it is beside Chroma, bm25s and tantivy alone."""

import argparse
import importlib.util
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from retrieval.documents import Document, load_folder, load_json_lines
from retrieval.encoder import MiniLmEncoder, Vectors, unit
from retrieval.fusion import reciprocal_rank_fusion
from retrieval.index import Index
from retrieval.queries import question_from
from retrieval.ranking import LEGS, Legs, fused_scores
from retrieval.vectors import ChromaVectors, NumpyVectors

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = ROOT / "tests" / "retrieval" / "data" / "questions.jsonl"
KINDS = ("alert", "hard", "reworded", "chat", "similar")
VARIANTS: Mapping[str, tuple[bool, Mapping[str, float]]] = {
    "words as typed": (False, {"words": 1.0}),
    "words + synonyms, slang": (True, {"words": 1.0}),
    "+ words of the best passage": (True, {"words": 0.7, "passage_words": 0.3}),
    "meaning of passages alone": (True, {"passage": 1.0}),
    "meaning of the card alone": (True, {"card": 1.0}),
    "all but the card": (True, {name: weight for name, weight in LEGS.items() if name != "card"}),
    "all but passages' words": (True, {name: weight for name, weight in LEGS.items() if name != "passage_words"}),
    "all but synonyms, slang": (False, LEGS),
    "all": (True, LEGS),
}
SAMPLE = 256  # passages really encoded; the other vectors are drawn around theirs, so that ten thousand do not take minutes
SECTIONS = 5


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=10_000, help="size of the made-up memory; 100000 takes a few minutes")
    parser.add_argument("--skip-quality", action="store_true")
    parser.add_argument("--warm", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.warm is not None:
        warm(options.warm)
        return
    if not options.skip_quality:
        quality()
    speed(options.passages)


def quality() -> None:
    """Share of our own questions whose page is first, and among the first five, leg by leg."""
    index = Index(MiniLmEncoder())
    index.refresh(load_folder(ROOT / "runbooks").documents)
    cases = [case for case in map(json.loads, QUESTIONS.read_text("utf-8").splitlines()) if case["kind"] in KINDS]
    counts = {kind: sum(case["kind"] == kind for case in cases) for kind in KINDS}
    print("own questions over own runbooks: first / among five")
    print(f"{'':30}" + "".join(f"{kind + ' ' + str(counts[kind]):>14}" for kind in KINDS))
    for name, (widen, weights) in VARIANTS.items():
        _print_row(name, cases, lambda case, widen=widen, weights=weights: _fused_ranks(index, case, widen, weights))
    _print_row("reference: RRF of both alone", cases, lambda case: _reference_ranks(index, case))


def speed(passages: int) -> None:
    """Index, query and warm start at a size, with ratios against what others do alone."""
    documents = made_up(passages)
    encoder = MiniLmEncoder()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = NumpyVectors(folder / "vectors.npz")
        index = Index(encoder, store, prepared=folder / "ready.npz")
        started = time.perf_counter()
        Index(prepared=folder / "ready.npz").refresh(documents)
        words_s = time.perf_counter() - started
        rate = _fill(index, store, documents, encoder)
        texts = [case["query"] for case in map(json.loads, QUESTIONS.read_text("utf-8").splitlines())]
        took = [_ms(lambda text=text: index.search(text)) for text in texts]
        encode = [_ms(lambda text=text: encoder.encode([text])) for text in texts]
        print(f"\n{len(store.ids())} vectors, {len(documents)} documents; times are wall time")
        print(f"index: words {words_s:.1f} s in all, vectors {rate:.0f} passages/s (on {SAMPLE} real ones)")
        print(f"query: {_spread(took)}; of which embedding {_spread(encode)}")
        index.close()
        _others(folder, documents, texts, encoder, store, statistics.median(took))
        _warm_start(folder, documents)


def warm(folder: Path) -> None:
    """A fresh process: read the documents, take the kept words and vectors, answer one question."""
    started = time.perf_counter()
    documents = load_json_lines(folder / "documents.jsonl").documents
    read_s = time.perf_counter() - started
    index = Index(MiniLmEncoder(), NumpyVectors(folder / "vectors.npz"), prepared=folder / "ready.npz")
    encoded = index.refresh(documents).passages
    index.search("no space left on device")
    total = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"warm start: {total:.2f} s to the first answer (reading documents {read_s:.2f} s), {encoded} encoded, RSS {peak:.0f} MB"
    )


def made_up(passages: int) -> list[Document]:
    """Documents cut from our own runbooks' sentences, five passages each; the same ones at every run."""
    drawn = random.Random(11)
    pool = " ".join(document.text for document in load_folder(ROOT / "runbooks").documents).split()
    found = []
    for number in range(passages // SECTIONS):
        places = [drawn.randrange(len(pool) - 130) for _ in range(SECTIONS)]
        parts = [f"## {' '.join(pool[place : place + 4])}\n\n{' '.join(pool[place : place + 110])}" for place in places]
        found.append(Document(f"made-up-{number}", " ".join(pool[places[0] : places[0] + 5]), "\n\n".join(parts)))
    return found


def _fused_ranks(index: Index, case: Mapping[str, str], widen: bool, weights: Mapping[str, float]) -> list[str]:
    snapshot, legs = index.legs(question_from(case["query"]), widen)
    visible = _visible([unit.document.kind for unit in snapshot.units], case["kind"])
    fused = fused_scores(legs, visible, weights)
    return [snapshot.units[visible[place]].document.id for place in np.argsort(-fused, kind="stable")[:5]]


def _reference_ranks(index: Index, case: Mapping[str, str]) -> list[str]:
    snapshot, legs = index.legs(question_from(case["query"]), widen=False)
    visible = _visible([unit.document.kind for unit in snapshot.units], case["kind"])
    ranks = [
        [snapshot.units[visible[place]].document.id for place in np.argsort(-scores[visible], kind="stable")]
        for scores in (legs.words, _passages(legs))
    ]
    return [name for name, _ in reciprocal_rank_fusion(ranks)[:5]]


def _passages(legs: Legs) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    return legs.meaning["passage"]


def _visible(kinds: Sequence[str], asked: str) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    """Questions for runbooks look at runbooks, those for similar incidents at incidents."""
    return np.flatnonzero([(kind == "incident") == (asked == "similar") for kind in kinds])


def _print_row(name: str, cases: Sequence[dict[str, object]], ranks: Callable[[dict[str, str]], list[str]]) -> None:
    cells = []
    for kind in KINDS:
        found = [(ranks(case), case["relevant"]) for case in cases if case["kind"] == kind]  # type: ignore[arg-type]
        first = statistics.mean(ids[0] in relevant for ids, relevant in found)  # type: ignore[operator]
        five = statistics.mean(any(one in relevant for one in ids) for ids, relevant in found)  # type: ignore[operator]
        cells.append(f"{first:.2f} / {five:.2f}")
    print(f"{name:30}" + "".join(f"{cell:>14}" for cell in cells))


def _fill(index: Index, store: NumpyVectors, documents: Sequence[Document], encoder: MiniLmEncoder) -> float:
    """Give every passage a vector: a sample is encoded, the rest lies around it. Returns passages encoded per CPU second."""
    bare = Index(prepared=None)
    bare.refresh(documents)
    names = [
        (name, unit.document.id, text) for unit in bare.units for name, text in zip(unit.vector_ids, unit.spoken(), strict=True)
    ]
    sample = [text for _, _, text in names if len(text.split()) > 60][:SAMPLE]
    encoder.encode(sample[:2])
    started = time.perf_counter()
    real = encoder.encode(sample)
    rate = len(sample) / (time.perf_counter() - started)
    drawn = np.random.default_rng(3)
    rows: Vectors = unit(
        real[drawn.integers(0, len(real), len(names))] + drawn.normal(scale=0.03, size=(len(names), real.shape[1]))
    )
    store.add([name for name, _, _ in names], [owner for _, owner, _ in names], rows)  # the same text twice is one vector
    index.refresh(documents)
    return rate


def _others(
    folder: Path, documents: Sequence[Document], texts: Sequence[str], encoder: MiniLmEncoder, store: NumpyVectors, ours: float
) -> None:
    chroma = ChromaVectors(folder / "chroma", encoder.name)
    names, rows = sorted(store.ids()), store.matrix
    chroma.add(names, names, rows)
    took = [_ms(lambda text=text: chroma.nearest(encoder.encode([text])[0], 10)) for text in texts]
    print(f"Chroma alone, embedding included: {_spread(took)}; ours / Chroma {ours / statistics.median(took):.2f}")
    chroma.close()
    for name, measure in (("bm25s", _bm25s), ("tantivy", _tantivy)):
        if importlib.util.find_spec(name) is None:
            print(f"{name}: not installed, so not compared")
            continue
        took = measure(documents, texts)
        print(f"{name} alone, words only: {_spread(took)}; ours / {name} {ours / statistics.median(took):.1f}")


def _bm25s(documents: Sequence[Document], texts: Sequence[str]) -> list[float]:
    import bm25s

    index = bm25s.BM25()
    index.index(bm25s.tokenize([document.text for document in documents], show_progress=False), show_progress=False)
    return [
        _ms(lambda text=text: index.retrieve(bm25s.tokenize(text, show_progress=False), k=10, show_progress=False))
        for text in texts
    ]


def _tantivy(documents: Sequence[Document], texts: Sequence[str]) -> list[float]:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("text", stored=False)
    index = tantivy.Index(builder.build())
    writer = index.writer()
    for document in documents:
        writer.add_document(tantivy.Document(text=document.text))
    writer.commit()
    index.reload()
    searcher = index.searcher()
    plain = ["".join(letter if letter.isalnum() else " " for letter in text) for text in texts]
    return [_ms(lambda text=text: searcher.search(index.parse_query(text, ["text"]), 10)) for text in plain]


def _warm_start(folder: Path, documents: Sequence[Document]) -> None:
    lines = (json.dumps({"id": document.id, "title": document.title, "text": document.text}) for document in documents)
    (folder / "documents.jsonl").write_text("\n".join(lines), "utf-8")
    # a process of its own: this one has built everything already, and its memory would be counted too
    subprocess.run([sys.executable, str(Path(__file__)), "--warm", str(folder)], check=True)


def _ms(act: Callable[[], object]) -> float:
    """Best of two, in milliseconds."""
    took = []
    for _ in range(2):
        started = time.perf_counter()
        act()
        took.append((time.perf_counter() - started) * 1000)
    return min(took)


def _spread(took: Sequence[float]) -> str:
    return f"median {statistics.median(took):.1f} ms, p95 {sorted(took)[int(0.95 * (len(took) - 1))]:.1f} ms"


if __name__ == "__main__":
    main()
