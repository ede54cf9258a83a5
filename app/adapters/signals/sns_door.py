"""Lets in what Amazon SNS signed for a known topic, and confirms a subscription to one."""

import base64
import binascii
import re
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urlencode

from app.adapters.signals.certificate import Certificate, read_certificate
from app.adapters.signals.fields import inside, moment, shown
from app.domain.canonical import Json
from app.domain.errors import BadInput, Refused, Unavailable

Fetch = Callable[[str], bytes]
"""Reads a page of AWS, bounded in size and time; raises Unavailable."""

MAX_CERTIFICATES = 16
CONFIRMATION = "SubscriptionConfirmation"

_REGION = r"[a-z]{2,3}(?:-[a-z]+){1,3}-\d{1,2}"
_CERTIFICATE_URL = re.compile(rf"https://sns\.({_REGION})\.amazonaws\.com(\.cn)?/[A-Za-z0-9_-]{{1,200}}\.pem", re.ASCII)
_TOPIC = re.compile(rf"arn:aws(?:-cn|-us-gov)?:sns:({_REGION}):\d{{12}}:[A-Za-z0-9_.-]{{1,256}}", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9]{1,1024}", re.ASCII)
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_DIGESTS = {"1": "sha1", "2": "sha256"}
_SHAPE = "Let Amazon SNS send it over HTTPS, with raw message delivery off."


class SnsDoor:
    """`topics` are the allowed topic ARNs; with none of them any topic may notify and no subscription is confirmed.

    `fetch` is asked for signing certificates and confirmations, only ever at `sns.<region>.amazonaws.com(.cn)` over https.
    The address of a confirmation is built here from topic and token; the one in the message is never opened.
    """

    def __init__(self, topics: tuple[str, ...], fetch: Fetch) -> None:
        self._topics = frozenset(topics)
        self._fetch = fetch
        self._certificates: dict[str, Certificate] = {}
        self._fetching = threading.Lock()

    def __call__(self, payload: Mapping[str, Json]) -> None:
        """Raises BadInput for another shape, Refused for a foreign topic or a wrong signature, Unavailable if AWS cannot be
        asked now.
        """
        message = payload.get("body")
        fields = _signed_fields(message)
        region = self._known_region(fields["TopicArn"], fields["Type"])
        self._check_signature(message, fields, region)
        if fields["Type"] == CONFIRMATION:
            self._confirm(fields, region)

    def _known_region(self, topic: str, kind: str) -> str:
        found = _TOPIC.fullmatch(topic)
        if found is None:
            raise BadInput(f"TopicArn is {shown(topic)}, which is no topic.", _SHAPE)
        if (self._topics or kind == CONFIRMATION) and topic not in self._topics:
            raise Refused("This topic is not one of the allowed ones.", "Add its ARN to SITREP_SNS_TOPICS if it is yours.")
        return found[1]

    def _check_signature(self, message: object, fields: Mapping[str, str], region: str) -> None:
        digest = _DIGESTS.get(str(inside(message, "SignatureVersion")))
        url = inside(message, "SigningCertURL")
        found = _CERTIFICATE_URL.fullmatch(url) if isinstance(url, str) else None
        if digest is None or found is None or found[1] != region:
            raise Refused("SignatureVersion or SigningCertURL is not Amazon's.", "Only SNS itself can send here.")
        given = inside(message, "Signature")
        try:
            signature = base64.b64decode(given, validate=True) if isinstance(given, str) else b""
        except (binascii.Error, ValueError):
            signature = b""
        if not 256 <= len(signature) <= 1024:
            raise Refused("Signature is no RSA signature.", "Only SNS itself can send here.")
        certificate = self._certificate(found[0])
        sent = moment(fields["Timestamp"], "Timestamp")
        is_valid = sent is not None and certificate.begins <= sent <= certificate.ends
        if not (is_valid and certificate.has_signed(canonical(fields), signature, digest)):
            raise Refused("The signature does not fit the message.", "Only SNS itself can send here.")

    def _certificate(self, url: str) -> Certificate:
        known = self._certificates.get(url)
        if known is not None:
            return known
        if not self._fetching.acquire(blocking=False):
            raise Unavailable("A signing certificate is being read.", "Send it again in a moment.")
        try:
            certificate = read_certificate(self._fetch(url))
        finally:
            self._fetching.release()
        if len(self._certificates) >= MAX_CERTIFICATES:
            self._certificates.clear()
        self._certificates[url] = certificate
        return certificate

    def _confirm(self, fields: Mapping[str, str], region: str) -> None:
        if not _TOKEN.fullmatch(fields["Token"]):
            raise BadInput("Token is no token.", _SHAPE)
        end = ".cn" if fields["TopicArn"].startswith("arn:aws-cn:") else ""
        query = urlencode({"Action": "ConfirmSubscription", "TopicArn": fields["TopicArn"], "Token": fields["Token"]})
        self._fetch(f"https://sns.{region}.amazonaws.com{end}/?{query}")


def canonical(fields: Mapping[str, str]) -> bytes:
    """The text that SNS signs: each name and value on a line of its own, names in byte order."""
    return "".join(f"{name}\n{fields[name]}\n" for name in sorted(fields)).encode()


def _signed_fields(message: object) -> dict[str, str]:
    kind = inside(message, "Type")
    names = _SIGNED.get(kind) if isinstance(kind, str) else None
    if names is None:
        raise BadInput(f"Type is {shown(kind)}.", _SHAPE)
    fields: dict[str, str] = {}
    for name in names:
        value = inside(message, name)
        if name == "Subject" and value is None:
            continue
        if not isinstance(value, str):
            raise BadInput(f"{name} is no text.", _SHAPE)
        fields[name] = value
    return fields


def said_at(message: object) -> datetime | None:
    """When SNS took the message."""
    return moment(inside(message, "Timestamp"), "Timestamp")
