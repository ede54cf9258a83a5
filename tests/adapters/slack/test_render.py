"""What Slack gets for every message: compared whole for the important ones, and hostile text for all of them."""

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.adapters.slack.blocks import MAX_BLOCKS, MAX_CHARACTERS
from app.adapters.slack.render import Rendered, render
from app.adapters.slack.wording import escaped, plain, user, web_address, written
from app.domain.action import Risk
from app.domain.approval import Approval, Decision
from app.domain.canonical import Json
from app.domain.errors import Refused
from app.domain.evidence import Assessment, Evidence, EvidenceKind, Finding, Tier
from app.domain.incident import Status
from app.domain.messages import Answer, ApprovalCard, CommandHelp, IncidentCard, Message, Note, Passage, PostmortemNotice
from app.domain.proposal import ProposalStatus, Verdict
from app.domain.severity import Severity
from tests.adapters.slack.examples import CARD, EXAMPLES, INCIDENT, NOW, PENDING, REQUEST, RUN, SPEC, approval

GOLDEN = Path(__file__).parent / "golden"
ACTIVE = re.compile(r"<[^>]*>?")
CODE_WRITTEN = re.compile(
    r"<@(U0ALICE|U0BOB|U0CAROL)>"
    r"|<!date\^\d+\^\{time\} your time\|\d\d:\d\d UTC>"
    r"|<http://(127\.0\.0\.1:8080|prometheus\.example:9090)/[^|<>]*\|[^<>]*>"
)
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
NASTY = (
    "<!channel>",
    "<@U0EVIL01>",
    "<https://evil.example|click>",
    "```\nend",
    "*bold* _it_ ~no~ `code`",
    "\u202egnp.exe",
    "a\u200bb\u2066c",
    "\U000e0041\ufe0f\u3164\u2800\u034f\u00a0\U000e0100",
    "\ud800",
    "\x00\x1b[31m",
    "&lt;!here&gt; & <",
    ":rotating_light:",
    "@here #general",
    "\r\nApproved by everyone",
)
hostile = st.builds(
    lambda parts, times: "".join(parts) * times,
    st.lists(st.one_of(st.sampled_from(NASTY), st.text(max_size=40)), max_size=6),
    st.sampled_from([1, 1, 1, 40, 400]),
)
patient = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def texts(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "text" and isinstance(item, str):
                yield item
            else:
                yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def check_limits(rendered: Rendered) -> None:
    assert 1 <= len(rendered.blocks) <= MAX_BLOCKS
    assert rendered.size <= MAX_CHARACTERS
    assert 0 < len(rendered.text) < 4000
    json.dumps(rendered.blocks, ensure_ascii=False).encode()
    for block in rendered.blocks:
        check_block(block)


def check_block(block: dict[str, Json]) -> None:
    kind = block["type"]
    longest = {"header": 150, "section": 3000, "context": 3000, "actions": 75}[str(kind)]
    found = list(texts(block))
    assert found
    assert all(0 < len(text) <= longest for text in found), kind
    if isinstance(block.get("fields"), list):
        assert all(len(text) <= 2000 for text in found)
    elements = block.get("elements")
    if kind == "actions":
        assert isinstance(elements, list)
        for button in elements:
            assert isinstance(button, dict)
            assert len(str(button["value"])) <= 2000
            assert re.fullmatch(r"[a-z_]{1,30}", str(button["action_id"]))


def check_inert(rendered: Rendered) -> None:
    for text in (rendered.text, *(text for block in rendered.blocks for text in texts(block))):
        assert not [char for char in text if unicodedata.category(char) in HIDDEN and char not in "\n\t"], (
            "something is invisible"
        )
        assert not set(text) & set("\u034f\u115f\u2800\u3164\ufe0f\U000e0100\u00a0"), "something draws nothing"
        for markup in ACTIVE.findall(text):
            assert CODE_WRITTEN.fullmatch(markup), f"{markup!r} is active"


def shown(message: Message) -> str:
    return "\n".join(text for block in render(message, NOW).blocks for text in texts(block))


@pytest.mark.parametrize("name", ["card", "approval_pending", "approval_worse", "note"])
def test_the_message_is_drawn_exactly_as_it_was_reviewed(name: str) -> None:
    rendered = render(EXAMPLES[name], NOW)
    expected = json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
    assert {"text": rendered.text, "blocks": rendered.blocks} == expected


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_keeps_slacks_limits_and_holds_no_foreign_markup(name: str) -> None:
    rendered = render(EXAMPLES[name], NOW)
    check_limits(rendered)
    check_inert(rendered)


@patient
@given(hostile, hostile, st.integers(0, 30), st.sampled_from(Severity), st.sampled_from(Status))
def test_a_card_of_hostile_text_stays_inert_and_small(one: str, two: str, many: int, severity: Severity, status: Status) -> None:
    finding = Finding(one, (two, "E1"))
    evidence = tuple(
        Evidence(EvidenceKind.LOG, str(n), one, two, NOW, id=f"E{n}", link=f"https://evil.example/{one}") for n in range(many)
    )
    assessment = Assessment(
        12, Tier.MODEL, finding, (finding,) * many, (), NOW, one, (finding,) * many, (two,) * many, 3, one, two
    )
    incident = replace(INCIDENT, title=one, service=two, severity=severity, status=status, lead=one, roles={two: one})
    proposals = (replace(PENDING, title=one),) * many
    rendered = render(IncidentCard(incident, 3, 1, assessment, evidence, proposals, "http://127.0.0.1:8080/" + "i" * 200), NOW)
    check_limits(rendered)
    check_inert(rendered)


@patient
@given(hostile, hostile, st.sampled_from(ProposalStatus), st.sampled_from([None, *Verdict]))
def test_an_approval_card_of_hostile_text_stays_inert_and_small(
    one: str, two: str, status: ProposalStatus, verdict: Verdict | None
) -> None:
    # What has no canonical JSON (a lone surrogate) has no fingerprint, so no such request ever gets as far as a card.
    note, target = (text[:60].encode("utf-8", "replace").decode() for text in (one, two))
    request = replace(REQUEST, parameters={"note": note}, target=target)
    proposal = replace(
        PENDING, request=request, title=one, why=(Finding(two, (one,)),) * 9, status=status, verdict=verdict, reason=one
    )
    card = ApprovalCard(
        proposal,
        replace(SPEC, description=two),
        (Approval("prop_01jb", "f", one, Decision.APPROVE, NOW, two),) * 9,
        replace(RUN, output=one, verdict=verdict, observed=float("inf")),
        None,
        undo_text=two,
    )
    rendered = render(card, NOW)
    check_limits(rendered)
    check_inert(rendered)


@patient
@given(hostile, hostile, st.integers(0, 40))
def test_answers_notices_and_help_of_hostile_text_stay_inert_and_small(one: str, two: str, many: int) -> None:
    passage = Passage(one, two, one, two, 0.5, one, f"https://evil.example/{two}")
    for message in (
        Answer(one, (two,) * many, (passage,) * many, one, is_confident=False),
        PostmortemNotice(replace(INCIDENT, title=one), (two,) * many, "http://127.0.0.1:8080/p/12", NOW),
        CommandHelp(one, ((one, two),) * many),
        Note("Somebody wrote:", quoted=one, citations=(two,) * many, is_alarming=True),
    ):
        rendered = render(message, NOW)
        check_limits(rendered)
        check_inert(rendered)


@patient
@given(hostile)
def test_a_note_lets_only_single_user_mentions_through(text: str) -> None:
    rendered = render(Note(text), NOW)
    check_limits(rendered)
    for markup in ACTIVE.findall(rendered.text):
        assert re.fullmatch(r"<@[UW][A-Z0-9]{2,20}>", markup)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_local_workspace_accepts_every_example(name: str) -> None:
    limits = pytest.importorskip("app.workspace.limits", reason="the local workspace is not there yet")
    rendered = render(EXAMPLES[name], NOW)
    limits.check_message(rendered.text, rendered.blocks, [])


def test_the_approval_card_shows_every_parameter_and_the_precondition_whole() -> None:
    text = shown(EXAMPLES["approval_pending"])
    blocks = "".join(re.findall(r"```\n(.*?)\n```", text, re.DOTALL))
    assert json.loads(blocks) == REQUEST.canonical
    assert REQUEST.fingerprint in text
    assert REQUEST.fingerprint[:12] in text


def test_a_request_that_does_not_fit_is_refused_instead_of_cut() -> None:
    request = replace(REQUEST, parameters={f"p{n}": "x" * 150 for n in range(40)})
    with pytest.raises(Refused, match="too large"):
        render(replace(approval(), proposal=replace(PENDING, request=request)), NOW)


def test_a_value_cannot_end_its_code_block_or_hide_in_it() -> None:
    request = replace(REQUEST, parameters={"value": "```\n*Approved* \u202e<!here>\u200b"})
    text = shown(replace(approval(), proposal=replace(PENDING, request=request)))
    assert text.count("```") == 2
    assert "\\u202e" in text
    assert "\\u200b" in text
    assert "<!here>" not in text


def buttons(message: Message) -> dict[str, tuple[str, str]]:
    rows = [block["elements"] for block in render(message, NOW).blocks if block["type"] == "actions"]
    found = {}
    for row in rows:
        assert isinstance(row, list)
        for item in row:
            assert isinstance(item, dict)
            found[str(item["action_id"])] = ("".join(texts(item)), str(item["value"]))
    return found


def test_approve_says_what_it_does_and_carries_only_the_proposal() -> None:
    assert buttons(approval()) == {
        "approve": ("Approve: Set pool_size to 20", "prop_01jb"),
        "deny": ("Deny", "prop_01jb"),
    }


def test_an_unknown_outcome_asks_a_person_and_carries_the_id_only() -> None:
    assert buttons(approval(ProposalStatus.UNKNOWN)) == {
        "confirm_done": ("It was done", "prop_01jb"),
        "confirm_failed": ("It was not done", "prop_01jb"),
    }


@pytest.mark.parametrize(
    "status", [item for item in ProposalStatus if item not in {ProposalStatus.PENDING, ProposalStatus.UNKNOWN}]
)
def test_a_decided_proposal_has_no_buttons(status: ProposalStatus) -> None:
    assert buttons(approval(status)) == {}


@pytest.mark.parametrize(
    ("verdict", "offered"), [(None, False), *((one, one in {Verdict.WORSE, Verdict.NO_CHANGE}) for one in Verdict)]
)
def test_the_undo_is_offered_when_the_action_did_not_help(verdict: Verdict | None, offered: bool) -> None:
    assert ("undo" in buttons(approval(ProposalStatus.DONE, verdict))) is offered


def test_an_action_without_an_undo_offers_none() -> None:
    card = replace(approval(ProposalStatus.DONE, Verdict.WORSE), spec=replace(SPEC, undo=None))
    assert buttons(card) == {}


def test_an_action_that_left_the_catalogue_can_only_be_denied() -> None:
    assert list(buttons(replace(approval(), spec=None))) == ["deny"]


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict.RECOVERED, "*Recovered*: error_rate 31 % → 0.4 %, wanted at or below 5 %"),
        (Verdict.NO_CHANGE, "*No change*: error_rate 31 % → 30 %, wanted at or below 5 %"),
        (Verdict.WORSE, "*Worse*: error_rate 31 % → 64 %, wanted at or below 5 %"),
        (Verdict.UNKNOWN, "*Effect unknown.* The probe could not tell within its window: error_rate 31 % → not seen"),
    ],
)
def test_the_outcome_is_said_in_words_and_numbers(verdict: Verdict, words: str) -> None:
    assert words in shown(approval(ProposalStatus.DONE, verdict))


