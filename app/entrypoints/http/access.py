"""Who may post to a webhook: whoever signed it with the sender's secret, or knows the webhook token."""

import base64
import binascii
from collections.abc import Mapping

from app.adapters.signals.source import Received, Signature, Source, hmac_hex, same

OWN_SIGNATURE = "x-sitrep-signature"
OWN_TOKEN = "x-sitrep-token"  # noqa: S105 - the header's name
TOKEN_HINT = "Send `Authorization: Bearer <SITREP_WEBHOOK_TOKEN>`, or the same in X-Sitrep-Token."  # noqa: S105 - words


def may_come_in(source: Source, headers: Mapping[str, str], token: str) -> bool:
    """What the headers alone can tell, before a body is read: False if nothing in them could prove the sender."""
    if source.proves_itself or _sent_signatures(source, headers) or (token and OWN_SIGNATURE in headers):
        return True
    if token:
        return _has_token(headers, token)
    return not any(signature.secrets for signature in source.signatures)


def is_proved(source: Source, received: Received, token: str) -> bool:
    """A signature that was sent has to fit, over the raw bytes; without one the token has to, where there is one.

    Once a sender's secret is set, nothing comes in without a signature or the token.
    """
    sent = _sent_signatures(source, received.headers)
    if sent:
        # Every secret is tried, whichever fits: the time must not tell.
        return all(sum(signature.matches(received, secret) for secret in signature.secrets) for signature in sent)
    if token and OWN_SIGNATURE in received.headers:
        return same(received.headers[OWN_SIGNATURE].strip(), f"sha256={hmac_hex(token, received.raw)}")
    return may_come_in(source, received.headers, token)


def hint_for(source: Source) -> str:
    """How to prove who sends."""
    settings = [signature.setting for signature in source.signatures if signature.secrets]
    if not settings:
        return TOKEN_HINT
    return f"Sign it with the secret in {' or '.join(settings)}, or {TOKEN_HINT[0].lower()}{TOKEN_HINT[1:]}"


def _sent_signatures(source: Source, headers: Mapping[str, str]) -> list[Signature]:
    return [signature for signature in source.signatures if signature.secrets and signature.header in headers]


def _has_token(headers: Mapping[str, str], token: str) -> bool:
    """The token as bearer, as the password of basic authentication (SNS and others can send nothing else), or alone."""
    given = headers.get(OWN_TOKEN, "")
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    if scheme.casefold() == "bearer":
        given = rest.strip()
    elif scheme.casefold() == "basic":
        try:
            given = base64.b64decode(rest.strip(), validate=True).decode("utf-8", "replace").partition(":")[2]
        except (binascii.Error, ValueError):
            given = ""
    return same(given, token)
