"""A wrong address answers programs with `error` and `hint`, and people with a page that leads back."""

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from app.adapters.signals.catalogue import Secrets, build_sources
from app.domain.mapping import Webhooks
from app.entrypoints.http import lost, webhooks
from app.entrypoints.http.pages import lost_page
from tests.entrypoints.console.stage import NOW
from tests.entrypoints.http.house import no_network
from tests.fakes.clock import FakeClock


async def _asked(method: str, path: str, accept: str = "*/*") -> httpx.Response:
    api = FastAPI(openapi_url=None)
    sources = build_sources(Webhooks(), (), Secrets(), no_network)
    alertmanager = {"alertmanager": sources["alertmanager"]}
    api.include_router(webhooks.router(lambda source, key, payload: True, alertmanager, "", lambda: NOW, CollectorRegistry()))
    lost.add_to(api, lost_page(FakeClock(NOW)), frozenset({"alertmanager"}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=api), base_url="http://127.0.0.1") as client:
        return await client.request(method, path, headers={"accept": accept})


@pytest.mark.parametrize("accept", ["*/*", "text/html"])
async def test_an_unknown_webhook_is_answered_in_json_with_the_ones_there_are(accept: str) -> None:
    """Whatever the sender says it accepts."""
    answer = await _asked("POST", "/webhooks/unknown", accept)
    assert answer.status_code == 404
    assert answer.json() == {"error": "No webhook is called 'unknown'.", "hint": "Send to one of: alertmanager."}


async def test_a_webhook_asked_with_the_wrong_method_says_so() -> None:
    """Somebody opened it in a browser."""
    answer = await _asked("GET", "/webhooks/alertmanager", "text/html")
    assert answer.status_code == 405
    assert set(answer.json()) == {"error", "hint"}
    assert answer.headers["allow"] == "POST"


async def test_an_unknown_page_is_the_designed_one_and_keeps_to_itself() -> None:
    """With the same headers as every page."""
    answer = await _asked("GET", "/incident/3", "text/html,application/xhtml+xml")
    assert answer.status_code == 404
    assert "There is no such page." in answer.text
    assert 'href="/console/console.css"' in answer.text
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_an_unknown_address_asked_by_a_program_is_json() -> None:
    """A curl, or a POST to a page."""
    for method in ("GET", "POST", "DELETE"):
        answer = await _asked(method, "/nothing/here")
        assert answer.status_code == 404
        assert answer.json()["error"] == "There is nothing at this address."
