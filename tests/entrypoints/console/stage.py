"""A store with incidents in every state a page has to show: running, over, private and hostile."""

from dataclasses import replace
from datetime import timedelta

from app.adapters.documents import DraftDocuments
from app.domain.action import ActionRequest, ActionSpec, Probe, Risk, Undo
from app.domain.approval import Approval, Decision
from app.domain.evidence import Assessment, Confidence, Evidence, EvidenceKind, Finding, Tier
from app.domain.incident import Incident, Status
from app.domain.inventory import Inventory
from app.domain.postmortem import PostmortemFacts
from app.domain.proposal import Proposal
from app.domain.severity import Severity
from app.domain.timeline import EntryKind
from app.ports.store import Store, Transaction
from tests.adapters.documents.story import at, facts

NOW = at(60 * 24)
HOSTILE = "<img src=x onerror=alert(1)> \u202egnp.exe"
INVENTORY = Inventory(
    actions={
        "restart": ActionSpec(
            "restart",
            "Restart",
            "http",
            ("checkout", "search"),
            Risk.MEDIUM,
            {},
            Probe("error_ratio", 0.05),
            undo=Undo("restart"),
        )
    }
)


def ago(minutes: float) -> "timedelta":
    """So many minutes."""
    return timedelta(minutes=minutes)


def stage(store: Store) -> None:
    """INC-1 is over with a postmortem, INC-2 waits for an approval, INC-3 is private, INC-4 is new and hostile."""
    with store.begin() as tx:
        _finished(tx)
        _waiting(tx)
        private = Incident("Secret leak", Severity.SEV1, NOW, NOW, is_private=True)
        tx.incidents.add(private)
        hostile = Incident(HOSTILE, Severity.SEV4, NOW - ago(3), NOW - ago(4), declared_by="U2BOB", is_test=True)
        tx.timeline.append(tx.incidents.add(hostile).number, EntryKind.OPENED, f"<@U2BOB> declares: {HOSTILE}", "U2BOB", NOW)


def _finished(tx: Transaction) -> None:
    told = facts()
    number = tx.incidents.add(replace(told.incident, number=0, version=0)).number
    for signal in told.signals:
        tx.signals.put(number, signal)
    for item in told.evidence:
        tx.evidence.put(number, replace(item, id=""))
    for assessment in told.assessments:
        tx.assessments.add(replace(assessment, incident=number))
    for proposal, run in zip(told.proposals, told.runs, strict=True):
        tx.proposals.add(replace(proposal, request=replace(proposal.request, incident=number)))
        tx.proposals.decide(Approval(proposal.id, proposal.fingerprint, "U2BOB", Decision.APPROVE, run.claimed_at))
        tx.proposals.claim(replace(run, incident=number))
        tx.proposals.save_run(replace(run, incident=number))
    for entry in told.entries:
        tx.timeline.append(number, entry.kind, entry.text, entry.actor, entry.at, entry.data)
    for follow_up in told.follow_ups:
        tx.papers.put_follow_up(replace(follow_up, incident=number))
    tx.papers.add_postmortem(DraftDocuments().postmortem(_renumbered(told, number)))


def _renumbered(told: PostmortemFacts, number: int) -> PostmortemFacts:
    return replace(told, incident=replace(told.incident, number=number))


def _waiting(tx: Transaction) -> None:
    start = NOW - ago(14)
    incident = Incident(
        "Search is slow for everyone", Severity.SEV1, start, start, 0, Status.IDENTIFIED, "search", lead="U1ALICE",
        roles={"lead": "U1ALICE", "scribe": "U2BOB"}, acknowledged_at=start + ago(1),
    )  # fmt: skip
    number = tx.incidents.add(incident).number
    seen = Evidence(
        EvidenceKind.METRIC,
        "metric:search:p95",
        "Prometheus",
        "p95 of search is 4.2 s, normally 180 ms",
        start + ago(2),
        "",
        "search",
    )
    tx.evidence.put(number, seen)
    change = Evidence(
        EvidenceKind.CHANGE, "change:search", "change log", "deploy on search by ci: 2.14.0", start - ago(2), "", "search", {},
        "https://ci.example.com/run/77",
    )  # fmt: skip
    tx.evidence.put(number, change)
    headline = Finding("search got slow two minutes after version 2.14.0 was deployed.", ("E1", "E2"), Confidence.LIKELY)
    gone = Finding("The index is cold.", ("E9",), Confidence.POSSIBLE)
    calm = Finding("The database is healthy.", ("E1",), Confidence.CONFIRMED)
    tx.assessments.add(
        Assessment(
            number, Tier.RULES, headline, (gone,), (), start + ago(3), "search", (calm,), ("Logs of search: no source is configured",), 1,
            "The model does not answer; rules and statistics speak.",
        )
    )  # fmt: skip
    request = ActionRequest("restart", "1", "search", {"grace_s": 30}, "production", number, "prop_wait", "p1", {"replicas": 3})
    tx.proposals.add(
        Proposal(
            "prop_wait", request, "Restart search", Risk.MEDIUM, (Finding("It frees the stuck workers.", ("E1",)),), "sitrep",
            NOW - ago(5), NOW + ago(10), "U1ALICE",
        )
    )  # fmt: skip
    rows = [
        (0.0, EntryKind.OPENED, "Opened by alertmanager: Search is slow for everyone", "sitrep"),
        (1.0, EntryKind.ROLE, "<@U1ALICE> leads", "U1ALICE"),
        (3.0, EntryKind.FINDING, "search got slow after version 2.14.0", "sitrep (rules and statistics)"),
        (9.0, EntryKind.PROPOSAL, "<@U1ALICE> asks for: Restart search", "U1ALICE"),
    ]
    for minute, kind, text, actor in rows:
        tx.timeline.append(number, kind, text, actor, start + ago(minute))
