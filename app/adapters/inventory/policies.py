"""Turns the file's roles, freeze windows, standing policies and plans into rules, and checks every name in them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time

from app.adapters.inventory import models
from app.adapters.inventory.rules import standing_rules
from app.adapters.inventory.yaml_text import Document, Path
from app.domain.action import ActionSpec, Risk
from app.domain.canonical import Json, digest, plain
from app.domain.errors import ActionRefused, BadInput
from app.domain.inventory import Approver, Service
from app.domain.plan import Goal, PlanSpec, Step, check_steps
from app.domain.policy import Bound, FreezeWindow, Requester, StandingPolicy, is_fit_for_standing


class Policies:
    """Reads the rules of one document; raises BadInput `file:line key: what` for the first thing that does not hold."""

    def __init__(
        self,
        document: Document,
        services: Mapping[str, Service],
        actions: Mapping[str, ActionSpec],
        executors: Mapping[str, Mapping[str, Json]],
    ) -> None:
        self._document = document
        self._executors = executors
        self._services = services
        self._actions = actions

    def approvers(self, entries: Iterable[models.ApproverEntry]) -> tuple[Approver, ...]:
        """Who may approve what, up to which risk."""
        found = []
        for index, entry in enumerate(entries):
            self._check_scope(entry.services, entry.actions, ("approvers", index))
            found.append(Approver(entry.user, Risk[entry.up_to.upper()], tuple(entry.services), tuple(entry.actions)))
        return tuple(found)

    def requesters(self, entries: Iterable[models.RequesterEntry]) -> tuple[Requester, ...]:
        """Who may ask, beside owners, responders and approvers."""
        found = []
        for index, entry in enumerate(entries):
            self._check_scope(entry.services, entry.actions, ("requesters", index))
            found.append(Requester(entry.user, tuple(entry.services), tuple(entry.actions)))
        return tuple(found)

    def freezes(self, entries: Iterable[models.FreezeEntry]) -> tuple[FreezeWindow, ...]:
        """When nothing may start."""
        found: dict[str, FreezeWindow] = {}
        for index, entry in enumerate(entries):
            path: Path = ("freezes", index)
            self._check_scope(entry.services, entry.actions, path)
            if entry.name in found:
                raise self._document.problem((*path, "name"), f"'{entry.name}' stands twice", "Rename one of them.")
            found[entry.name] = self._window(entry, path)
        return tuple(found.values())

    def standing(self, entries: Iterable[models.StandingEntry]) -> tuple[StandingPolicy, ...]:
        """What people approve beforehand, with the digest they sign."""
        found: dict[str, StandingPolicy] = {}
        for index, entry in enumerate(entries):
            path: Path = ("policies", index)
            if entry.name in found:
                raise self._document.problem((*path, "name"), f"'{entry.name}' stands twice", "Rename one of them.")
            policy = self._standing(entry, path)
            found[entry.name] = replace(policy, digest=digest(standing_rules(policy, self._actions, self._executors)))
        return tuple(found.values())

    def plans(self, entries: Iterable[models.PlanEntry]) -> dict[str, PlanSpec]:
        """Plans by name."""
        found: dict[str, PlanSpec] = {}
        for index, entry in enumerate(entries):
            path: Path = ("plans", index)
            if entry.name in found:
                raise self._document.problem((*path, "name"), f"'{entry.name}' stands twice", "Rename one of them.")
            steps = tuple(self._step(step, (*path, "steps", position)) for position, step in enumerate(entry.steps))
            try:
                check_steps(steps)
            except BadInput as problem:
                raise self._document.problem((*path, "steps"), problem.message, problem.hint) from None
            found[entry.name] = PlanSpec(entry.name, entry.title or entry.name, steps)
        return found

    def _window(self, entry: models.FreezeEntry, path: Path) -> FreezeWindow:
        is_once, is_weekly = entry.starts_at is not None and entry.ends_at is not None, bool(entry.days)
        if is_once == is_weekly or (entry.starts_at is None) != (entry.ends_at is None):
            hint = "Give starts_at and ends_at, or days with since and until."
            raise self._document.problem(path, "needs either two moments or days", hint)
        window = FreezeWindow(
            name=entry.name,
            services=tuple(entry.services),
            actions=tuple(entry.actions),
            starts_at=self._moment(entry.starts_at, (*path, "starts_at")) if entry.starts_at else None,
            ends_at=self._moment(entry.ends_at, (*path, "ends_at")) if entry.ends_at else None,
            days=tuple(entry.days),
            since=time.fromisoformat(entry.since),
            until=time.fromisoformat(entry.until),
        )
        if window.starts_at and window.ends_at and window.ends_at <= window.starts_at:
            raise self._document.problem((*path, "ends_at"), "is not after starts_at", "Swap them.")
        return window

    def _standing(self, entry: models.StandingEntry, path: Path) -> StandingPolicy:
        spec = self._action(entry.action, (*path, "action"))
        unfit = is_fit_for_standing(spec) or self._undo_problem(spec)
        if unfit:
            hint = "Only low-risk actions with an undo, itself of low risk, may run by a policy."
            raise self._document.problem((*path, "action"), unfit, hint)
        parameters = self._checked(spec, entry.target, entry.parameters, path)
        bounds = {name: Bound(exactly=value) for name, value in parameters.items()}
        for name, bound in entry.bounds.items():
            if name not in parameters:
                raise self._document.problem((*path, "bounds", name), f"{spec.name} has no parameter '{name}'", "Remove it.")
            bounds[name] = Bound(minimum=bound.minimum, maximum=bound.maximum)
        policy = StandingPolicy(
            name=entry.name,
            action=entry.action,
            target=entry.target,
            alerts=tuple(entry.alerts),
            expires_at=self._moment(entry.expires_at, (*path, "expires_at")),
            parameters=parameters,
            bounds=bounds,
            budget_per_hour=entry.budget_per_hour,
            min_success=entry.min_success,
        )
        try:
            policy.check(parameters)
        except ActionRefused as problem:
            raise self._document.problem((*path, "bounds"), problem.message, "Widen the bounds or change the value.") from None
        return policy

    def _undo_problem(self, spec: ActionSpec) -> str:
        undo = self._actions.get(spec.undo.action) if spec.undo else None
        if undo is not None and undo.risk is not Risk.LOW:
            return f"the undo of {spec.name} has {undo.risk.label} risk"
        return ""

    def _step(self, entry: models.StepEntry, path: Path) -> Step:
        spec = self._action(entry.action, (*path, "action"))
        parameters = self._checked(spec, entry.target, entry.parameters, path)
        return Step(entry.name, entry.action, entry.target, parameters, tuple(entry.after), Goal(entry.goal))

    def _action(self, name: str, path: Path) -> ActionSpec:
        spec = self._actions.get(name)
        if spec is None:
            known = ", ".join(sorted(self._actions)) or "none"
            raise self._document.problem(path, f"no action is called '{name}'", f"There are: {known}.")
        return spec

    def _checked(self, spec: ActionSpec, target: str, parameters: Mapping[str, object], path: Path) -> dict[str, Json]:
        try:
            return spec.check(target, {name: plain(value) for name, value in parameters.items()})
        except ActionRefused as problem:
            raise self._document.problem(path, problem.message, problem.hint) from None

    def _check_scope(self, services: list[str], actions: list[str], path: Path) -> None:
        for key, names, known in (("services", services, self._services), ("actions", actions, self._actions)):
            for position, name in enumerate(names):
                if name != "*" and name not in known:
                    hint = f'There are: {", ".join(sorted(known)) or "none"}; "*" means all.'
                    raise self._document.problem((*path, key, position), f"'{name}' is not known", hint)

    def _moment(self, text: str, path: Path) -> datetime:
        try:
            return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)
        except ValueError:
            raise self._document.problem(path, f"{text} is no moment", "Write it like 2026-12-24T18:00Z.") from None
