"""Reads a page of AWS: bounded in size and time, through a client that goes to that one address only."""

import time
from collections.abc import Callable

import httpx

from app.domain.errors import Unavailable

MAX_BYTES = 64 * 1024
MAX_SECONDS = 10.0

_HINT = "Let this machine reach sns.<region>.amazonaws.com over https; SNS sends again."


class AwsWeb:
    """`client_for` builds a client that allows nothing but the origin of a URL; `stops` are what it raises for more."""

    def __init__(self, client_for: Callable[[str], httpx.Client], stops: tuple[type[Exception], ...]) -> None:
        self._client_for = client_for
        self._stops: tuple[type[Exception], ...] = (httpx.HTTPError, httpx.InvalidURL, *stops)

    def __call__(self, url: str) -> bytes:
        """The page; raises Unavailable."""
        body, give_up_at = bytearray(), time.monotonic() + MAX_SECONDS
        try:
            with self._client_for(url) as client, client.stream("GET", url) as response:
                if response.status_code != 200:
                    raise Unavailable(f"AWS answered status {response.status_code}.", _HINT)
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MAX_BYTES or time.monotonic() > give_up_at:
                        raise Unavailable("AWS answered too much or too slowly.", _HINT)
        except self._stops as error:
            raise Unavailable(f"AWS does not answer: {type(error).__name__}.", _HINT) from None
        return bytes(body)
