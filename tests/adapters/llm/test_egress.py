"""The one door: nothing goes anywhere but to the model."""

import asyncio
from contextlib import closing

import httpx2
import pytest

from app.adapters.llm.egress import EgressRefused, open_client, shut_async_client
from tests.adapters.llm.stub import Reply, running


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "{base}/models"),
        ("POST", "{origin}/admin"),
        ("POST", "{origin}/v1evil/chat"),
        ("POST", "http://127.0.0.1:9/v1/chat/completions"),
        ("POST", "https://127.0.0.1/v1/chat/completions"),
        ("POST", "http://localhost/v1/chat/completions"),
    ],
)
def test_any_other_request_is_stopped_before_it_leaves(method: str, url: str) -> None:
    with running(lambda _: Reply(200, "{}")) as stub, closing(open_client(stub.url, 5)) as client:
        with pytest.raises(EgressRefused, match="another address"):
            client.request(method, url.format(base=stub.url, origin=stub.url.removesuffix("/v1")), json={})
        assert stub.paths == []


def test_a_redirect_is_not_followed() -> None:
    with running(lambda _: Reply(307, "", (("location", "/v1/other"),))) as stub, closing(open_client(stub.url, 5)) as client:
        with pytest.raises(EgressRefused, match="redirect"):
            client.post(f"{stub.url}/chat/completions", json={}, follow_redirects=True)
        assert stub.paths == ["/v1/chat/completions"]


def test_there_is_no_asynchronous_way_out() -> None:
    async def knock() -> None:
        async with shut_async_client() as client:
            await client.post("http://127.0.0.1:9/v1/chat/completions")

    with pytest.raises(EgressRefused):
        asyncio.run(knock())


def test_the_client_is_of_the_kind_the_openai_library_runs_on() -> None:
    with closing(open_client("http://127.0.0.1:9/v1", 5)) as client:
        assert type(client) is httpx2.Client
        assert not client.follow_redirects
        assert not client.trust_env
