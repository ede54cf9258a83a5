"""Outbound HTTP that goes where the configuration says and nowhere else: fixed origins, checked and pinned addresses."""

import functools
import ipaddress
import socket
import ssl
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

Resolve = Callable[[str, int], Sequence[str]]

_DEFAULT_PORTS = {"http": 80, "https": 443}


class NotAllowed(Exception):
    """The request was stopped before anything left: its origin, method or address is not allowed."""


class Unresolved(Exception):
    """The host name has no address now; nothing left."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port, exactly."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Origin":
        """The origin of a URL; raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.username is not None or parts.password is not None:
            msg = f"{parts.scheme}://{parts.hostname} is not an origin"
            raise ValueError(msg)
        return cls(parts.scheme, parts.hostname.lower(), parts.port or _DEFAULT_PORTS[parts.scheme])

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


def resolve_addresses(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, in the system's order; raises Unresolved."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        msg = f"{host} has no address: {error.strerror or error}"
        raise Unresolved(msg) from None
    return [str(entry[4][0]) for entry in found]


class PinnedTransport(httpx.BaseTransport):
    """Sends only to allowed origins with allowed methods. The name is resolved once, every address is checked, and the
    connection goes to the checked address, with the Host header and TLS name of the original.

    Loopback, private and link-local addresses are allowed only where the origin names them literally (an address, or
    `localhost` for loopback); with `allow_private`, a name may also stand for a private (not loopback or link-local) one.
    Connections are not kept: a stale one would make it unclear whether a request had left.
    """

    def __init__(
        self,
        origins: Collection[Origin],
        methods: Collection[str],
        *,
        allow_private: bool = False,
        resolve: Resolve = resolve_addresses,
        inner: httpx.BaseTransport | None = None,
    ) -> None:
        self._origins = frozenset(origins)
        self._methods = frozenset(methods)
        self._allow_private = allow_private
        self._resolve = resolve
        single_use = httpx.Limits(max_keepalive_connections=0)
        self._inner = inner or httpx.HTTPTransport(verify=_tls(), trust_env=False, retries=0, limits=single_use)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Checks, pins, sends; raises NotAllowed or Unresolved before anything left, and httpx's errors afterwards."""
        if request.method not in self._methods:
            msg = f"the method {request.method} is not allowed"
            raise NotAllowed(msg)
        origin = Origin.of(str(request.url))
        if origin not in self._origins:
            msg = f"{origin} is not one of the allowed origins"
            raise NotAllowed(msg)
        address = self._address(origin)
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": origin.host},
        )
        return self._inner.handle_request(pinned)

    def close(self) -> None:
        """Closes the connections."""
        self._inner.close()

    def _address(self, origin: Origin) -> str:
        literal = _literal(origin.host)
        if literal is not None:
            return str(literal)
        addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in self._resolve(origin.host, origin.port)]
        if not addresses:
            msg = f"{origin.host} has no address"
            raise Unresolved(msg)
        for address in addresses:  # one bad address among good ones is how rebinding looks
            if not self._may_reach(address, origin.host):
                msg = f"{origin.host} resolves to {address}, which is not a public address"
                raise NotAllowed(msg)
        return str(addresses[0])

    def _may_reach(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address, host: str) -> bool:
        plain = getattr(address, "ipv4_mapped", None) or address
        if host == "localhost":
            return bool(plain.is_loopback)
        if plain.is_loopback or plain.is_link_local or plain.is_multicast or plain.is_unspecified:
            return False
        return bool(plain.is_global or (self._allow_private and plain.is_private))


@functools.cache
def _tls() -> ssl.SSLContext:
    """The system's trusted authorities, read once: reading them takes 40 ms, and an approved fix must not wait for it."""
    return httpx.create_ssl_context(trust_env=False)


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def pinned_client(
    urls: Collection[str], methods: Collection[str] = ("GET",), *, allow_private: bool = False, timeout_s: float = 5.0
) -> httpx.Client:
    """A client for the origins of these URLs only: no redirects, no proxies from the environment, time caps."""
    transport = PinnedTransport([Origin.of(url) for url in urls], methods, allow_private=allow_private)
    return httpx.Client(transport=transport, trust_env=False, follow_redirects=False, timeout=timeout_s)
