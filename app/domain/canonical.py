"""One spelling for every value that is hashed or compared, so that two people always mean the same thing.

The spelling is RFC 8785 (JSON Canonicalization Scheme). `rfc8785` is the one third-party import the domain allows itself:
it is pure, has no dependencies, and a home-made canonical form would be a security bug waiting for its day.
"""

import hashlib
from collections.abc import Mapping
from typing import TypeAlias

import rfc8785

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def canonical_json(value: Json) -> str:
    """The RFC 8785 text of `value`; raises ValueError for NaN, infinities and integers beyond 2**53."""
    return rfc8785.dumps(value).decode("utf-8")


def digest(value: Json) -> str:
    """SHA-256 over the canonical text, in lower-case hex (64 characters)."""
    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def plain(value: object) -> Json:
    """A JSON value from mappings, tuples and scalars; raises TypeError for anything else."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    msg = f"{type(value).__name__} has no JSON spelling"
    raise TypeError(msg)
