"""Domain values for tests, with everything a test does not care about filled in."""

from datetime import UTC, datetime, timedelta

from app.domain.action import ActionRequest, ActionSpec, Parameter, ParameterKind, Probe, Risk, Undo
from app.domain.incident import Incident
from app.domain.inventory import Approver, Inventory, Service
from app.domain.proposal import Proposal
from app.domain.severity import Severity
from app.domain.signal import Signal, SignalState

NOW = datetime(2026, 11, 1, 3, 12, tzinfo=UTC)


def an_incident(title: str = "checkout fails") -> Incident:
    """A fresh incident."""
    return Incident(title=title, severity=Severity.SEV2, opened_at=NOW, started_at=NOW, service="checkout")


def a_signal(name: str = "ErrorsHigh", service: str = "checkout", *, firing: bool = True, fingerprint: str = "") -> Signal:
    """An alert on a service."""
    return Signal(
        source="alertmanager",
        fingerprint=fingerprint or f"{name}-{service}",
        name=name,
        state=SignalState.FIRING if firing else SignalState.RESOLVED,
        severity=Severity.SEV2,
        starts_at=NOW,
        service=service,
        summary=f"{name} on {service}",
    )


def a_spec(risk: Risk = Risk.MEDIUM) -> ActionSpec:
    """An action that sets the pool's size and can be undone."""
    return ActionSpec(
        name="set_pool",
        title="Set the pool of {target} to {size}",
        executor="http",
        targets=("checkout",),
        risk=risk,
        call={},
        probe=Probe("error_ratio", 0.05, window_s=60, hold_s=6),
        parameters=(Parameter("size", ParameterKind.INTEGER, minimum=1, maximum=100),),
        undo=Undo("set_pool", {"size": "{before}"}),
    )


def an_inventory(risk: Risk = Risk.MEDIUM) -> Inventory:
    """Checkout calls payments; Alice and Bob approve up to high risk."""
    return Inventory(
        services={
            "checkout": Service("checkout", depends_on=("payments",)),
            "payments": Service("payments"),
            "search": Service("search"),
        },
        actions={"set_pool": a_spec(risk)},
        approvers=(Approver("U0ALICE", Risk.HIGH), Approver("U0BOB", Risk.HIGH)),
        policy_version="p1",
    )


def a_proposal(risk: Risk = Risk.MEDIUM, requester: str = "", incident: int = 1, name: str = "prop_1") -> Proposal:
    """A waiting proposal to set the pool to 20, seen at 3."""
    request = ActionRequest("set_pool", "1", "checkout", {"size": 20}, "test", incident, name, "p1", {"before": 3})
    return Proposal(
        id=name,
        request=request,
        title="Set the pool of checkout to 20",
        risk=risk,
        why=(),
        proposer="sitrep",
        requester=requester,
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=15),
    )
