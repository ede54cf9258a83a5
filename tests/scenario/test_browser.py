"""The same drill by hand: a real browser clicks through the workspace page."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from app.drills.shop.launcher import free_port

Found = TypeVar("Found")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--window-size=1280,900",
)  # fmt: skip


@pytest.fixture
def page_url(tmp_path: Path) -> Iterator[str]:
    """`sitrep run` with the local workspace and the shop."""
    port = free_port()
    settings = {
        "PATH": os.environ["PATH"],
        "SITREP_DATA_DIR": str(tmp_path / "data"),
        "SITREP_HTTP_PORT": str(free_port()),
        "SITREP_WORKSPACE_PORT": str(port),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "run"], env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(lambda: _is_connected(url), 60, "Sitrep in the workspace")
        time.sleep(12)  # the metrics need a little normal time before the fault
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.timeout(240)
def test_a_newcomer_starts_a_drill_approves_the_fix_and_sees_it_recover(page_url: str, tmp_path: Path) -> None:
    """Every step is a click or a keystroke on the page."""
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("chromium and chromium-driver are not installed")
    from selenium import webdriver
    from selenium.webdriver.common.by import By

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=str(shutil.which("chromedriver"))))
    try:
        driver.get(page_url)
        starts = [button for button in driver.find_elements(By.TAG_NAME, "button") if button.text.strip() == "Start"]
        starts[0].click()
        name = _wait(lambda: _incident(driver.page_source), 60, "the incident's channel in the list")
        driver.get(f"{page_url}/?as=bob&channel={name}")
        button = _wait(
            lambda: next(iter(driver.find_elements(By.CSS_SELECTOR, '[data-action-id="approve"]')), None),
            30,
            "the approve button",
        )
        assert "Approve" in button.text
        driver.execute_script("arguments[0].click()", button)
        _wait(lambda: "Recovered" in driver.find_element(By.TAG_NAME, "body").text, 90, "the probe's verdict on the page")
        assert not driver.find_elements(By.CSS_SELECTOR, '[data-action-id="approve"]')
        severe = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
        assert not severe, severe
    finally:
        driver.quit()


def _incident(source: str) -> str | None:
    found = re.search(r'data-channel-name="(inc-[a-z0-9-]+)"', source)
    return found.group(1) if found else None


def _is_connected(url: str) -> bool:
    try:
        return bool(httpx.get(f"{url}/_local/state", trust_env=False).json()["connected"])
    except (httpx.HTTPError, ValueError):
        return False


def _wait(look: Callable[[], Found | None], seconds: float, what: str) -> Found:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError(f"{what} did not come within {seconds:g} s")
