"""Links signed with a key of this installation (itsdangerous, HMAC-SHA256)."""

import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

from app.domain.errors import ApprovalRefused, Unavailable
from app.ports.links import Grant

# Of what `secrets.token_urlsafe(32)` makes; whoever guesses a shorter one signs links of their own.
_KEY_LENGTH = 32
_SALT = "sitrep approval link 1"


class SignedLinks:
    """Implements the links port. The key is `given`, or made once in `key_file`, readable by its owner only.

    Replicas share links only if they share the key: give each of them the same SITREP_LINK_KEY.
    """

    def __init__(self, key_file: Path, given: str = "") -> None:
        self._key_file = key_file
        self._given = given

    def issue(self, grant: Grant) -> str:
        """The text of a link, safe in an address; raises Unavailable if the key cannot be read or made."""
        from itsdangerous import URLSafeSerializer

        text = URLSafeSerializer(self._key(), _SALT, signer_kwargs={"digest_method": _sha256()}).dumps(
            [grant.id, grant.person, grant.proposal, grant.fingerprint, grant.expires_at.astimezone(UTC).isoformat()]
        )
        return text if isinstance(text, str) else text.decode("ascii")

    def read(self, text: str) -> Grant:
        """What a link stands for; raises ApprovalRefused for one that was not signed here or was changed."""
        from itsdangerous import BadData, URLSafeSerializer

        try:
            values = URLSafeSerializer(self._key(), _SALT, signer_kwargs={"digest_method": _sha256()}).loads(text[:2_000])
            name, person, proposal, fingerprint, expires_at = (str(value) for value in values)
            return Grant(name, person, proposal, fingerprint, datetime.fromisoformat(expires_at))
        except (BadData, TypeError, ValueError):
            raise ApprovalRefused("This link was not made by this Sitrep, or it was changed.", "Ask for a new one.") from None

    def _key(self) -> str:
        if self._given:
            return self._given
        try:
            return self._read() or self._make()
        except OSError as problem:
            raise Unavailable(
                f"The link key {self._key_file} cannot be used: {problem.strerror}.", "Set SITREP_LINK_KEY, or mend the file."
            ) from None

    def _read(self) -> str:
        try:
            key = self._key_file.read_text("ascii", errors="replace").strip()
        except FileNotFoundError:
            return ""
        if len(key) < _KEY_LENGTH:
            raise Unavailable(f"The link key {self._key_file} is cut short.", "Remove the file, or set SITREP_LINK_KEY.")
        return key

    def _make(self) -> str:
        self._key_file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._key_file.with_name(f".{self._key_file.name}.{os.getpid()}.{secrets.token_hex(4)}")
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w", encoding="ascii") as key:
            key.write(secrets.token_urlsafe(32))
        try:
            os.link(fresh, self._key_file)  # the first process wins; everybody reads the winner's
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        return self._read()


def _sha256() -> object:
    import hashlib

    return hashlib.sha256
