"""One incident told whole: a config change breaks checkout, a restart does not help, taking the change back does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.domain.action import ActionRequest, Risk
from app.domain.canonical import Json
from app.domain.evidence import Assessment, Confidence, Evidence, EvidenceKind, Finding, Suggestion, Tier
from app.domain.incident import Incident, Status
from app.domain.postmortem import FollowUp, FollowUpKind, Impact, PostmortemFacts
from app.domain.proposal import Proposal, ProposalStatus, Run, Verdict
from app.domain.series import Bad, MetricKind, MetricSpec, Point, Series
from app.domain.severity import Severity
from app.domain.signal import Signal, SignalState
from app.domain.timeline import GENESIS, Entry, EntryKind, seal

START = datetime(2026, 11, 24, 3, 12, tzinfo=UTC)
SPEC = MetricSpec("error_ratio", MetricKind.RATIO, "ratio", bad=Bad.ABOVE, threshold=0.05)
Row = tuple[float, EntryKind, str, str, dict[str, Json]]
PEOPLE = {"U1ALICE": "Alice Moreau", "U2BOB": "Bob Okafor"}


def at(minutes: float) -> datetime:
    """A moment counted in minutes from the start of the incident."""
    return START + timedelta(minutes=minutes)


def chain(number: int, rows: list[Row]) -> tuple[Entry, ...]:
    """Sealed entries from (minute, kind, text, actor, data)."""
    entries: list[Entry] = []
    previous = GENESIS
    for seq, (minute, kind, text, actor, data) in enumerate(rows, 1):
        hashed = seal(number, seq, at(minute), kind, text, actor, data, previous)
        entries.append(Entry(number, seq, at(minute), kind, text, actor, previous, hashed, data))
        previous = hashed
    return tuple(entries)


def series() -> Series:
    """Quiet at 0.2 %, 31 % from minute 0 to 14, quiet again."""
    points = []
    for step in range(-72, 150):
        minute = step / 6
        value = 0.002 + 0.0004 * (step % 3)
        if 0 <= minute < 14:
            value = min(0.31, 0.06 + 0.11 * minute) - 0.006 * (step % 4)
        points.append(Point(at(minute), value))
    return Series("checkout", SPEC, tuple(points))


EVIDENCE = (
    Evidence(EvidenceKind.ALERT, "alert:1", "alertmanager", "CheckoutErrors on checkout is firing: 31% of requests fail.",
             at(0.2), "E1", "checkout", {"name": "CheckoutErrors"}, "http://127.0.0.1:9093/#/alerts"),
    Evidence(EvidenceKind.METRIC, "metric:checkout:error_ratio", "Prometheus", "error_ratio of checkout is 31 %, normally 0.2 %",
             at(1.5), "E2", "checkout", {"metric": "error_ratio", "value": 0.31}),
    Evidence(EvidenceKind.CHANGE, "change:checkout:config", "change log",
             "config on checkout at 03:10:00 UTC by deploy-bot: db_pool_size 40 -> 4", at(-2), "E3", "checkout",
             {"kind": "config", "key": "db_pool_size", "before": "40", "after": "4"}, "https://ci.example.com/run/991"),
    Evidence(EvidenceKind.LOG, "log:checkout:pool", "logs of checkout",
             "checkout logged 812 times: pool exhausted, waited 2000 ms",
             at(0.1), "E4", "checkout", {"count": 812}),
    Evidence(EvidenceKind.RUNBOOK, "runbook:pool", "runbooks/database/pool-exhausted.md", "Runbook: Connection pool exhausted",
             at(1.6), "E5", None, {}, tainted=False),
)  # fmt: skip

ENTRIES: list[Row] = [
    (0.5, EntryKind.OPENED, "Opened by alertmanager: Checkout errors", "sitrep", {"severity": 2}),
    (0.6, EntryKind.ALERT, "CheckoutErrors on checkout is firing", "alertmanager", {"evidence": "E1"}),
    (1.7, EntryKind.FINDING, "Likely memory pressure on checkout", "sitrep (rules and statistics)", {"evidence": ["E2"]}),
    (2.0, EntryKind.ROLE, "<@U1ALICE> leads", "U1ALICE", {}),
    (3.0, EntryKind.PROPOSAL, "Restart checkout proposed", "sitrep", {"proposal": "prop_1"}),
    (4.0, EntryKind.DECISION, "<@U2BOB> approves: Restart checkout", "U2BOB", {"proposal": "prop_1"}),
    (4.2, EntryKind.INTENT, "About to run restart on checkout", "sitrep", {"proposal": "prop_1"}),
    (4.3, EntryKind.RUN, "restart ran on checkout", "sitrep", {"proposal": "prop_1"}),
    (7.0, EntryKind.VERDICT, "Restart checkout: no change, error_ratio 30 % before, 31 % after", "sitrep",
     {"proposal": "prop_1"}),
    (7.4, EntryKind.NOTE, "Somebody should have seen the pool size <script>alert(1)</script> [T1]", "U2BOB", {}),
    (8.0, EntryKind.FINDING, "The connection pool of checkout is too small since 03:10", "sitrep", {"evidence": "E3"}),
    (10.0, EntryKind.PROPOSAL, "Set db_pool_size back to 40", "U1ALICE", {"proposal": "prop_2"}),
    (11.0, EntryKind.DECISION, "<@U2BOB> approves: Set db_pool_size of checkout back to 40", "U2BOB", {"proposal": "prop_2"}),
    (11.1, EntryKind.INTENT, "About to run set-config on checkout", "sitrep", {"proposal": "prop_2"}),
    (11.2, EntryKind.RUN, "set-config ran on checkout", "sitrep", {"proposal": "prop_2"}),
    (14.5, EntryKind.VERDICT, "Recovered: error_ratio 31 % before, 0.2 % after", "sitrep",
     {"proposal": "prop_2", "metric": "error_ratio"}),
    (14.6, EntryKind.STATUS, "Every alert has resolved: monitoring", "sitrep", {}),
    (20.0, EntryKind.STATUS, "Resolved", "U1ALICE", {}),
]  # fmt: skip


def proposal(ident: str, action: str, minute: float, verdict: Verdict, **parameters: int) -> Proposal:
    """A proposal that ran and was judged."""
    request = ActionRequest(action, "1", "checkout", dict(parameters), "production", 7, ident, "policy-1", {"db_pool_size": 4})
    title = "Restart checkout" if action == "restart" else "Set db_pool_size of checkout back to 40"
    why = (Finding("The pool is exhausted and a restart frees it.", ("E4",), Confidence.POSSIBLE),)
    if action != "restart":
        why = (Finding("db_pool_size went from 40 to 4 two minutes before the errors.", ("E3",), Confidence.LIKELY),)
    return Proposal(
        ident,
        request,
        title,
        Risk.MEDIUM,
        why,
        "sitrep",
        at(minute),
        at(minute + 15),
        "U1ALICE",
        ProposalStatus.DONE,
        verdict=verdict,
    )


PROPOSALS = (
    proposal("prop_1", "restart", 3, Verdict.NO_CHANGE),
    proposal("prop_2", "set-config", 10, Verdict.RECOVERED, db_pool_size=40),
)
RUNS = tuple(
    Run(
        item.id,
        7,
        item.fingerprint,
        at(begun),
        ProposalStatus.DONE,
        at(begun + 0.1),
        before,
        output,
        item.verdict,
        at(ended),
        after,
    )
    for item, begun, before, output, ended, after in (
        (PROPOSALS[0], 4.2, 0.302, "restarted in 1.2 s", 7, 0.308),
        (PROPOSALS[1], 11.1, 0.308, "db_pool_size = 40", 14.5, 0.002),
    )
)
ASSESSMENTS = (
    Assessment(
        7, Tier.RULES, Finding("Memory pressure in catalog slows checkout.", ("E2",), Confidence.POSSIBLE), (), (), at(1.7), "catalog",
        unknowns=("Memory of catalog: the source did not answer",),
    ),
    Assessment(
        7, Tier.RETRIEVAL, Finding("The connection pool of checkout is too small since db_pool_size went from 40 to 4.", ("E3", "E4"),
                                   Confidence.LIKELY),
        (Finding("The error ratio rose two minutes after the change.", ("E2", "E3"), Confidence.CONFIRMED),
         Finding("The log says the pool is exhausted, 812 times.", ("E4",), Confidence.CONFIRMED)),
        (Suggestion("S1", "set-config", "checkout", {"db_pool_size": 40}, Finding("It takes the change back.", ("E3",))),),
        at(8), "checkout",
        (Finding("Catalog is healthy: its latency did not move.", ("E2",), Confidence.CONFIRMED),),
        ("Who else uses this pool",),
    ),
)  # fmt: skip


def incident() -> Incident:
    """INC-7, resolved."""
    return Incident(
        "Checkout errors", Severity.SEV2, at(0.5), at(0), 7, Status.RESOLVED, "checkout", "sitrep", "checkout", "U1ALICE",
        {"lead": "U1ALICE", "expert": "U2BOB"}, "", "C7", at(2), at(14.6), at(20), version=5,
    )  # fmt: skip


def facts() -> PostmortemFacts:
    """The whole record of INC-7."""
    return PostmortemFacts(
        incident=incident(),
        signals=(
            Signal("alertmanager", "f1", "CheckoutErrors", SignalState.RESOLVED, Severity.SEV2, at(0), "checkout", at(14.4)),
        ),
        evidence=EVIDENCE,
        assessments=ASSESSMENTS,
        proposals=PROPOSALS,
        runs=RUNS,
        entries=chain(7, ENTRIES),
        follow_ups=(
            FollowUp(
                "fu_1",
                7,
                FollowUpKind.PREVENT,
                "Refuse a db_pool_size below 10 in the deploy check",
                "E3",
                "U2BOB",
                at(60 * 24 * 7),
            ),
            FollowUp("fu_2", 7, FollowUpKind.DETECT, "Alert on pool wait time before requests fail", "T11"),
        ),
        impacts=(Impact("checkout", "error_ratio", "ratio", 0.002, 0.31, at(3), 840.0),),
        series=(series(),),
        people=PEOPLE,
        written_at=at(25),
    )


def bare_facts() -> PostmortemFacts:
    """An incident of which almost nothing is on record."""
    return replace(
        facts(),
        incident=Incident("Odd noises", Severity.SEV3, at(0), at(0), 8, declared_by="U1ALICE"),
        signals=(), evidence=(), assessments=(), proposals=(), runs=(), follow_ups=(), impacts=(), series=(),
        entries=chain(8, [(0, EntryKind.OPENED, "Declared: Odd noises", "U1ALICE", {})]),
    )  # fmt: skip
