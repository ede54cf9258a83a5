"""The page behind a signed link: opening it decides nothing, pressing its button decides once."""

import httpx
import pytest
from fastapi import FastAPI

from app.adapters.documents import DraftDocuments
from app.console.view import Views
from app.domain.proposal import Proposal, ProposalStatus
from app.domain.work import Task
from app.entrypoints.http import decide
from tests.guards.stage import ALICE, Stage

FORM = {"content-type": "application/x-www-form-urlencoded"}


def page(stage: Stage) -> tuple[httpx.AsyncClient, list[Task]]:
    """A browser on the page, and the tasks that what it did led to."""
    submitted: list[Task] = []
    views = Views(stage.db, stage.inventory, stage.clock, DraftDocuments(), str)
    api = FastAPI()
    api.include_router(decide.router(views, stage.inventory, stage.by_link, submitted.extend, frozenset({"sitrep.test"})))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=api), base_url="https://sitrep.test"), submitted


def linked(stage: Stage) -> tuple[Proposal, str]:
    asked = stage.ask(stage.open_incident(), size=20)
    return asked, stage.by_link.issue(asked.id, ALICE, "U0ALICE")[0].removeprefix("https://sitrep.test")


async def test_s1_opening_the_page_shows_the_exact_action_and_decides_nothing(stage: Stage) -> None:
    """A preview by a chat or a mail scanner is harmless."""
    asked, address = linked(stage)
    browser, submitted = page(stage)
    for _ in range(3):
        shown = await browser.get(address)
        assert shown.status_code == 200
    await browser.head(address)
    for words in ("Set size of checkout to 20", asked.fingerprint[:12], "U0ALICE", "Set size of checkout to 3"):
        assert words in shown.text, words
    assert stage.read(asked).status is ProposalStatus.PENDING
    assert submitted == []


async def test_s4_the_button_decides_once(stage: Stage) -> None:
    """The second press is told so."""
    asked, address = linked(stage)
    browser, submitted = page(stage)
    done = await browser.post(address, content="decision=approve", headers=FORM)
    assert done.status_code == 200
    assert "approved" in done.text
    assert [task.name for task in submitted if task.name == "act"] == ["act"]
    again = await browser.post(address, content="decision=approve", headers=FORM)
    assert again.status_code == 403
    assert "already approved" in again.text
    assert stage.run(asked).status is ProposalStatus.DONE
    assert len(stage.hands.effects) == 1


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        ("decision=approve", {"origin": "https://evil.test"}),
        ("decision=approve", {"origin": "null"}),
        ("decision=approve", {"origin": "https://sitrep.test.evil.test"}),
        ("decision=approve&decision=deny", {}),
        ("decision=APPROVE", {}),
        ('{"decision":"approve"}', {}),
        ("", {}),
        ("decision=approve" + "x" * 5_000, {}),
    ],
)
async def test_s1_a_form_from_elsewhere_or_of_another_shape_decides_nothing(
    stage: Stage, content: str, headers: dict[str, str]
) -> None:
    """Never a server error, and always words."""
    asked, address = linked(stage)
    browser, submitted = page(stage)
    answer = await browser.post(address, content=content, headers={**FORM, **headers})
    assert 400 <= answer.status_code < 500
    assert "Open the link itself" in answer.text
    assert stage.read(asked).status is ProposalStatus.PENDING
    assert submitted == []


@pytest.mark.parametrize("name", ["forged", "expired"])
async def test_s4_a_link_that_is_no_good_shows_why(stage: Stage, name: str) -> None:
    """On opening and on pressing."""
    asked, address = linked(stage)
    if name == "forged":
        address = address[:-1] + ("A" if address[-1] != "A" else "B")
    else:
        stage.time.advance(15 * 60)
    browser, _ = page(stage)
    for answer in (await browser.get(address), await browser.post(address, content="decision=approve", headers=FORM)):
        assert answer.status_code == 403
        assert "Ask for a new one." in answer.text
    assert stage.read(asked).status is ProposalStatus.PENDING


async def test_the_page_is_closed_to_other_host_names(stage: Stage) -> None:
    """A rebound name does not reach it."""
    asked, address = linked(stage)
    browser, _ = page(stage)
    answer = await browser.post(
        address, content="decision=approve", headers={**FORM, "host": "evil.test", "origin": "https://evil.test"}
    )
    assert 400 <= answer.status_code < 500
    assert stage.read(asked).status is ProposalStatus.PENDING
