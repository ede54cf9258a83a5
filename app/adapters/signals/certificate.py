"""Checks an RSA signature with the key of an X.509 certificate: public data only, so plain arithmetic is enough."""

import base64
import binascii
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from app.domain.errors import BadInput

MAX_PEM = 64 * 1024

_HINT = "Nothing was accepted; look at who sent this."
_INTEGER, _BITS, _OID, _SEQUENCE, _UTC_TIME, _TIME = 0x02, 0x03, 0x06, 0x30, 0x17, 0x18
_RSA = bytes.fromhex("2a864886f70d010101")
# RFC 8017, section 9.2, note 1: the DigestInfo before the digest.
_DIGEST_INFO = {
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
}


@dataclass(frozen=True, slots=True)
class Certificate:
    """The RSA key in a certificate and when it is valid."""

    modulus: int
    exponent: int
    begins: datetime
    ends: datetime

    def has_signed(self, message: bytes, signature: bytes, digest: str) -> bool:
        """RSASSA-PKCS1-v1_5 verification (RFC 8017, section 8.2.2) with `sha1` or `sha256`.

        The whole padded block is built and compared, so that nothing of a forged one is parsed.
        """
        length = (self.modulus.bit_length() + 7) // 8
        value = int.from_bytes(signature, "big")
        if len(signature) != length or value >= self.modulus:
            return False
        tail = _DIGEST_INFO[digest] + hashlib.new(digest, message, usedforsecurity=False).digest()
        expected = b"\x00\x01" + b"\xff" * (length - len(tail) - 3) + b"\x00" + tail
        return pow(value, self.exponent, self.modulus).to_bytes(length, "big") == expected


def read_certificate(pem: bytes) -> Certificate:
    """The first certificate in a PEM file (RFC 5280, section 4.1); raises BadInput for anything but one with an RSA key of
    2048 to 8192 bits.
    """
    try:
        text = pem[:MAX_PEM].decode("ascii")
        coded = text.split("-----BEGIN CERTIFICATE-----")[1].split("-----END CERTIFICATE-----")[0]
        return _certificate(base64.b64decode("".join(coded.split()), validate=True))
    except (UnicodeDecodeError, IndexError, binascii.Error, ValueError, StopIteration, OverflowError):
        raise BadInput("The signing certificate cannot be read.", _HINT) from None


def _certificate(der: bytes) -> Certificate:
    (_, whole), *_rest = _parts(der)
    (_, body), *_rest = _parts(whole)
    fields = [part for part in _parts(body) if part[0] not in {0xA0, 0xA1, 0xA2, 0xA3}]
    # Without the tagged version: serial number, algorithm, issuer, validity, subject, public key.
    validity, key = fields[3][1], fields[5][1]
    begins, ends = (_time(tag, value) for tag, value in _parts(validity))
    (_, algorithm), (tag, bits) = list(_parts(key))[:2]
    if next(iter(_parts(algorithm))) != (_OID, _RSA) or tag != _BITS or bits[:1] != b"\x00":
        raise ValueError
    numbers = [int.from_bytes(value, "big") for _, sequence in _parts(bits[1:]) for _, value in _parts(sequence)]
    modulus, exponent = numbers
    if not 2048 <= modulus.bit_length() <= 8192 or not 3 <= exponent < 2**32:
        raise ValueError
    return Certificate(modulus, exponent, begins, ends)


def _parts(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of one DER value after the other; raises ValueError or IndexError for a torn one."""
    at = 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length >= 0x80:
            size = length & 0x7F
            if not 1 <= size <= 3:
                raise ValueError
            length, at = int.from_bytes(der[at : at + size], "big"), at + size
        if at + length > len(der):
            raise ValueError
        yield tag, der[at : at + length]
        at += length


def _time(tag: int, value: bytes) -> datetime:
    shape = {_UTC_TIME: "%y%m%d%H%M%SZ", _TIME: "%Y%m%d%H%M%SZ"}[tag] if tag in {_UTC_TIME, _TIME} else ""
    return datetime.strptime(value.decode("ascii"), shape).replace(tzinfo=UTC)
