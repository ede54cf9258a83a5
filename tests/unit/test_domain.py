"""The nouns refuse what must not be."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.action import Risk
from app.domain.approval import Decision, check_decision
from app.domain.errors import ActionRefused, ApprovalRefused, AuditBroken, TransitionRefused
from app.domain.incident import TRANSITIONS, Status
from app.domain.person import Person
from app.domain.proposal import ProposalStatus, Verdict
from app.domain.series import MetricKind, MetricSpec, Point, Series
from app.domain.timeline import GENESIS, Entry, EntryKind, check_chain, seal
from app.services.verify import judge
from tests.builders import NOW, a_proposal, a_spec, an_incident, an_inventory

BOB = Person("U0BOB")


@given(st.sampled_from(list(Status)), st.sampled_from(list(Status)))
def test_an_incident_moves_only_along_named_transitions(start: Status, end: Status) -> None:
    """Every other move is refused and names where it can go."""
    incident = replace(an_incident(), status=start)
    if end == start or end in TRANSITIONS[start]:
        assert incident.move_to(end, NOW).status is end
    else:
        with pytest.raises(TransitionRefused, match="can go to"):
            incident.move_to(end, NOW)


def test_reopening_forgets_when_it_was_resolved() -> None:
    """A reopened incident is not resolved any more."""
    resolved = an_incident().move_to(Status.RESOLVED, NOW)
    assert resolved.resolved_at == NOW
    assert resolved.move_to(Status.INVESTIGATING, NOW).resolved_at is None


@pytest.mark.parametrize("value", [0, 101, 20.0, True, "20", None, float("nan")])
def test_s5_a_parameter_outside_its_type_or_bounds_is_refused(value: object) -> None:
    """Nothing is coerced."""
    with pytest.raises(ActionRefused):
        a_spec().check("checkout", {"size": value})  # type: ignore[dict-item]


@pytest.mark.parametrize("target", ["chеckout", "checkout\n", "Checkout", "", "payments"])
def test_s5_a_target_matches_exactly_or_not_at_all(target: str) -> None:
    """Homoglyphs and line breaks are other names."""
    with pytest.raises(ActionRefused):
        a_spec().check(target, {"size": 20})


def test_s2_any_change_of_the_action_changes_its_fingerprint() -> None:
    """Displayed, approved and executed are one hash."""
    request = a_proposal().request
    others = [
        replace(request, target="payments"),
        replace(request, parameters={"size": 21}),
        replace(request, precondition={"before": 4}),
    ]
    assert len({request.fingerprint, *(other.fingerprint for other in others)}) == 4


def test_s3_who_asked_does_not_approve_medium_risk() -> None:
    """The refusal says what to do."""
    with pytest.raises(ApprovalRefused, match="second person"):
        check_decision(a_proposal(requester="U0BOB"), BOB, Decision.APPROVE, an_inventory(), NOW)


@pytest.mark.parametrize(
    "person",
    [
        Person("U0BOB", is_guest=True),
        Person("U0BOB", is_bot=True),
        Person("U0BOB", is_external=True),
        Person("U0BOB", is_deactivated=True),
    ],
)
def test_s3_guests_bots_and_outsiders_never_decide(person: Person) -> None:
    """Not even to deny."""
    for decision in Decision:
        with pytest.raises(ApprovalRefused):
            check_decision(a_proposal(), person, decision, an_inventory(), NOW)


def test_s3_a_person_without_the_role_is_told_who_has_it() -> None:
    """Deny by default."""
    with pytest.raises(ApprovalRefused, match="U0ALICE"):
        check_decision(a_proposal(), Person("U0EVE"), Decision.APPROVE, an_inventory(), NOW)


def test_s4_an_expired_or_decided_proposal_takes_no_decision() -> None:
    """By the time that is handed in."""
    with pytest.raises(ApprovalRefused, match="expired"):
        check_decision(a_proposal(), BOB, Decision.APPROVE, an_inventory(), NOW + timedelta(minutes=15))
    denied = a_proposal().move_to(ProposalStatus.DENIED)
    with pytest.raises(ApprovalRefused, match="already denied"):
        check_decision(denied, BOB, Decision.APPROVE, an_inventory(), NOW)


def test_high_risk_needs_two_people() -> None:
    """Medium needs one."""
    assert a_proposal(Risk.HIGH).approvals_needed == 2
    assert a_proposal(Risk.MEDIUM).approvals_needed == 1


def _chain(count: int) -> list[Entry]:
    entries: list[Entry] = []
    previous = GENESIS
    for seq in range(1, count + 1):
        sealed = seal(1, seq, NOW, EntryKind.NOTE, f"entry {seq}", "U0BOB", {}, previous)
        entries.append(Entry(1, seq, NOW, EntryKind.NOTE, f"entry {seq}", "U0BOB", previous, sealed))
        previous = sealed
    return entries


@given(st.integers(0, 4), st.sampled_from(["edit", "drop", "swap"]))
def test_a1_the_chain_names_the_first_bad_entry(place: int, crime: str) -> None:
    """Edited, missing and swapped entries are found; a cut tail needs a published head."""
    entries = _chain(6)
    assert check_chain(entries) == entries[-1].hash
    if crime == "edit":
        entries[place] = replace(entries[place], text="something else")
    elif crime == "drop":
        del entries[place]
    else:
        entries[place], entries[place + 1] = entries[place + 1], entries[place]
    with pytest.raises(AuditBroken, match=f"entry {place + 1}" if crime == "edit" else "entry"):
        check_chain(entries)


def _series(values: list[float]) -> Series:
    points = tuple(Point(NOW + timedelta(seconds=2 * index), value) for index, value in enumerate(values, start=1))
    return Series("checkout", MetricSpec("error_ratio", MetricKind.RATIO), points)


@pytest.mark.parametrize(
    ("baseline", "values", "after_s", "verdict"),
    [
        (0.3, [0.3, 0.2, 0.01, 0.0, 0.0, 0.0], 12, Verdict.RECOVERED),
        (0.3, [0.3, 0.2], 4, None),
        (0.3, [0.3] * 31, 62, Verdict.NO_CHANGE),
        (0.3, [0.6] * 31, 62, Verdict.WORSE),
        (0.0, [0.0] * 6, 12, Verdict.NO_CHANGE),
        (0.3, [], 62, Verdict.UNKNOWN),
    ],
    ids=["recovered", "too early", "no change", "worse", "was fine before, no credit", "unseen"],
)
def test_only_the_probe_decides_whether_it_helped(
    baseline: float, values: list[float], after_s: int, verdict: Verdict | None
) -> None:
    """Exit codes do not count."""
    found, _ = judge(a_spec().probe, baseline, _series(values), NOW, NOW + timedelta(seconds=after_s))
    assert found is verdict
