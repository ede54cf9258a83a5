"""The one door to the model: one address, one method, few headers, no proxies, no redirects, bounded answers."""

from collections.abc import Iterator

import httpx2

MOST_BYTES = 1_000_000
_HEADERS = frozenset(
    {"host", "accept", "accept-encoding", "connection", "content-length", "content-type", "authorization", "user-agent"}
)


class EgressRefused(httpx2.TransportError):
    """The request or its answer was not one this door lets through."""


class EgressTransport(httpx2.BaseTransport):
    """Lets POST requests to one origin and path pass. Headers that libraries add from their environment are taken off."""

    def __init__(self, base_url: str, inner: httpx2.BaseTransport) -> None:
        self._base = httpx2.URL(base_url)
        self._inner = inner

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer; raises EgressRefused for any other address, for a redirect and for an answer that is too large."""
        self._check(request)
        # A copy goes out: the library reads its own marks off the original afterwards.
        headers = [(key, value) for key, value in request.headers.multi_items() if key.lower() in _HEADERS]
        sent = httpx2.Request(request.method, request.url, headers=headers, stream=request.stream, extensions=request.extensions)
        sent.headers["accept-encoding"] = "identity"  # nothing to inflate: the size cap counts what is read
        response = self._inner.handle_request(sent)
        if response.is_redirect or 300 <= response.status_code < 400:
            response.close()
            raise EgressRefused("The model's endpoint answered with a redirect, which Sitrep does not follow.", request=request)
        if not isinstance(response.stream, httpx2.SyncByteStream):
            raise EgressRefused("The model's endpoint answered with a stream Sitrep cannot read.", request=request)
        response.stream = _Bounded(response.stream, request)
        return response

    def close(self) -> None:
        """Closes the connections."""
        self._inner.close()

    def _check(self, request: httpx2.Request) -> None:
        url, base = request.url, self._base
        is_same_origin = (url.scheme, url.host, url.port) == (base.scheme, base.host, base.port)
        if request.method != "POST" or not is_same_origin or not url.path.startswith(base.path.rstrip("/") + "/"):
            raise EgressRefused("A request to another address than the model's was stopped.", request=request)


class _Bounded(httpx2.SyncByteStream):
    def __init__(self, inner: httpx2.SyncByteStream, request: httpx2.Request) -> None:
        self._inner = inner
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        total = 0
        for chunk in self._inner:
            total += len(chunk)
            if total > MOST_BYTES:
                raise EgressRefused("The model's answer is larger than 1 MB.", request=self._request)
            yield chunk

    def close(self) -> None:
        self._inner.close()


class _NoAsync(httpx2.AsyncBaseTransport):
    """The asynchronous way out is shut: Sitrep asks the model from worker threads only."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        raise EgressRefused("There is no asynchronous way to the model.", request=request)


def open_client(base_url: str, timeout_s: float) -> httpx2.Client:
    """A client whose only way out is to `base_url`; each connect, read and write takes at most `timeout_s` seconds."""
    transport = EgressTransport(base_url, httpx2.HTTPTransport(trust_env=False, retries=0))
    return httpx2.Client(transport=transport, timeout=timeout_s, trust_env=False, follow_redirects=False)


def shut_async_client() -> httpx2.AsyncClient:
    """A client that sends nothing, so that no library makes one of its own."""
    return httpx2.AsyncClient(transport=_NoAsync(), trust_env=False)
