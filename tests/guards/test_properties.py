"""From any sequence of events: at most one run, and none without the approvals that exactly this action needs."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.domain.action import Parameter, ParameterKind, Risk
from app.domain.approval import Decision
from app.domain.canonical import Json, canonical_json
from app.domain.errors import ActionRefused, OutcomeUnknown, Refused, Unavailable
from app.domain.guards import Requirement, changes, difference
from app.domain.policy import DAYS, Bound, FreezeWindow
from app.domain.proposal import Proposal, ProposalStatus
from app.ports.runner import RunResult
from tests.builders import NOW, a_proposal
from tests.guards.conftest import a_world
from tests.guards.stage import ALICE, BOB, CAROL, DAVE, Stage, people

EVENTS = (
    "alice approves", "bob approves", "dave approves", "carol approves", "guest approves", "bob denies", "carol takes back",
    "act", "minutes pass", "the sweep runs", "the world moves", "freeze", "unfreeze", "alice leaves", "outcome unknown",
    "target refuses", "carol confirms", "incident ends", "chat down",
)  # fmt: skip


def happen(stage: Stage, event: str, asked: Proposal) -> None:
    """One event; whoever is refused is refused in words."""
    doings: dict[str, Callable[[], object]] = {
        "alice approves": lambda: stage.click(asked, ALICE),
        "bob approves": lambda: stage.click(asked, BOB),
        "dave approves": lambda: stage.click(asked, DAVE),
        "carol approves": lambda: stage.click(asked, CAROL),
        "guest approves": lambda: stage.click(asked, people()["U0GUEST"]),
        "bob denies": lambda: stage.click(asked, BOB, Decision.DENY),
        "carol takes back": lambda: stage.approve.withdraw(asked.id, CAROL),
        "act": lambda: stage.act(asked.id),
        "minutes pass": lambda: stage.time.advance(400),
        "the sweep runs": lambda: stage.work([*stage.sweep.due(), *stage.sweep()]),
        "the world moves": lambda: stage.hands.world["checkout"].update(size=8, rows=8, flag=None),
        "freeze": lambda: stage.say_to(CAROL, "freeze"),
        "unfreeze": lambda: stage.say_to(BOB, "unfreeze"),
        "alice leaves": lambda: stage.roster.change("U0ALICE", deactivated=True),
        "outcome unknown": lambda: stage.hands.answers.append(("after", OutcomeUnknown("Silence."))),
        "target refuses": lambda: stage.hands.answers.append(RunResult(False, "no")),
        "carol confirms": lambda: stage.confirm(asked.id, CAROL, has_happened=True),
        "incident ends": lambda: _end(stage, asked.incident),
        "chat down": lambda: setattr(stage.roster, "problem", Unavailable("The chat is down.")),
    }
    with contextlib.suppress(Refused):
        doings[event]()


def _end(stage: Stage, number: int) -> None:
    from app.domain.incident import Status

    with stage.db.begin() as tx:
        tx.incidents.save(tx.incidents.get(number).move_to(Status.RESOLVED, tx.now()))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["set_flag", "set_pool", "drop_table"]), st.lists(st.sampled_from(EVENTS), min_size=3, max_size=14))
@example("drop_table", ["alice approves", "bob approves", "act", "act", "the sweep runs"])
@example("set_pool", ["alice approves", "alice leaves", "act"])
@example("set_pool", ["alice approves", "minutes pass", "minutes pass", "minutes pass", "act"])
def test_r1_s3_any_sequence_of_events_makes_at_most_one_run_and_only_with_its_approvals(action: str, events: list[str]) -> None:
    """Whatever people, clocks, targets and the sweep do, in whatever order."""
    with TemporaryDirectory() as folder:
        stage = Stage(f"sqlite:///{folder}/sitrep.db", Path(folder), runner=a_world())
        asked = stage.ask(stage.open_incident(), action, **({"on": True} if action == "set_flag" else {"size": 20}))
        for event in events:
            happen(stage, event, asked)
        effects = [item for item in stage.hands.effects if item.run_id == asked.id]
        after = stage.read(asked)
        with stage.db.begin() as tx:
            decisions = tx.proposals.decisions(asked.id)
        assert len(effects) <= 1
        if effects:
            yes = {
                item.person for item in decisions if (item.decision, item.fingerprint) == (Decision.APPROVE, asked.fingerprint)
            }
            able = {"U0ALICE", "U0BOB"} | ({"U0DAVE"} if after.risk is Risk.LOW else set())
            assert len(yes & able) >= after.approvals_needed
            assert not any(item.decision is Decision.DENY for item in decisions)
            assert dict(effects[0].parameters) == dict(asked.request.parameters)
        stage.audit.verify()
        stage.close()


@given(st.lists(st.sampled_from(list(ProposalStatus)), max_size=12))
def test_r1_no_path_through_the_states_runs_twice(path: list[ProposalStatus]) -> None:
    """`running` is entered at most once, from `approved` only, and ends stay ends."""
    from app.domain.errors import TransitionRefused

    proposal, entered = a_proposal(), 0
    for status in path:
        before = proposal.status
        with contextlib.suppress(TransitionRefused):
            proposal = proposal.move_to(status)
        if proposal.status is ProposalStatus.RUNNING and before is not ProposalStatus.RUNNING:
            entered += 1
            assert before is ProposalStatus.APPROVED
    assert entered <= 1


VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
STATES = st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES, max_size=3)


@given(STATES, STATES)
@example({"a": 1}, {"a": True})
@example({"a": None}, {})
@example({"a": 1}, {"a": 1.0})
def test_s2_two_states_differ_in_words_exactly_when_their_seals_differ(one: dict[str, Json], other: dict[str, Json]) -> None:
    """Nothing that is hashed differently is called the same, and the other way round."""
    assert bool(difference(one, other)) is (canonical_json(one) != canonical_json(other))


@given(VALUES, VALUES)
@example({"a": 1}, {"a": True})
@example({"a": None}, {})
@example([1], [True])
def test_s2_changes_are_named_exactly_when_there_are_any(one: Json, other: Json) -> None:
    """At most five of them, each with its place."""
    found = changes(one, other)
    assert len(found) <= 5
    assert bool(found) is (canonical_json(one) != canonical_json(other))


@given(st.floats(allow_nan=True, allow_infinity=True) | st.integers() | st.booleans() | st.text() | st.none(), st.integers(-9, 9))
def test_s5_a_bound_allows_only_finite_numbers_between_its_ends(value: Json, low: int) -> None:
    """Never a truth value, a text or NaN."""
    allowed = Bound(minimum=low, maximum=low + 3).allows(value)
    assert allowed is (type(value) in {int, float} and low <= value <= low + 3)  # type: ignore[operator]


@given(VALUES, VALUES)
def test_s5_an_exact_bound_allows_exactly_that(one: Json, other: Json) -> None:
    """Type and value."""
    assert Bound(exactly=one).allows(one)
    if Bound(exactly=one).allows(other):
        assert canonical_json(one) == canonical_json(other)


@given(st.integers() | st.floats() | st.booleans() | st.text(), st.integers(-50, 50), st.integers(0, 50))
@example(10**400, 0, 10)
@example(float("nan"), 0, 10)
@example(True, 0, 10)
def test_s5_a_number_is_refused_in_words_or_lies_within_its_bounds(value: Json, low: int, width: int) -> None:
    """Whatever is handed in: no other error, and nothing coerced."""
    parameter = Parameter("size", ParameterKind.INTEGER, minimum=low, maximum=low + width)
    try:
        kept = parameter.check(value)
    except ActionRefused:
        return
    assert type(kept) is int
    assert low <= kept <= low + width


@given(st.text(max_size=12))
@example("--force")
@example("a\x00b")
@example("a\nb")
@example("\u202egnp")
def test_s5_s7_a_text_is_refused_or_reads_as_it_is(value: str) -> None:
    """Even where the pattern lets everything through."""
    import unicodedata

    parameter = Parameter("label", ParameterKind.STRING, pattern=r"[\s\S]*")
    try:
        parameter.check(value)
    except ActionRefused:
        return
    assert not value.startswith("-")
    assert not any(unicodedata.category(mark) in {"Cc", "Cf", "Zl", "Zp", "Cs"} for mark in value)


@given(
    st.sets(st.sampled_from(DAYS), min_size=1),
    st.times(),
    st.times(),
    st.integers(0, 7 * 24 * 60 - 1).map(lambda minutes: datetime(2026, 3, 9, tzinfo=UTC) + timedelta(minutes=minutes)),
)
def test_a_weekly_window_holds_as_counting_minutes_says(days: set[str], since: time, until: time, now: datetime) -> None:
    """Against a second way of counting: the starts of the last eight days, each with its length."""
    window = FreezeWindow("w", days=tuple(days), since=since, until=until)
    length = timedelta(hours=until.hour - since.hour, minutes=until.minute - since.minute, seconds=until.second - since.second)
    length += timedelta(microseconds=until.microsecond - since.microsecond)
    length = length if length > timedelta() else length + timedelta(days=1)
    starts = [datetime.combine((now - timedelta(days=back)).date(), since, UTC) for back in range(3)]
    expected = any(DAYS[start.weekday()] in days and start <= now < start + length for start in starts)
    assert window.holds("x", "y", now) is expected


@given(st.floats() | st.integers(-100, 100), st.integers(-50, 50))
def test_s5_a_requirement_holds_exactly_when_the_number_is_good(value: float, bound: int) -> None:
    """NaN is never good."""
    assert (Requirement("x", at_least=bound).problem({"x": value}) == "") is (value >= bound)
    assert (Requirement("x", at_most=bound).problem({"x": value}) == "") is (value <= bound)


def test_expiry_is_the_moment_it_says() -> None:
    """Not one second later."""
    from app.domain.approval import check_decision
    from tests.guards.stage import an_inventory

    proposal = a_proposal()
    check_decision(proposal, BOB, Decision.APPROVE, an_inventory(), NOW + timedelta(minutes=15) - timedelta(microseconds=1))
