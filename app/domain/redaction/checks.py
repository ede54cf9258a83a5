"""Checks: does a string carry a valid check digit, look random, or is it plainly harmless?"""

import base64
import binascii
import re
from math import log2

_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28, "CH": 21,
    "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27,
    "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26,
    "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27,
    "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
    "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23,
    "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip
_CARD = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17}"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_NAME = re.compile(r"[a-z0-9]+(?:[-_./:][a-z0-9]+)+|[A-Z0-9]+(?:[-_./:][A-Z0-9]+)+")


def is_card(digits: str) -> bool:
    """A payment card number: a known issuer's range and length, and the Luhn digit (ISO/IEC 7812)."""
    if not _CARD.fullmatch(digits) or len(set(digits)) < 2:
        return False
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    return (sum(int(digit) for digit in digits[::-2]) + sum(value - 9 if value > 9 else value for value in doubled)) % 10 == 0


def is_iban(text: str) -> bool:
    """An IBAN: the country's length and the ISO 7064 check digits."""
    upper = text.upper()
    if _IBAN_LENGTHS.get(upper[:2]) != len(upper) or not upper.isalnum():
        return False
    return int("".join(str(int(char, 36)) for char in upper[4:] + upper[:4])) % 97 == 1


def is_uuid(text: str) -> bool:
    """A UUID in its usual spelling."""
    return _UUID.fullmatch(text) is not None


def is_hex(text: str) -> bool:
    """Hexadecimal digits of one case only."""
    return _HEX.fullmatch(text) is not None


def entropy(text: str) -> float:
    """Shannon entropy of the characters, in bits each."""
    return -sum((n := text.count(char)) / len(text) * log2(n / len(text)) for char in set(text)) if text else 0.0


def is_name(text: str) -> bool:
    """Words and short numbers with dashes, dots or slashes between: a pod, a host, a version, never a random token."""
    return _NAME.fullmatch(text) is not None and not is_uuid(text) and max(map(len, re.split(r"[-_./:]", text))) < 13


def is_dense_name(text: str) -> bool:
    """Short pieces with dashes between, but so many digits among letters that nobody chose them: `ab12-9f3k-77xz`."""
    digits, letters = sum(char.isdigit() for char in text), sum(char.isalpha() for char in text)
    return len(text) >= 10 and letters >= 4 and digits * 4 >= len(text) and is_name(text)


def is_random(text: str) -> bool:
    """Looks drawn by a machine: long enough, letters with digits or both cases, and not a name."""
    if len(text) < 8 or is_name(text):
        return False
    has_digit = any(char.isdigit() for char in text)
    has_letter = any(char.isalpha() for char in text)
    is_mixed = text != text.lower() and text != text.upper()
    return (has_digit and has_letter) or (len(text) >= 16 and is_mixed and entropy(text) > 3.5)


def is_readable_base64(text: str) -> bool:
    """Base64 that is only text a person could read."""
    body = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        decoded = base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(decoded) > 4 and all(32 <= byte < 127 or byte in {9, 10, 13} for byte in decoded)


def basic_pair(text: str) -> bool:
    """Base64 of `user:password`, as HTTP Basic sends it."""
    body = text.rstrip("=")
    try:
        return b":" in base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
