"""Certificates and signatures that OpenSSL made are read and checked, and nothing else is."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.signals.certificate import Certificate, read_certificate
from app.domain.errors import BadInput
from tests.adapters.signals.amazon import Amazon
from tests.builders import NOW


@pytest.fixture(scope="module")
def amazon(tmp_path_factory: pytest.TempPathFactory) -> Amazon:
    """A key of 2048 bits."""
    return Amazon(tmp_path_factory.mktemp("keys"))


@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_a_signature_of_openssl_is_recognised_and_a_changed_one_is_not(amazon: Amazon, digest: str) -> None:
    certificate = read_certificate(amazon.certificate)
    signature = amazon.sign(b"a message", digest)
    assert certificate.has_signed(b"a message", signature, digest)
    assert not certificate.has_signed(b"another message", signature, digest)
    assert not certificate.has_signed(b"a message", signature, "sha1" if digest == "sha256" else "sha256")
    assert not certificate.has_signed(b"a message", signature[:-1], digest)
    assert not certificate.has_signed(b"a message", b"\x00" + signature, digest)
    assert not certificate.has_signed(b"a message", bytes(len(signature)), digest)
    assert not certificate.has_signed(b"a message", b"\xff" * len(signature), digest)
    flipped = bytes([signature[0], signature[1] ^ 1]) + signature[2:]
    assert not certificate.has_signed(b"a message", flipped, digest)


def test_a_block_with_room_for_a_forger_is_refused() -> None:
    """With the exponent 3 and a lax reader a cube root would do (Bleichenbacher, 2006)."""
    lax = Certificate(modulus=(1 << 2047) + 1, exponent=1, begins=NOW, ends=NOW)
    forged = b"\x00\x01" + b"\xff" * 8 + b"\x00" + bytes(245)
    assert not lax.has_signed(b"a message", forged, "sha256")


def test_a_longer_key_is_read_and_a_short_one_refused(tmp_path: Path) -> None:
    (tmp_path / "long").mkdir()
    (tmp_path / "short").mkdir()
    assert read_certificate(Amazon(tmp_path / "long", 3072).certificate).modulus.bit_length() == 3072
    with pytest.raises(BadInput):
        read_certificate(Amazon(tmp_path / "short", 1024).certificate)


@given(st.data())
def test_a_torn_certificate_is_refused_in_words(amazon: Amazon, data: st.DataObject) -> None:
    pem = amazon.certificate
    at = data.draw(st.integers(28, len(pem) - 30))
    torn = pem[:at] + data.draw(st.binary(max_size=3)) + pem[at + data.draw(st.integers(0, 40)) :]
    assert len(outcome(torn)) > 10


def outcome(pem: bytes) -> str:
    """What is found, or the words of the refusal."""
    try:
        return f"a key of {read_certificate(pem).modulus.bit_length()} bits"
    except BadInput as problem:
        return problem.hint


@given(st.binary(max_size=300))
def test_anything_else_is_refused_in_words(raw: bytes) -> None:
    with pytest.raises(BadInput):
        read_certificate(raw)