def test_one_of_two_approvals_keeps_the_buttons_and_says_what_is_missing() -> None:
    waiting = replace(approval(), proposal=replace(PENDING, risk=Risk.HIGH), approvals=approval(ProposalStatus.DONE).approvals)
    assert set(buttons(waiting)) == {"approve", "deny"}
    assert "1 more approval needed" in shown(waiting)


def test_why_stands_below_the_buttons_as_plain_text_and_says_that_it_is_not_approved() -> None:
    blocks = render(approval(), NOW).blocks
    last = max(index for index, block in enumerate(blocks) if block["type"] == "actions")
    assert "not part of what you approve" in str(blocks[last + 2])
    assert blocks[-1]["text"] == {
        "type": "plain_text",
        "text": "• takes back the change right before it [E3]",
        "emoji": False,
    }


def test_the_card_says_which_tier_speaks_and_why_a_higher_one_is_silent() -> None:
    assert "Tier: rules, statistics and retrieval (no model configured)" in shown(CARD)


def test_a_link_from_outside_is_readable_but_only_an_allowed_host_is_clickable() -> None:
    assert "<http://ci.example/run/7|open>" not in shown(CARD)
    assert "http://ci.example/run/7" in shown(CARD)
    assert "<http://ci.example/run/7|open>" in str(render(CARD, NOW, frozenset({"ci.example"})).blocks)


