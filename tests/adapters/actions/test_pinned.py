"""Outbound requests go to the named origins with the named methods, and nowhere else."""

import httpx
import pytest

from app.adapters.actions.pinned import NotAllowed, Origin, PinnedTransport, pinned_client
from tests.adapters.actions.target import serving


def answering(request: httpx.Request) -> httpx.Response:
    host = str(request.url.host)
    return httpx.Response(200, json={"to": host, "host": request.headers["Host"], "sni": request.extensions["sni_hostname"]})


def test_the_connection_goes_to_the_checked_address_under_the_original_name() -> None:
    transport = PinnedTransport(
        [Origin.of("https://deploy.example.com")],
        ["GET"],
        resolve=lambda host, port: ["93.184.216.34"],
        inner=httpx.MockTransport(answering),
    )
    with httpx.Client(transport=transport, trust_env=False) as client:
        answer = client.get("https://deploy.example.com/x").json()
    assert answer == {"to": "93.184.216.34", "host": "deploy.example.com", "sni": "deploy.example.com"}


@pytest.mark.parametrize(
    "url",
    [
        "http://deploy.example.com/",
        "https://deploy.example.com:8443/",
        "https://deploy.example.com.evil.test/",
        "https://evil.test/",
        "https://93.184.216.34/",
    ],
)
def test_another_scheme_host_or_port_is_not_allowed(url: str) -> None:
    transport = PinnedTransport([Origin.of("https://deploy.example.com")], ["GET"], inner=httpx.MockTransport(answering))
    with httpx.Client(transport=transport, trust_env=False) as client, pytest.raises(NotAllowed, match="origin"):
        client.get(url)


def test_a_name_in_the_own_network_needs_the_entrys_word() -> None:
    origin = Origin.of("http://deploy.internal")

    def ask(*, allow_private: bool) -> int:
        transport = PinnedTransport(
            [origin],
            ["GET"],
            allow_private=allow_private,
            resolve=lambda host, port: ["10.1.2.3"],
            inner=httpx.MockTransport(answering),
        )
        with httpx.Client(transport=transport, trust_env=False) as client:
            return client.get("http://deploy.internal/").status_code

    assert ask(allow_private=True) == 200
    with pytest.raises(NotAllowed, match=r"10\.1\.2\.3"):
        ask(allow_private=False)


def test_a_pinned_client_reads_its_own_target_only() -> None:
    with serving() as target, serving() as other, pinned_client([target.url]) as client:
        assert client.get(target.url + "/changes").status_code == 200
        with pytest.raises(NotAllowed):
            client.get(other.url)
        with pytest.raises(NotAllowed, match="POST"):
            client.post(target.url)
        assert len(target.seen) == 1
        assert not other.seen


@pytest.mark.parametrize("url", ["ftp://a/", "http:///x", "http://u@a/", "http://:p@a/", "//a", ""])
def test_what_has_no_plain_origin_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        Origin.of(url)
