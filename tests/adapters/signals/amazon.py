"""A small Amazon for tests: signs SNS messages with a key of its own and serves the certificate to it."""

import base64
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.adapters.signals.sns_door import canonical
from app.domain.errors import Unavailable

TOPIC = "arn:aws:sns:us-east-1:123456789012:alerts"
CERTIFICATE_URL = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem"
NAMES = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}


class Amazon:
    """`opened` are the addresses that were asked for; `is_down` makes it answer nobody."""

    def __init__(self, folder: Path, bits: int = 2048) -> None:
        self._key, self._certificate = folder / "key.pem", folder / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", f"rsa:{bits}", "-nodes", "-days", "30", "-subj", "/CN=sns.amazonaws.com/O=Amazon",
             "-keyout", str(self._key), "-out", str(self._certificate)],
            check=True, capture_output=True,
        )  # fmt: skip
        self.opened: list[str] = []
        self.is_down = False

    @property
    def certificate(self) -> bytes:
        """The PEM file."""
        return self._certificate.read_bytes()

    def fetch(self, url: str) -> bytes:
        """What is found at an address."""
        self.opened.append(url)
        if self.is_down:
            raise Unavailable("AWS does not answer.", "Wait.")
        return self.certificate if url.endswith(".pem") else b"<ConfirmSubscriptionResponse/>"

    def sign(self, data: bytes, digest: str = "sha256") -> bytes:
        """OpenSSL's own PKCS#1 v1.5 signature."""
        done = subprocess.run(
            ["openssl", "dgst", f"-{digest}", "-sign", str(self._key)], input=data, check=True, capture_output=True
        )
        return done.stdout

    def signed(self, message: dict[str, Any], version: str = "2") -> dict[str, Any]:
        """The message as SNS would send it now."""
        sent = {**message, "Timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.000Z}"}
        fields = {name: sent[name] for name in NAMES[sent["Type"]] if name in sent}
        signature = self.sign(canonical(fields), "sha1" if version == "1" else "sha256")
        return {
            **sent,
            "SignatureVersion": version,
            "Signature": base64.b64encode(signature).decode(),
            "SigningCertURL": CERTIFICATE_URL,
        }


def confirmation() -> dict[str, Any]:
    """An SNS subscription confirmation, not signed yet."""
    return {
        "Type": "SubscriptionConfirmation",
        "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
        "Token": "2336412f37fb687f5d51e6e241d09c805a5a57b30d712f7948a98bac386edfe3",
        "TopicArn": TOPIC,
        "Message": f"You have chosen to subscribe to the topic {TOPIC}.\nTo confirm, visit the SubscribeURL.",
        "SubscribeURL": f"https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f",
    }
