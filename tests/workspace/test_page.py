"""The page shows what people wrote, never runs it, and obeys only itself."""

import json

import httpx
import pytest

from app.workspace.config import SlashCommand, SlashVerb
from app.workspace.mrkdwn import Renderer
from app.workspace.terminal import Terminal
from tests.workspace.stage import Stage, button, modal, section, staged, text_input

HOSTILE = '<script>alert(1)</script> <javascript:alert(1)|press me> <https://example.com/?a=1&amp;b=2|fine> "><img src=x onerror=alert(1)>'


async def fetched(stage: Stage, query: str = "") -> httpx.Response:
    """The page, as a browser gets it."""
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(f"{stage.place.url}/{query}")


async def test_nothing_anybody_writes_becomes_active(stage: Stage) -> None:
    await stage.do(stage.control.post, "alice", "general", HOSTILE)
    blocks = [
        section(HOSTILE),
        {"type": "markdown", "text": HOSTILE + " [x](javascript:alert(1)) ![i](https://evil.example/i.png)"},
        {"type": "header", "text": {"type": "plain_text", "text": HOSTILE[:150]}},
        {"type": "image", "image_url": "https://evil.example/i.png", "alt_text": HOSTILE},
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [{"type": "link", "url": "javascript:alert(1)", "text": "x"}, {"type": "text", "text": HOSTILE}],
                }
            ],
        },
        {"type": "actions", "elements": [button('"><b>', "go", '"><script>')]},
        {"type": "plan", "title": HOSTILE},
    ]
    await stage.client.chat_postMessage(channel="general", text=HOSTILE, blocks=blocks)
    await stage.client.conversations_setTopic(channel="C0GENERAL1", topic=HOSTILE)
    page = await fetched(stage)
    assert page.status_code == 200
    assert page.text.count("<script") == 1
    assert '<script type="module" src="/static/page.js">' in page.text
    assert "<img" not in page.text
    assert 'href="javascript' not in page.text.lower()
    assert 'href="https://example.com/?a=1&amp;b=2"' in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]


async def test_formatting_references_and_dates_are_drawn(stage: Stage) -> None:
    draw = Renderer(stage.place.workspace.core.state, "U0BOB0001").mrkdwn
    assert draw("*bold* _it_ ~gone~ `a*b*`") == "<strong>bold</strong> <em>it</em> <s>gone</s> <code>a*b*</code>"
    assert draw("snake_case_name 2*3*4") == "snake_case_name 2*3*4"
    assert "mention me" in draw("<@U0BOB0001>")
    assert "#alerts" in draw("<#C0ALERTS01>")
    assert draw(":fire: :nothing:") == "🔥 :nothing:"
    assert draw("a\n```\nx *y* <z>\n```\n&gt; quoted\nb") == "a<pre>x *y* &lt;z&gt;</pre><blockquote>quoted</blockquote>b"
    assert draw("<!date^0^{date_short} {time}|then>") == '<time datetime="1970-01-01T00:00:00+00:00">Jan 1, 1970 00:00 UTC</time>'
    assert draw("*<https://example.com|link>*").startswith("<strong><a href=")


async def test_the_page_can_be_addressed_by_tests_and_by_people(stage: Stage) -> None:
    blocks = [{"type": "actions", "elements": [button("Restart checkout", "approve", "p-1")]}]
    posted = await stage.client.chat_postMessage(channel="incidents", text="card", blocks=blocks)
    page = (await fetched(stage, "?channel=incidents&as=bob&theme=dark")).text
    for wanted in (
        f'data-ts="{posted["ts"]}"',
        'data-action-id="approve"',
        'data-value="p-1"',
        'id="composer"',
        'id="persona"',
        'data-channel-name="incidents"',
        'data-theme="dark"',
        '<option value="bob" selected>',
    ):
        assert wanted in page


