"""One walk through the page in a real browser: writing, completion, pressing, a modal, another person, no scripts from others."""

import asyncio
import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from app.workspace.config import SlashCommand, SlashVerb
from tests.workspace.stage import button, connected, modal, section, staged, text_input

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
COMMAND = SlashCommand("/inc", "Incidents", "[verb]", (SlashVerb("declare", "Opens an incident"),))
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs Debian's chromium and chromium-driver"),
]


@contextlib.contextmanager
def browsing(url: str) -> Iterator[webdriver.Chrome]:
    """A headless browser on this page."""
    options = Options()
    options.binary_location = str(CHROMIUM)
    for one in ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--window-size=1280,900"):
        options.add_argument(one)
    browser = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    try:
        browser.get(url)
        yield browser
    finally:
        browser.quit()


def prepare(app: AsyncApp) -> None:
    """An app with a command that opens a modal and a button that changes its message."""

    @app.command("/inc")
    async def declare(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(text_input("title")))

    @app.view("declare")
    async def declared(ack: AsyncAck, view: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        title = view["state"]["values"]["title"]["v"]["value"]
        await client.chat_postMessage(channel="general", text=f"Declared: {title}")

    @app.action("approve")
    async def approve(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        text = f"Approved by <@{body['user']['id']}>"
        await client.chat_update(channel=body["channel"]["id"], ts=body["message"]["ts"], text=text, blocks=[section(text)])


def seen(look: Callable[[], Any], what: str) -> Any:
    """What is found within five seconds."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with contextlib.suppress(Exception):
            if found := look():
                return found
        time.sleep(0.05)
    raise TimeoutError(what)


def walk(url: str) -> None:
    """Two people use the page, one after the other."""
    with browsing(f"{url}/?as=alice&channel=general") as page:

        def find(selector: str) -> Any:
            return seen(lambda: page.find_element(By.CSS_SELECTOR, selector), selector)

        def shows(text: str) -> None:
            seen(lambda: text in find("#messages").text, f"{text!r} in the conversation")

        composer = find("#composer")
        composer.send_keys(
            "<script>document.title='owned'</script> hello @bo", Keys.ENTER, "and <javascript:alert(1)|x>", Keys.ENTER
        )
        shows("<script>document.title='owned'</script> hello @bob and <javascript:alert(1)|x>")
        assert "owned" not in page.title
        composer.send_keys("/inc d", Keys.ENTER, Keys.ENTER)
        find("#modal dialog[open]")
        find("[data-submit-modal]").click()
        assert "Please complete" in find("#modal .error").text
        find("#modal input").send_keys("Checkout fails", Keys.ENTER)
        shows("Declared: Checkout fails")
        assert page.find_elements(By.CSS_SELECTOR, "#modal dialog") == []
        Select(find("#persona")).select_by_value("bob")
        seen(lambda: "as=bob" in page.current_url, "the other person")
        find("[data-action-id=approve]").click()
        shows("Approved by @bob")
        assert [one for one in page.get_log("browser") if one["level"] == "SEVERE"] == []


async def test_two_people_use_the_page_in_a_browser() -> None:
    async with staged(slash_commands=(COMMAND,)) as stage, connected(stage, prepare):
        blocks = [section("Restart?"), {"type": "actions", "elements": [button("Restart", "approve")]}]
        await stage.client.chat_postMessage(channel="general", text="Restart?", blocks=blocks)
        await asyncio.to_thread(walk, stage.place.url)
