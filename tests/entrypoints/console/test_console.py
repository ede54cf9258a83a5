"""The console as a browser meets it: pages in words, safe with hostile text, closed to other sites."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import create_engine, text

from app.adapters.documents import DraftDocuments
from app.adapters.store.sql import SqlStore
from app.adapters.store.upgrade import upgrade
from app.domain.errors import Unavailable
from app.domain.incident import Incident, Status
from app.domain.severity import Severity
from app.domain.timeline import EntryKind
from app.entrypoints.http import console
from app.ports.store import Store
from tests.adapters.documents.story import PEOPLE
from tests.entrypoints.console.stage import INVENTORY, NOW, stage
from tests.fakes.clock import FakeClock

PAGES = ["/", "/incidents/1", "/incidents/2", "/incidents/4", "/incidents/1/postmortem", "/incidents/99", "/console/console.css"]


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('empty')}/sitrep.db"
    upgrade(url)
    return url


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('staged')}/sitrep.db"
    upgrade(url)
    store = SqlStore(url)
    stage(store)
    store.close()
    return url


@pytest.fixture
def store(database: str) -> Iterator[SqlStore]:
    opened = SqlStore(database)
    yield opened
    opened.close()


def browser(store: Store, host: str = "127.0.0.1:8080", hosts: frozenset[str] = frozenset()) -> httpx.AsyncClient:
    """A client that sees the console under a host name."""
    api = FastAPI()
    clock = FakeClock(NOW)
    routes = console.router(store, INVENTORY, clock, DraftDocuments(), hosts=hosts, name_of=lambda user: PEOPLE.get(user, user))
    api.include_router(routes)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=api), base_url=f"http://{host}")


async def get(store: Store, path: str) -> httpx.Response:
    async with browser(store) as client:
        return await client.get(path)


def words(html: str) -> str:
    """What a person reads, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.split("<main", 1)[1]))


async def test_the_front_page_shows_open_incidents_first_and_what_to_do_next(store: SqlStore) -> None:
    shown = words((await get(store, "/")).text)
    assert "2 open incidents" in shown
    assert shown.index("Search is slow for everyone") < shown.index("Recent") < shown.index("Checkout errors")
    assert "SEV1 identified INC-2 Search is slow for everyone" in shown
    assert "Next Approve or deny “Restart search” in the channel." in shown
    assert "02:58:00 UTC (14 min) Lead Alice Moreau" in shown
    assert "Next Take the lead: /inc lead @you" in shown


async def test_an_empty_console_says_how_to_start(empty_database: str) -> None:
    fresh = SqlStore(empty_database)
    shown = words((await get(fresh, "/")).text)
    fresh.close()
    for step in ("Nothing is open", "/inc declare", "sitrep drill", "/webhooks/alertmanager"):
        assert step in shown


async def test_a_search_keeps_what_matches_and_says_when_nothing_does(store: SqlStore) -> None:
    found = words((await get(store, "/?q=CHECKOUT")).text)
    assert "Checkout errors" in found
    assert "Search is slow" not in found
    assert "No incident has “zebra”" in words((await get(store, "/?q=zebra")).text)


async def test_private_incidents_are_neither_listed_nor_found(store: SqlStore) -> None:
    assert "Secret" not in (await get(store, "/")).text
    assert "Secret" not in (await get(store, "/?q=secret")).text
    for path in ("", "/postmortem", "/postmortem.md", "/plot.png"):
        answer = await get(store, f"/incidents/3{path}")
        assert answer.status_code == 404
        assert "There is no INC-3." in words(answer.text)


async def test_a_private_incident_answers_exactly_like_one_that_does_not_exist(store: SqlStore) -> None:
    private, missing = await get(store, "/incidents/3"), await get(store, "/incidents/9")
    assert private.text.replace("INC-3", "INC-9") == missing.text
    assert private.status_code == missing.status_code


async def test_an_incident_begins_with_the_verdict_and_its_evidence(store: SqlStore) -> None:
    page = (await get(store, "/incidents/2")).text
    shown = words(page)
    assert shown.index("search got slow two minutes after") < shown.index("Findings") < shown.index("Timeline")
    assert "likely , cause in search , said by rules and statistics" in shown
    assert '<a class="ref" href="#E1">E1</a>' in page
    assert '<li id="E1">' in page
    assert "E9 missing" in shown
    assert "not seen Logs of search: no source is configured" in shown
    assert "The model does not answer; rules and statistics speak." in shown


async def test_a_proposal_is_shown_with_its_exact_action_and_fingerprint(store: SqlStore) -> None:
    with store.begin() as tx:
        proposal = tx.proposals.get("prop_wait")
    page = (await get(store, "/incidents/2")).text
    assert proposal.fingerprint in page
    assert "&#34;grace_s&#34;: 30" in page
    assert "error_ratio at or below 0.05 within 300 s, held for 15 s" in page
    assert "<form" not in page


async def test_what_was_tried_is_shown_with_who_decided_and_the_verdict(store: SqlStore) -> None:
    shown = words((await get(store, "/incidents/1")).text)
    assert "Restart checkout no change" in shown
    assert "Bob Okafor approved it" in shown
    assert "the target answered db_pool_size = 40" in shown
    assert "intact 18 sealed entries" in shown
    assert shown.index("T18") < shown.index("T1 Opened")
    assert "Refuse a db_pool_size below 10" in shown


