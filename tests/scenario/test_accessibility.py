"""The pages people read under stress pass axe, by day and by night, wide and narrow."""

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from app.adapters.clock.system import SystemClock
from app.adapters.documents import DraftDocuments
from app.adapters.slack.room import SlackRoom
from app.adapters.slack.wire import room_client
from app.adapters.store.sql import SqlStore
from app.adapters.store.upgrade import upgrade
from app.drills.shop.launcher import free_port
from app.entrypoints.http import console
from tests.adapters.slack.examples import EXAMPLES
from tests.entrypoints.console.stage import INVENTORY, NOW, stage
from tests.fakes.clock import FakeClock
from tests.scenario.stack import workspace

CHROMIUM, DRIVER, AXE = shutil.which("chromium"), shutil.which("chromedriver"), os.environ.get("AXE_CORE", "")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs Debian's chromium and chromium-driver"),
    pytest.mark.skipif(not AXE, reason="AXE_CORE names no axe.min.js; `npm install axe-core` brings one"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    """One headless browser."""
    options = Options()
    options.binary_location = str(CHROMIUM)
    for one in ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"):
        options.add_argument(one)
    opened = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield opened
    opened.quit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Every page by name, with something of every kind on it."""
    with workspace() as place, _console(tmp_path_factory.mktemp("console")) as served:
        room = SlackRoom(room_client("xoxb-local", f"{place}/api/"), SystemClock(), longest_wait_s=30.0)
        channel = room.open("inc-2-search", "SEV1", ("U0ALICE01",), "op-open")
        for name, message in EXAMPLES.items():
            room.post(channel, message, f"op-{name}")
        yield {
            "workspace": f"{place}/?as=alice&channel={channel}",
            "list": f"{served}/",
            "no match": f"{served}/?q=nothing-like-it",
            "incident": f"{served}/incidents/2",
            "incident that is over": f"{served}/incidents/1",
            "not found": f"{served}/incidents/99",
            "postmortem": f"{served}/incidents/1/postmortem",
        }


@contextmanager
def _console(folder: Path) -> Iterator[str]:
    """The console over a staged store, on a port of this machine."""
    url, port, api = f"sqlite:///{folder / 'sitrep.db'}", free_port(), FastAPI()
    upgrade(url)
    store = SqlStore(url)
    stage(store)
    api.include_router(console.router(store, INVENTORY, FakeClock(NOW), DraftDocuments()))
    server = uvicorn.Server(uvicorn.Config(api, port=port, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
        store.close()


def _complaints(browser: webdriver.Chrome) -> list[str]:
    """What axe has against the page: rule, element, and why."""
    browser.execute_script(Path(AXE).read_text("utf-8"))
    run = f"axe.run(document, {{runOnly: {json.dumps(RULES)}}}).then(arguments[0], e => arguments[0]({{error: String(e)}}))"
    found: dict[str, Any] = browser.execute_async_script(run)
    assert "error" not in found, found
    assert len(found["passes"]) > 5
    return [
        f"{rule['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"][:3]
    ]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "page", ["workspace", "list", "no match", "incident", "incident that is over", "not found", "postmortem"]
)
def test_axe_finds_nothing_to_complain_about(
    browser: webdriver.Chrome, pages: dict[str, str], page: str, scheme: str, width: int
) -> None:
    """Contrast, labels, landmarks, names and order."""
    height = 900 if width > 400 else 844
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.get(pages[page])
    time.sleep(0.3)
    if folder := os.environ.get("AXE_PICTURES"):
        browser.save_screenshot(str(Path(folder) / f"{page}-{scheme}-{width}.png"))
    assert _complaints(browser) == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