async def test_ephemeral_messages_unread_marks_and_private_channels_are_personal(stage: Stage) -> None:
    await stage.client.chat_postEphemeral(channel="C0GENERAL1", user="U0ALICE01", text="for alice")
    await stage.client.chat_postMessage(channel="alerts", text="look, <@U0ALICE01>")
    await stage.client.conversations_create(name="secret-room", is_private=True)
    alice, bob = (await fetched(stage, "?as=alice&channel=general")).text, (await fetched(stage, "?as=bob&channel=general")).text
    assert "for alice" in alice
    assert "only visible to you" in alice
    assert 'class="badge"' in alice
    assert "for alice" not in bob
    assert 'class="badge"' not in bob
    assert "secret-room" not in alice + bob


async def test_a_modal_is_drawn_with_its_labels_and_errors(stage: Stage) -> None:
    trigger = stage.place.workspace.core.tickets.issue_trigger("U0ALICE01")
    await stage.client.views_open(trigger_id=trigger, view=modal(text_input("title")))
    await stage.do(stage.control.submit_view, "alice", {})
    page = (await fetched(stage, "?as=alice")).text
    assert "What is broken" in page
    assert "Please complete this required field." in page
    assert "<dialog" not in (await fetched(stage, "?as=bob")).text


async def test_completion_knows_the_commands() -> None:
    command = SlashCommand("/inc", "Incidents", "[verb]", (SlashVerb("declare", "Opens an incident"),))
    async with staged(slash_commands=(command,)) as stage:
        parts = (await fetched(stage, "_page/regions?as=alice")).json()
        assert parts["facts"]["commands"][0]["verbs"] == [{"name": "declare", "description": "Opens an incident"}]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
async def test_another_web_page_cannot_drive_the_workspace(stage: Stage, headers: dict[str, str], status: int) -> None:
    body = json.dumps({"user": "alice", "channel": "general", "text": "hello"})
    async with httpx.AsyncClient(trust_env=False) as client:
        sent = {"Content-Type": "application/json", **headers}
        answer = await client.post(f"{stage.place.url}/_local/post", content=body, headers=sent)
        looked = await client.get(f"{stage.place.url}/", headers={"Host": "evil.example"})
    assert answer.status_code == status
    assert looked.status_code == 403
    assert stage.texts() == (["hello"] if status == 200 else [])


async def test_a_drill_is_started_by_its_name() -> None:
    started: list[str] = []

    async def on_drill(name: str) -> str:
        started.append(name)
        return "broken for real"

    async with staged(drills=(("checkout-pool", "Shrinks the pool"),), on_drill=on_drill) as stage:
        assert 'data-drill="checkout-pool"' in (await fetched(stage)).text
        assert await stage.do(stage.control.drill, "checkout-pool") == "broken for real"
        assert started == ["checkout-pool"]


async def test_the_event_stream_says_what_changed(stage: Stage) -> None:
    async with httpx.AsyncClient(trust_env=False) as client, client.stream("GET", f"{stage.place.url}/_page/events") as stream:
        lines = stream.aiter_lines()
        while (await anext(lines)) != 'data: {"kind": "everything"}':
            pass
        posted = await stage.do(stage.control.post, "alice", "general", "news")
        while not (line := await anext(lines)).startswith("data:"):
            pass
        assert json.loads(line.removeprefix("data: "))["ts"] == posted["ts"]


async def test_the_terminal_reads_writes_and_presses(stage: Stage) -> None:
    shown: list[str] = []
    terminal = Terminal(stage.control, "alice", "general", shown.append)
    blocks = [section("Restart *checkout*?"), {"type": "actions", "elements": [button("Restart", "approve", "p-1")]}]
    await stage.client.chat_postMessage(channel="general", text="x", blocks=blocks)
    await stage.do(terminal.refresh)
    assert "Restart *checkout*?" in shown[0]
    assert "[1] Restart" in shown[0]
    assert await stage.do(terminal.take, "on it")
    assert stage.texts()[-1] == "on it"
    await stage.do(terminal.take, ":as bob")
    await stage.do(terminal.take, ":click 1")
    delivered = stage.place.workspace.core.journal.records(kind="delivery")
    presses = [one["payload"] for one in delivered if one["type"] == "interactive"]
    assert [(one["user"]["id"], one["actions"][0]["value"]) for one in presses] == [("U0BOB0001", "p-1")]
    await stage.do(terminal.take, ":click 9")
    assert "no button '9'" in shown[-1]
    assert not await stage.do(terminal.take, ":quit")