async def test_a_changed_timeline_is_reported_on_the_page(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/sitrep.db"
    upgrade(url)
    store = SqlStore(url)
    stage(store)
    engine = create_engine(url)
    with engine.begin() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
        table = next(name for name in tables if name in {"timeline", "entries", "timeline_entries"})
        for trigger in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all():
            connection.execute(text(f'DROP TRIGGER "{trigger}"'))
        connection.execute(text(f"UPDATE {table} SET text = 'quiet' WHERE incident = 2 AND seq = 3"))  # noqa: S608 - a name from the schema
    engine.dispose()
    shown = words((await get(store, "/incidents/2")).text)
    store.close()
    assert "The timeline does not add up Timeline entry 3 of INC-2 was changed after it was written." in shown


async def test_the_postmortem_is_served_as_page_text_and_picture(store: SqlStore) -> None:
    page = await get(store, "/incidents/1/postmortem")
    assert "What was tried" in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    markdown = await get(store, "/incidents/1/postmortem.md")
    assert markdown.headers["content-type"].startswith("text/markdown")
    assert markdown.text.startswith("# INC-1: Checkout errors")
    picture = await get(store, "/incidents/1/plot.png")
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")


async def test_before_the_first_draft_there_is_a_preview_of_the_record(store: SqlStore) -> None:
    page = await get(store, "/incidents/2/postmortem")
    assert page.status_code == 200
    assert "INC-2: Search is slow for everyone" in page.text
    missing = await get(store, "/incidents/2/plot.png")
    assert missing.status_code == 404
    assert "INC-2 has no plot." in words(missing.text)


async def test_hostile_text_stays_text(store: SqlStore) -> None:
    for path in ("/", "/incidents/4", "/incidents/4/postmortem", "/?q=<img src=x>"):
        page = (await get(store, path)).text
        assert "<img src=x" not in page
        assert "\u202e" not in page
    assert "\\u202egnp.exe" in (await get(store, "/")).text


@pytest.mark.parametrize(
    "path", ["/incidents/99", "/incidents/abc", "/incidents/0", "/incidents/99999999999999", "/incidents/-1"]
)
async def test_what_does_not_exist_is_said_in_words(store: SqlStore, path: str) -> None:
    answer = await get(store, path)
    assert answer.status_code == 404
    assert "All incidents" in words(answer.text)


@pytest.mark.parametrize("path", PAGES)
async def test_every_answer_is_closed_to_other_sites(store: SqlStore, path: str) -> None:
    headers = (await get(store, path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy


@pytest.mark.parametrize("path", ["/", "/incidents/1", "/incidents/2", "/incidents/99"])
async def test_pages_hold_no_inline_script_or_style(store: SqlStore, path: str) -> None:
    page = (await get(store, path)).text
    assert re.findall(r"<script[^>]*>", page) == ['<script src="/console/console.js" defer>']
    assert "<style" not in page
    assert not re.search(r"\son\w+=|\sstyle=", page.replace(" onerror=alert(1)&gt;", ""))


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8080", "10.0.0.8"])
async def test_another_host_name_is_refused(store: SqlStore, host: str) -> None:
    async with browser(store, host) as client:
        answer = await client.get("/")
    assert answer.status_code == 421
    assert "does not answer to this host name" in answer.text
    assert "Search is slow" not in answer.text


@pytest.mark.parametrize("host", ["localhost:8080", "LOCALHOST", "[::1]:8080", "sitrep.internal"])
async def test_this_machine_and_the_configured_host_are_answered(store: SqlStore, host: str) -> None:
    async with browser(store, host, frozenset({"sitrep.internal"})) as client:
        assert (await client.get("/")).status_code == 200


async def test_static_files_are_only_the_two_that_exist(store: SqlStore) -> None:
    assert (await get(store, "/console/console.js")).headers["content-type"].startswith("text/javascript")
    for name in ("..%2fview.py", "view.py", "nothing.css"):
        assert (await get(store, f"/console/{name}")).status_code == 404


async def test_a_database_that_is_down_gives_a_page_that_says_so(tmp_path: Path) -> None:
    class Down(SqlStore):
        """A store whose database went away."""

        def begin(self):  # type: ignore[no-untyped-def]
            raise Unavailable("The database does not answer.", "Start it and reload.")

    broken = Down(f"sqlite:///{tmp_path}/none.db")
    answer = await get(broken, "/")
    broken.close()
    assert answer.status_code == 503
    assert "The database does not answer. Start it and reload." in words(answer.text)


async def test_a_long_timeline_folds_its_older_entries(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/sitrep.db"
    upgrade(url)
    store = SqlStore(url)
    with store.begin() as tx:
        number = tx.incidents.add(Incident("Busy", Severity.SEV3, NOW, NOW, status=Status.MONITORING, lead="U1ALICE")).number
        for step in range(130):
            tx.timeline.append(number, EntryKind.NOTE, f"note {step}", "U1ALICE", NOW)
    shown = words((await get(store, f"/incidents/{number}")).text)
    store.close()
    assert "30 older entries" in shown
    assert "Next Watch that it holds, then resolve it: /inc resolve" in shown
