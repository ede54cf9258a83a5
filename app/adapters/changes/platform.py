"""Reads recent deploys, config changes and flags from the platform's `GET /changes`."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from app.domain.change import Change
from app.domain.errors import Unavailable

MAX_BYTES = 4 * 1024 * 1024
MAX_CHANGES = 5000
MAX_TEXT = 2000

_HINT = "Check platform.url and its token in the configuration."


class PlatformChanges:
    """A list of `{time, service, kind, text, by, key?, before?, after?, link?}` at `<url>/changes`.

    `time` is epoch seconds or RFC 3339. An entry without a readable time or service is left out; other missing fields
    are empty. Of more than 5,000 entries the last count.
    """

    def __init__(self, url: str, token: str, client: httpx.Client) -> None:
        self._url = url.rstrip("/") + "/changes"
        self._headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._client = client

    def between(self, start: datetime, end: datetime) -> Sequence[Change]:
        """The changes between two times, oldest first; raises Unavailable."""
        entries = self._ask()
        if not isinstance(entries, list):
            raise Unavailable("The platform's list of changes is not a list.", _HINT)
        changes = [change for entry in entries[-MAX_CHANGES:] if (change := _change(entry)) is not None]
        return sorted((change for change in changes if start <= change.at <= end), key=lambda change: change.at)

    def _ask(self) -> Any:
        body = bytearray()
        try:
            with self._client.stream("GET", self._url, headers=self._headers) as response:
                if response.status_code != 200:
                    raise Unavailable(f"The platform answered status {response.status_code} for its changes.", _HINT)
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MAX_BYTES:
                        raise Unavailable(
                            f"The platform's list of changes has more than {MAX_BYTES} bytes.", "Let it keep fewer."
                        )
            return json.loads(body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"The platform does not answer: {error or type(error).__name__}.", _HINT) from None
        except (ValueError, RecursionError):
            raise Unavailable("The platform's list of changes is not JSON.", _HINT) from None


def _change(entry: object) -> Change | None:
    if not isinstance(entry, Mapping):
        return None
    at = _time(entry.get("time"))
    service = _text(entry, "service")
    if at is None or not service:
        return None
    return Change(
        at=at,
        service=service,
        kind=_text(entry, "kind") or "change",
        text=_text(entry, "text"),
        by=_text(entry, "by"),
        key=_text(entry, "key"),
        before=_text(entry, "before"),
        after=_text(entry, "after"),
        link=_text(entry, "link"),
    )


def _text(entry: Mapping[str, object], key: str) -> str:
    """The field as text: scalars as JSON spells them, anything nested counts as missing."""
    value = entry.get(key)
    if isinstance(value, str):
        return value[:MAX_TEXT]
    return json.dumps(value) if isinstance(value, bool | int | float) else ""


def _time(value: object) -> datetime | None:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC) if math.isfinite(value) else None
        if isinstance(value, str):
            read = datetime.fromisoformat(value)
            return read.astimezone(UTC) if read.tzinfo else None
    except (ValueError, OverflowError, OSError):
        return None
    return None
