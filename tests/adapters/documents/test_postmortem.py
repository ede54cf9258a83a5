"""The postmortem draft: sourced, safe, blameless, and the same in both forms."""

import re
from dataclasses import replace

import pytest

from app.adapters.documents import DraftDocuments, uncited
from app.domain.evidence import Evidence, EvidenceKind, Finding
from app.domain.incident import Status
from app.domain.postmortem import FollowUp, FollowUpKind, Postmortem, PostmortemFacts
from app.domain.proposal import ProposalStatus, Verdict
from app.domain.timeline import Entry, EntryKind
from tests.adapters.documents.story import ENTRIES, Row, at, bare_facts, chain, facts

HOSTILE = (
    "<script>alert(1)</script> ![x](http://evil.example/p.png) [T1] [click](javascript:alert(1)) | **bold** `tick` @here\n# Big"
)


@pytest.fixture(scope="module")
def draft() -> Postmortem:
    return DraftDocuments().postmortem(facts())


def section(markdown: str, title: str) -> str:
    """The text of one section."""
    return re.split(r"^## ", markdown.split(f"## {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def with_hostile_words() -> PostmortemFacts:
    told = facts()
    rows: list[Row] = [*ENTRIES, (21.0, EntryKind.MESSAGE, HOSTILE, "U2BOB", {"link": "javascript:alert(1)"})]
    evidence = Evidence(EvidenceKind.LOG, "log:x", HOSTILE, HOSTILE, at(1), "E6", "checkout", {}, "http://evil.example/<x>")
    return replace(
        told,
        incident=replace(told.incident, title=HOSTILE),
        evidence=(*told.evidence, evidence),
        entries=chain(7, rows),
        proposals=(replace(told.proposals[0], title=HOSTILE, reason=HOSTILE), told.proposals[1]),
        assessments=(replace(told.assessments[0], unknowns=(HOSTILE,)), told.assessments[1]),
        people={**told.people, "U2BOB": "Dr. Bob <b>O</b>"},
    )


def test_every_factual_sentence_cites_something_that_exists(draft: Postmortem) -> None:
    assert uncited(draft.markdown, facts()) == []


def test_an_almost_empty_record_gives_a_draft_that_leaves_the_gaps_open() -> None:
    told = bare_facts()
    bare = DraftDocuments().postmortem(told)
    assert uncited(bare.markdown, told) == []
    assert bare.plot_png == b""
    assert "Nothing in the record says what the cause was." in bare.markdown
    assert "Nothing in the record gives the impact in numbers." in bare.markdown


def test_the_checker_finds_a_sentence_without_a_source_and_one_with_an_invented_source(draft: Postmortem) -> None:
    text = draft.markdown + "\nThe database was slow.\n\nThe cache was cold [T99].\n\n“It was me [T1]” said the log.\n"
    assert uncited(text, facts()) == ["The database was slow.", "The cache was cold [T99].", "“It was me [T1]” said the log."]


def test_the_checker_looks_at_every_sentence_of_a_paragraph() -> None:
    assert uncited("It rose [E2]. Then it fell. Why did it?\n", facts()) == ["Then it fell."]


def test_a_table_row_without_a_source_is_found() -> None:
    table = "| No. | What |\n|---|---|\n| T1 | opened |\n| T77 | invented |\n| x | plain |\n"
    assert uncited(table, facts()) == ["T77 | invented", "x | plain"]


def test_evidence_that_does_not_exist_is_never_cited_and_the_sentence_is_marked() -> None:
    told = facts()
    lost = replace(told.assessments[1], findings=(Finding("The disk is full.", ("E42",)),))
    markdown = DraftDocuments().postmortem(replace(told, assessments=(lost,))).markdown
    assert "E42" not in markdown
    assert any("The disk is full" in sentence for sentence in uncited(markdown, told))


def test_the_summary_says_what_how_bad_and_what_ended_it(draft: Postmortem) -> None:
    lines = section(draft.markdown, "Summary").strip().splitlines()
    assert len(lines) == 3
    assert "was mitigated after 15 min, at 03:26 UTC [T1][T17]" in lines[0]
    assert "went from 0.2 % to 31 % and was bad for 14 min [E2]" in lines[1]
    assert "cause as found (likely) lies in `checkout`" in lines[1]
    assert "`set-config` on `checkout` ran, and its probe said recovered" in lines[2]


def test_the_times_to_detect_acknowledge_mitigate_and_resolve_are_computed(draft: Postmortem) -> None:
    detection = section(draft.markdown, "Detection")
    assert "“CheckoutErrors” from `alertmanager` saw it first" in detection
    for row in ("| Detected | 2026-11-24 03:12 UTC | 30 s after the start | [T1] |", "| 90 s after detection | [T4] |"):
        assert row in detection
    assert "15 min after the start | [T17]" in detection
    assert "20 min after the start | [T18]" in detection


def test_an_unknown_cause_stays_unknown() -> None:
    told = facts()
    unsure = replace(told.assessments[0], cause=None)
    markdown = DraftDocuments().postmortem(replace(told, assessments=(unsure,))).markdown
    assert "The cause is unknown: Sitrep named no service [E2][T3]." in markdown
    assert "What was the cause?" in section(markdown, "Open questions")


def test_failures_and_wrong_turns_are_kept_with_their_numbers(draft: Postmortem) -> None:
    tried = section(draft.markdown, "What was tried")
    assert "### Restart checkout: no change" in tried
    assert "“no change, error_ratio 30 % before, 31 % after” [T9]" in tried
    assert "`error_ratio` was 30.8 % before and 0.2 % after [T16]" in tried
    believed = section(draft.markdown, "What was believed when")
    assert "cause in `catalog`, replaced later" in believed
    assert "Ruled out: “Catalog is healthy" in believed


def test_a_run_whose_outcome_is_unknown_says_so() -> None:
    told = facts()
    unsure = replace(told.proposals[0], status=ProposalStatus.UNKNOWN, verdict=None)
    markdown = DraftDocuments().postmortem(replace(told, proposals=(unsure,), runs=told.runs[:1])).markdown
    assert "left without an answer, so its outcome is unknown" in markdown


def test_a_denial_is_told_as_a_denial_even_when_the_title_says_approve() -> None:
    told = facts()
    rows = [
        row if row[0] != 4.0 else (4.0, row[1], "<@U2BOB> denies: approve identity cache", "U2BOB", row[4]) for row in ENTRIES
    ]
    markdown = DraftDocuments().postmortem(replace(told, entries=chain(7, rows))).markdown
    assert "The expert denied it at 03:16:00 UTC [T6]." in markdown


def test_names_stay_out_of_what_was_tried_and_stand_in_the_timeline(draft: Postmortem) -> None:
    for title in ("Summary", "What happened", "Trigger and cause", "What was tried", "What was believed when"):
        assert "Alice" not in section(draft.markdown, title)
        assert "Bob" not in section(draft.markdown, title)
    assert "The expert approved it" in draft.markdown
    assert "| Bob Okafor |" in section(draft.markdown, "Timeline")


def test_words_that_judge_are_pointed_out_and_left_as_they_are(draft: Postmortem) -> None:
    assert "T10 says “should have” [T10]. What was known at that moment?" in draft.markdown


def test_prompts_for_the_review_come_from_facts_or_are_left_to_the_team(draft: Postmortem) -> None:
    assert "brought it back [T16]" in section(draft.markdown, "What went well")
    assert "“Restart checkout” did not help [T9]" in section(draft.markdown, "What went badly")
    assert section(draft.markdown, "Where we got lucky").strip() == "- To be filled by the team."


def test_an_end_without_a_helpful_action_counts_as_luck() -> None:
    told = facts()
    useless = tuple(replace(item, verdict=Verdict.NO_CHANGE) for item in told.proposals)
    markdown = DraftDocuments().postmortem(replace(told, proposals=useless)).markdown
    assert "It ended without an action that is known to have helped [T17]" in section(markdown, "Where we got lucky")


def test_follow_ups_have_kind_source_owner_and_date(draft: Postmortem) -> None:
    assert (
        "| prevent | Refuse a db_pool_size below 10 in the deploy check | [E3] | Bob Okafor | 2026-12-01 | no |" in draft.markdown
    )
    assert "| detect | Alert on pool wait time before requests fail | [T11] | nobody yet | no date yet | no |" in draft.markdown


def test_a_follow_up_without_a_source_cites_what_its_proposal_did() -> None:
    told = replace(facts(), follow_ups=(FollowUp("fu_7_prop_1", 7, FollowUpKind.CORRECT, "Note it in the runbook"),))
    markdown = DraftDocuments().postmortem(told).markdown
    assert "| Note it in the runbook | [T9] |" in markdown
    assert uncited(markdown, told) == []


def test_hostile_words_become_neither_markup_nor_links_nor_citations() -> None:
    told = with_hostile_words()
    drawn = DraftDocuments().postmortem(told)
    assert uncited(drawn.markdown, told) == []
    assert "<script" not in drawn.html
    assert "<b>" not in drawn.html
    assert "javascript:" not in "".join(re.findall(r'(?:href|src)="([^"]*)"', drawn.html))
    assert "evil.example" not in "".join(re.findall(r'(?:href|src|srcset)="([^"]*)"', drawn.html))
    assert "@here" not in drawn.markdown.replace("\\@here", "")
    assert drawn.html.count("<h1>") == 1


def test_invisible_and_direction_changing_characters_are_spelled_out() -> None:
    told = facts()
    sly = replace(told, incident=replace(told.incident, title="safe\u202egnp.exe\u200b"))
    drawn = DraftDocuments().postmortem(sly)
    for text in (drawn.markdown, drawn.html):
        assert "\u202e" not in text
        assert "\u200b" not in text
    assert "u202e" in drawn.html


def test_links_work_only_to_hosts_the_team_named(draft: Postmortem) -> None:
    assert 'href="http://127.0.0.1:9093/#/alerts"' in draft.html
    assert 'href="https://ci.example.com' not in draft.html
    allowed = DraftDocuments(link_hosts={"ci.example.com"}).postmortem(facts())
    assert 'href="https://ci.example.com/run/991" rel="noopener noreferrer"' in allowed.html


def test_the_page_stands_alone(draft: Postmortem) -> None:
    assert "<script" not in draft.html
    assert "<link" not in draft.html
    assert not re.findall(r'(?:src|srcset)="(?!data:image/svg\+xml;base64,)', draft.html)
    assert draft.html.count("data:image/svg+xml;base64,") == 4
    assert "prefers-color-scheme: dark" in draft.html
    assert "@media print" in draft.html


def test_every_citation_in_the_page_leads_to_an_anchor(draft: Postmortem) -> None:
    targets = set(re.findall(r'href="#([TE]\d+)"', draft.html))
    anchors = re.findall(r'<tr id="([TE]\d+)"', draft.html)
    assert targets <= set(anchors)
    assert len(anchors) == len(set(anchors)) == 18 + 5


def test_the_page_and_the_markdown_say_the_same(draft: Postmortem) -> None:
    headings = re.findall(r"^## (.+)$", draft.markdown, re.MULTILINE)
    assert re.findall(r'<h2 id="[a-z-]+">([^<]+)</h2>', draft.html) == headings
    assert len(headings) >= 15


def test_an_open_incident_gives_a_draft_without_an_end() -> None:
    told = facts()
    going = replace(told.incident, status=Status.FIXING, mitigated_at=None, resolved_at=None)
    entries: tuple[Entry, ...] = told.entries[:15]
    partial = replace(told, incident=going, entries=entries, proposals=told.proposals[:1], runs=told.runs[:1])
    markdown = DraftDocuments().postmortem(partial).markdown
    assert "no end is on record" in markdown
    assert "Nothing in the record says when it was resolved." in markdown
    assert uncited(markdown, partial) == []
