"""What the team runs and what it allows: services, approvers and the catalogue of actions, from one configuration file."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.action import ActionSpec, Risk
from app.domain.canonical import Json
from app.domain.errors import ActionRefused, NotFound
from app.domain.mapping import Webhooks
from app.domain.plan import PlanSpec
from app.domain.policy import FreezeWindow, Requester, StandingPolicy
from app.domain.series import MetricSpec


@dataclass(frozen=True, slots=True)
class Service:
    """A service, whom it depends on, who owns it (chat user ids), and the numbers that describe it."""

    name: str
    description: str = ""
    depends_on: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    metrics_urls: tuple[str, ...] = ()
    metrics: tuple[MetricSpec, ...] = ()

    def metric(self, name: str) -> MetricSpec | None:
        """The metric of that name, if the service has it."""
        return next((metric for metric in self.metrics if metric.name == name), None)


@dataclass(frozen=True, slots=True)
class Approver:
    """A person who may approve, up to a risk, for some services (`*` for all) and some actions (`*` for all)."""

    user: str
    up_to: Risk = Risk.MEDIUM
    services: tuple[str, ...] = ("*",)
    actions: tuple[str, ...] = ("*",)

    def covers(self, action: ActionSpec, target: str) -> bool:
        """True when this person's role reaches the action on that target."""
        return (
            action.risk <= self.up_to
            and ("*" in self.services or target in self.services)
            and ("*" in self.actions or action.name in self.actions)
        )


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything the configuration says. `policy_version` is the digest of its rules: a change voids pending approvals.

    `platform` says where changes are read, `logs_dir` where services write JSON lines; both may be empty.
    `responders` are invited to every incident's room beside the owners. `executors` holds each executor's own settings.
    `rules` is what `policy_version` is the digest of, kept so that a refusal can say what changed.
    """

    environment: str = "default"
    services: Mapping[str, Service] = field(default_factory=dict)
    actions: Mapping[str, ActionSpec] = field(default_factory=dict)
    approvers: tuple[Approver, ...] = ()
    responders: tuple[str, ...] = ()
    policy_version: str = "0"
    platform: Mapping[str, str] = field(default_factory=dict)
    logs_dir: str = ""
    requesters: tuple[Requester, ...] = ()
    freezes: tuple[FreezeWindow, ...] = ()
    standing: tuple[StandingPolicy, ...] = ()
    plans: Mapping[str, PlanSpec] = field(default_factory=dict)
    rules: Mapping[str, Json] = field(default_factory=dict)
    executors: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    webhooks: Webhooks = field(default_factory=Webhooks)

    def service(self, name: str) -> Service:
        """The service of that exact name; raises NotFound."""
        try:
            return self.services[name]
        except KeyError:
            known = ", ".join(sorted(self.services)) or "none yet"
            raise NotFound(f"No service is called '{name}'.", f"The inventory knows: {known}.") from None

    def action(self, name: str) -> ActionSpec:
        """The catalogue entry of that exact name; raises ActionRefused."""
        try:
            return self.actions[name]
        except KeyError:
            known = ", ".join(sorted(self.actions)) or "none yet"
            raise ActionRefused(f"The catalogue has no action '{name}'.", f"It has: {known}.") from None

    def neighbourhood(self, service: str, hops: int = 2) -> tuple[str, ...]:
        """The service and what it depends on, nearest first, then the services that depend on it directly."""
        seen: dict[str, None] = {service: None}
        frontier = [service]
        for _ in range(hops):
            frontier = [dep for name in frontier if name in self.services for dep in self.services[name].depends_on]
            seen.update(dict.fromkeys(frontier))
        callers = [name for name, item in self.services.items() if service in item.depends_on]
        seen.update(dict.fromkeys(callers))
        return tuple(seen)
