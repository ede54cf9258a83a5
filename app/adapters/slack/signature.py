"""The guard in front of Slack's HTTP door: only a fresh, signed, well-shaped request gets past it."""

import hashlib
import hmac
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from app.adapters.slack.shape import Refusal, read_body
from app.domain.canonical import Json
from app.ports.clock import Clock

MAX_BYTES = 1 << 20
WINDOW_S = 300
_SIGNATURE_LENGTH = len("v0=") + 64


class Replays(Protocol):
    """Remembers which requests were already answered well."""

    def was_answered(self, signature: str) -> bool:
        """True when this exact request was handled before."""
        ...

    def answered(self, signature: str) -> None:
        """Remembers it. Called only after a 2xx, so that Slack's redelivery of a failed one gets through."""
        ...


class RecentSignatures:
    """Replays kept in memory for twice the signature's window; the oldest go first when there are too many."""

    def __init__(self, clock: Clock, most: int = 20_000) -> None:
        self._clock = clock
        self._most = most
        self._seen: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def was_answered(self, signature: str) -> bool:
        """True when this exact request was handled in the last ten minutes."""
        with self._lock:
            self._forget()
            return signature in self._seen

    def answered(self, signature: str) -> None:
        """Remembers it."""
        with self._lock:
            self._seen[signature] = self._clock.now().timestamp()
            self._forget()

    def _forget(self) -> None:
        oldest = self._clock.now().timestamp() - 2 * WINDOW_S
        while self._seen and (len(self._seen) > self._most or next(iter(self._seen.values())) < oldest):
            self._seen.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request that is Slack's. `is_replay` says that it was answered before and needs no second handling."""

    body: dict[str, Json]
    signature: str
    is_replay: bool


class Guard:
    """Checks size, encoding, age, signature and shape, in that order; nothing is parsed before the signature holds."""

    def __init__(self, signing_secret: str, clock: Clock, replays: Replays | None = None) -> None:
        if not signing_secret:
            msg = "The HTTP door needs the app's signing secret (SLACK_SIGNING_SECRET)."
            raise ValueError(msg)
        self._secret = signing_secret.encode()
        self._clock = clock
        self._replays = replays or RecentSignatures(clock)

    def check(self, headers: Mapping[str, str], body: bytes) -> Accepted | Refusal:
        """What to do with a raw request; `headers` are matched without regard to case."""
        named = {name.lower(): value for name, value in headers.items()}
        refusal = self._refusal(named, body)
        if refusal is not None:
            return refusal
        content = read_body(body.decode("utf-8"), named.get("content-type", ""))
        if isinstance(content, Refusal):
            return content
        signature = named["x-slack-signature"]
        return Accepted(content, signature, self._replays.was_answered(signature))

    def answered(self, request: Accepted) -> None:
        """Remembers that this request got a 2xx."""
        self._replays.answered(request.signature)

    def _refusal(self, headers: Mapping[str, str], body: bytes) -> Refusal | None:
        if len(body) > MAX_BYTES:
            return too_large()
        try:
            body.decode("utf-8")
        except UnicodeDecodeError:
            return Refusal(400, "The body is not UTF-8.", "Send it as Slack does.")
        stamp = headers.get("x-slack-request-timestamp", "")
        if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
            return Refusal(401, "The request timestamp is missing or no number.", "Only Slack may call this address.")
        if abs(self._clock.now().timestamp() - int(stamp)) > WINDOW_S:
            return Refusal(401, "The request is too old or from the future.", "Check this machine's clock.")
        signature = headers.get("x-slack-signature", "")
        if not self._is_ours(stamp, body, signature):
            return Refusal(401, "The signature does not match.", "Check SLACK_SIGNING_SECRET.")
        return None

    def _is_ours(self, stamp: str, body: bytes, signature: str) -> bool:
        if not signature.isascii() or len(signature) != _SIGNATURE_LENGTH:
            return False
        expected = "v0=" + hmac.new(self._secret, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected.encode(), signature.encode())


def too_large() -> Refusal:
    """The refusal of a body over the cap, before it was read to its end."""
    return Refusal(413, "The body is larger than 1 MiB.", "Slack sends nothing this large.")
