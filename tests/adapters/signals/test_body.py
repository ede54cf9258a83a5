"""Hostile bodies end in one clear refusal, quickly, whatever they hold."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.signals.body import read_json
from app.domain.errors import BadInput

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)

HOSTILE = {
    "nested arrays": (b"[" * 100_000, "deeper"),
    "nested objects": (b'{"a":' * 100_000, "deeper"),
    "a million digits": (b'{"a": ' + b"9" * 900_000 + b"}", "digits"),
    "a million digits after the point": (b'{"a": 0.' + b"9" * 900_000 + b"}", "digits"),
    "a huge exponent": (b'{"a": 1e999}', "too large"),
    "NaN": (b'{"a": NaN}', "NaN"),
    "Infinity": (b'{"a": -Infinity}', "Infinity"),
    "a key twice": (b'{"a": 1, "a": 2}', "twice"),
    "a key twice, spelled differently": (b'{"a": 1, "\\u0061": 2}', "twice"),
    "a lone surrogate": (b'{"a": "\\ud800"}', "surrogate"),
    "a lone surrogate as key": (b'{"\\udfff": 1}', "surrogate"),
    "an escaped NUL": (b'{"a": "\\u0000"}', "NUL"),
    "a raw NUL": (b'{"a": "\x00"}', "not JSON"),
    "NUL bytes": (b"\x00" * 1000, "not JSON"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "UTF-8"),
    "an overlong encoding": (b'{"a": "\xc0\x80"}', "UTF-8"),
    "an array": (b"[]", "array"),
    "a string": (b'"x"', "string"),
    "a number": (b"1", "number"),
    "null": (b"null", "null"),
    "nothing": (b"", "not JSON"),
    "two objects": (b"{}{}", "not JSON"),
    "an unfinished string of escaped quotes": (b'{"' + b'\\"' * 400_000, "not JSON"),
    "a trailing backslash": (b'{"a": "\\', "not JSON"),
    "too many keys": (json.dumps({str(n): n for n in range(30_000)}).encode(), "keys"),
    "too large": (b" " * 2_000_000, "bytes"),
    "a UTF-8 byte order mark": (b"\xef\xbb\xbf{}", "not JSON"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_body_is_refused_with_a_reason_and_a_hint_within_a_second(case: str) -> None:
    raw, reason = HOSTILE[case]
    began = time.monotonic()
    with pytest.raises(BadInput, match=reason) as caught:
        read_json(raw)
    assert caught.value.hint
    assert len(str(caught.value)) < 300
    assert time.monotonic() - began < 1.0


def test_depth_and_keys_inside_strings_do_not_count() -> None:
    body = {"text": "[{" * 1000 + ":" * 1000 + "9" * 1000, "escaped": '\\"[[[[', "n": 0.30000000000000004}
    assert read_json(json.dumps(body).encode(), max_depth=1, max_keys=3) == body


def test_the_depth_limit_is_exact() -> None:
    raw = b'{"a": [[1]]}'
    assert read_json(raw, max_depth=3) == {"a": [[1]]}
    with pytest.raises(BadInput, match="deeper than 2"):
        read_json(raw, max_depth=2)


def test_the_size_limit_is_exact() -> None:
    assert read_json(b'{"a":1}', max_bytes=7) == {"a": 1}
    with pytest.raises(BadInput, match="7 bytes"):
        read_json(b'{"a":1}', max_bytes=6)


def read_or_refuse(raw: bytes) -> object:
    try:
        return read_json(raw, max_depth=60)
    except BadInput as error:
        return error


@given(st.binary(max_size=400))
def test_any_bytes_give_an_object_or_bad_input(raw: bytes) -> None:
    assert isinstance(read_or_refuse(raw), dict | BadInput)


@given(st.dictionaries(TEXT, JSON, max_size=5))
def test_an_ordinary_object_comes_back_unchanged(body: dict[str, object]) -> None:
    text = json.dumps(body)
    assert read_json(text.encode(), max_depth=60) == body
