"""One realistic value of every message Sitrep can say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.domain.action import ActionRequest, ActionSpec, Parameter, ParameterKind, Probe, Risk, Undo
from app.domain.approval import Approval, Decision
from app.domain.evidence import Assessment, Confidence, Evidence, EvidenceKind, Finding, Suggestion, Tier
from app.domain.incident import Incident, Status
from app.domain.messages import Answer, ApprovalCard, CommandHelp, IncidentCard, Message, Note, Passage, PostmortemNotice
from app.domain.proposal import Proposal, ProposalStatus, Run, Verdict
from app.domain.series import Bad, MetricKind, MetricSpec
from app.domain.severity import Severity

NOW = datetime(2026, 11, 24, 3, 26, tzinfo=UTC)
STARTED = NOW - timedelta(minutes=14)

INCIDENT = Incident(
    title="Checkout errors above 5 %",
    severity=Severity.SEV2,
    opened_at=STARTED + timedelta(seconds=40),
    started_at=STARTED,
    number=12,
    status=Status.INVESTIGATING,
    service="checkout",
    lead="U0ALICE",
    roles={"lead": "U0ALICE", "scribe": "U0CAROL"},
    room="C0INC12",
)
EVIDENCE = (
    Evidence(EvidenceKind.ALERT, "alert:1", "Alertmanager", "HighErrorRate is firing on checkout", STARTED, id="E1"),
    Evidence(
        EvidenceKind.METRIC,
        "metric:1",
        "Prometheus",
        "error_rate of checkout rose from 0.2 % to 31 %",
        STARTED,
        id="E2",
        link="http://prometheus.example:9090/graph?g0.expr=errors&g0.tab=0",
        tainted=False,
    ),
    Evidence(
        EvidenceKind.CHANGE,
        "change:1",
        "deploys",
        "config pool_size 20 -> 2 by bob, two minutes before",
        STARTED,
        id="E3",
        link="http://ci.example/run/7",
    ),
)
ASSESSMENT = Assessment(
    incident=12,
    tier=Tier.RETRIEVAL,
    headline=Finding("checkout fails since its pool_size went from 20 to 2", ("E2", "E3"), Confidence.LIKELY),
    findings=(
        Finding("error_rate left its normal band at 03:12 UTC", ("E2",), Confidence.CONFIRMED),
        Finding("the only change in the hour before is the config change", ("E3",), Confidence.LIKELY),
    ),
    suggestions=(
        Suggestion("S1", "set_config", "checkout", {"key": "pool_size", "value": 20}, Finding("takes back the change", ("E3",))),
    ),
    written_at=NOW,
    cause="checkout",
    ruled_out=(Finding("the database: its latency is normal", ("E2",)),),
    unknowns=("logs of payments could not be read",),
    degraded="no model configured",
)
SPEC = ActionSpec(
    name="set_config",
    title="Set {key} to {value}",
    executor="http",
    targets=("checkout",),
    risk=Risk.MEDIUM,
    call={"method": "POST"},
    probe=Probe("error_rate", 5.0, Bad.ABOVE),
    description="Changes one configuration value of the running service, without a restart.",
    parameters=(
        Parameter("key", ParameterKind.STRING, choices=("pool_size",)),
        Parameter("value", ParameterKind.INTEGER, minimum=1, maximum=50),
    ),
    undo=Undo("set_config", {"key": "{key}", "value": "{before}"}),
    is_reversible=True,
)
METRIC = MetricSpec("error_rate", MetricKind.RATIO, unit="%", bad=Bad.ABOVE, threshold=5.0)
REQUEST = ActionRequest(
    action="set_config",
    action_version="1",
    target="checkout",
    parameters={"key": "pool_size", "value": 20},
    environment="production",
    incident=12,
    proposal="prop_01jb",
    policy_version="7",
    precondition={"pool_size": 2},
)
PENDING = Proposal(
    id="prop_01jb",
    request=REQUEST,
    title="Set pool_size to 20",
    risk=Risk.MEDIUM,
    why=(Finding("takes back the change right before it", ("E3",), Confidence.LIKELY),),
    proposer="sitrep",
    created_at=NOW - timedelta(minutes=1),
    expires_at=NOW + timedelta(minutes=14),
    requester="U0ALICE",
)
YES = Approval("prop_01jb", REQUEST.fingerprint, "U0BOB", Decision.APPROVE, NOW)
RUN = Run(
    proposal="prop_01jb",
    incident=12,
    fingerprint=REQUEST.fingerprint,
    claimed_at=NOW,
    status=ProposalStatus.DONE,
    finished_at=NOW + timedelta(seconds=3),
    baseline=31.0,
    output="pool_size is 20",
)


def approval(status: ProposalStatus = ProposalStatus.PENDING, verdict: Verdict | None = None) -> ApprovalCard:
    """The approval card of the example proposal in a later status."""
    decided = status not in {ProposalStatus.PENDING, ProposalStatus.EXPIRED, ProposalStatus.WITHDRAWN}
    ran = status in {ProposalStatus.RUNNING, ProposalStatus.DONE, ProposalStatus.FAILED, ProposalStatus.UNKNOWN}
    observed = {Verdict.RECOVERED: 0.4, Verdict.NO_CHANGE: 30.0, Verdict.WORSE: 64.0}.get(verdict) if verdict else None
    answer = replace(YES, decision=Decision.DENY) if status is ProposalStatus.DENIED else YES
    return ApprovalCard(
        proposal=replace(PENDING, status=status, verdict=verdict),
        spec=SPEC,
        approvals=(answer,) if decided else (),
        run=replace(RUN, verdict=verdict, observed=observed) if ran else None,
        metric=METRIC,
        undo_text="Set pool_size to 2",
    )


CARD = IncidentCard(
    incident=INCIDENT,
    firing=3,
    resolved=1,
    assessment=ASSESSMENT,
    evidence=EVIDENCE,
    proposals=(PENDING,),
    console_url="http://127.0.0.1:8080/incidents/12",
)
EXAMPLES: dict[str, Message] = {
    "card": CARD,
    "card_without_findings": IncidentCard(incident=replace(INCIDENT, lead=None, roles={}), firing=1, resolved=0),
    "approval_pending": approval(),
    "approval_running": approval(ProposalStatus.RUNNING),
    "approval_recovered": approval(ProposalStatus.DONE, Verdict.RECOVERED),
    "approval_worse": approval(ProposalStatus.DONE, Verdict.WORSE),
    "approval_denied": approval(ProposalStatus.DENIED),
    "note": Note("<@U0ALICE> leads INC-12.", quoted="I'll take it <!channel>", citations=("E1",), is_alarming=True),
    "answer": Answer(
        question="has pool_size bitten us before?",
        sentences=("Yes, INC-4 had the same cause [INC-4].", "Setting it back recovered it in 40 s [INC-4]."),
        passages=(Passage("INC-4", "incident", "Checkout pool too small", "Set pool_size back to 20.", 0.8, "What helped"),),
        tier="rules, statistics and retrieval",
    ),
    "postmortem": PostmortemNotice(
        INCIDENT,
        ("Checkout failed for 21 min [T1, T9].", "The trigger was a config change [E3]."),
        "http://127.0.0.1:8080/p/12",
        NOW,
    ),
    "help": CommandHelp("Sitrep commands", (("/inc declare <title>", "opens an incident"), ("/inc list", "lists open ones"))),
}