def test_a_closed_incident_offers_no_lead_and_no_resolve() -> None:
    ended = replace(INCIDENT, status=Status.RESOLVED, resolved_at=NOW - timedelta(minutes=2))
    assert set(buttons(replace(CARD, incident=ended))) == {"similar", "runbooks"}
    assert "lasted 12 min" in shown(replace(CARD, incident=ended))


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://user@evil.example/", "http://[", "ftp://x/", "https:///x", "http://x/" + "y" * 400]
)
def test_a_strange_address_is_no_link(url: str) -> None:
    assert web_address(url) == ""


def test_an_address_cannot_close_its_own_link() -> None:
    assert web_address("https://x.example/a|b>c<d e") == "https://x.example/a%7Cb%3Ec%3Cd%20e"


def test_cutting_never_leaves_half_an_entity() -> None:
    assert [escaped("a<<", limit) for limit in (9, 8, 5, 2)] == ["a&lt;&lt;", "a&lt;…", "a…", "a…"]


def test_names_that_are_no_user_ids_are_not_mentioned() -> None:
    assert user("U0ALICE") == "<@U0ALICE>"
    assert user("sitrep") == "sitrep"
    assert user("!channel") == "!channel"
    assert user(None) == "nobody"
    assert written("<@U0ALICE> and <!here> and <@u0low>", 99) == "<@U0ALICE> and &lt;!here&gt; and &lt;@u0low&gt;"
    assert plain("*a*\n`b` :x:", 99) == "∗a∗ ˋb\u02cb \u2236x:"
