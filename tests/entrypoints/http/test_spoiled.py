"""Bodies that are huge, spoiled or of another kind never break the door."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.adapters.signals.payloads import EXAMPLES, Example
from tests.entrypoints.http.house import House, changed

SOURCES = sorted({example.source for example in EXAMPLES.values()})
LABELLED = [name for name, example in EXAMPLES.items() if example.source in {"generic", "datadog", "opsgenie", "sentry"}]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An open door on this machine: no token, no secrets."""
    built = House(tmp_path)
    yield built
    built.stop()


HUGE = {str(number): "x" * 2000 for number in range(3000)}


@pytest.mark.parametrize("name", LABELLED)
async def test_huge_label_sets_stay_small(house: House, name: str) -> None:
    """At most a hundred labels of a thousand letters are kept."""
    example = EXAMPLES[name]
    body = changed(example.body)
    inner = body if (body.get("alert") is None) else body["alert"]
    inner["labels"] = inner["details"] = {key: text[:50] for key, text in HUGE.items()}
    inner["tags"] = [f"tag{number}:{'y' * 50}" for number in range(3000)]
    answer = await house.send(Example(example.source, body, example.headers))
    assert answer.status_code == 202, answer.json()
    with house.store.begin() as tx:
        (signal,) = tx.signals.of(1)
    assert len(signal.labels) <= 200
    assert all(len(text) <= 1024 for text in signal.labels.values())


STRANGE: list[Any] = [
    None, True, 0, -1, 2**60, -(2**60), 1e308, 0.1, "", " ", "x" * 5000, "\u202e\u200b<@U1> *x*", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00", "-5", "99999999999999999999", "NaN", "$ALERT_ID", [], {}, [[]], [None], ["a", "b"], {"a": {"b": []}},
    {"\u202e": "x"}, float("nan"), float("inf"),
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to everything in a body."""
    if path:
        yield path
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield from places(inner, (*path, step))


def spoiled(body: Any, path: tuple[Any, ...], value: Any, *, remove: bool) -> Any:
    """A copy of the body with one place replaced or removed."""
    copy = json.loads(json.dumps(body))
    target = copy
    for step in path[:-1]:
        target = target[step]
    if remove:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return copy


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_spoiled_payload_never_breaks_the_door_and_leaves_nothing_half_done(name: str, tmp_path: Path) -> None:
    """Two places of each documented payload hold something strange: 2xx, or 4xx with a hint and nothing stored."""
    house = House(tmp_path)
    example = EXAMPLES[name]
    spots = list(places(example.body))

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def spoil(data: st.DataObject) -> None:
        body = example.body
        for _ in range(data.draw(st.integers(1, 2))):
            options = [spot for spot in spots if _is_there(body, spot)]
            if not options:
                break
            body = spoiled(
                body, data.draw(st.sampled_from(options)), data.draw(st.sampled_from(STRANGE)), remove=data.draw(st.booleans())
            )
        before = house.fingerprint()
        answer = asyncio.run(house.send(Example(example.source, body, example.headers)))
        assert answer.status_code in {200, 202, 400, 403, 429}, answer.text
        if answer.status_code >= 300:
            assert set(answer.json()) == {"error", "hint"}
            assert house.fingerprint() == before

    spoil()
    house.stop()


def _is_there(body: Any, path: tuple[Any, ...]) -> bool:
    for step in path:
        if (isinstance(body, dict) and step in body) or (isinstance(body, list) and isinstance(step, int) and step < len(body)):
            body = body[step]
        else:
            return False
    return True


@pytest.mark.parametrize("source", SOURCES)
async def test_a_body_of_another_kind_is_refused_with_a_hint(house: House, source: str) -> None:
    """At every source."""
    for raw in (b"", b"[]", b"{}", b"null", b"{" * 9000, b'{"a": NaN}', b'{"a":1,"a":2}', b"\xff\xfe", b'"x"'):
        answer = await house.post(source, raw)
        assert answer.status_code == 400, raw
        assert answer.json()["hint"]
