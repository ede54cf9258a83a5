"""Carries a plan forward: proposes each step when those before it reached their goal, and stops at the first that fails."""

from dataclasses import dataclass, replace

from app.domain.errors import ApprovalRefused, Conflict, NotFound, Refused, Unavailable
from app.domain.inventory import Inventory
from app.domain.permission import check_requester
from app.domain.person import Person
from app.domain.plan import Plan, PlanStatus
from app.domain.timeline import EntryKind
from app.domain.work import Task
from app.ports.clock import Ids
from app.ports.store import Store, Transaction
from app.services.propose import Propose
from app.services.say import Say


@dataclass(frozen=True, slots=True)
class Plans:
    """Plans of the catalogue, under way in incidents. Each step needs its own approval."""

    store: Store
    inventory: Inventory
    propose: Propose
    ids: Ids
    say: Say

    def start(self, number: int, name: str, person: Person) -> tuple[Plan, list[Task]]:
        """Begins a plan of the catalogue in an incident; raises NotFound, ApprovalRefused or Refused."""
        spec = self.inventory.plans.get(name)
        if spec is None:
            known = ", ".join(sorted(self.inventory.plans)) or "none: add plans to the configuration"
            raise NotFound(f"There is no plan '{name[:40]}'.", f"There are: {known}.")
        for step in spec.steps:
            check_requester(person, self.inventory.action(step.action), step.target, self.inventory)
        with self.store.begin() as tx:
            incident = tx.incidents.get(number)
            if not incident.is_open:
                raise Refused(f"{incident.name} is over.", "Reopen it with `/inc status investigating`.")
            if any(item.name == name and item.status is PlanStatus.RUNNING for item in tx.plans.of(number)):
                raise Refused(f"The plan '{name}' is under way in INC-{number}.", "Approve its next step, or stop it first.")
            plan = Plan(self.ids.new("plan"), number, name, spec.title, person.id, spec.steps, tx.now())
            tx.plans.add(plan)
            steps = ", ".join(f"{step.name} ({step.action} on {step.target})" for step in plan.steps)
            text = f"<@{person.id}> starts the plan '{plan.title}': {steps}"
            tx.timeline.append(number, EntryKind.PROPOSAL, text, person.id, tx.now(), {"plan": plan.id})
        return plan, self.advance(plan.id)

    def stop(self, plan_id: str, person: Person) -> Plan:
        """Ends a plan early; what runs is not touched. Raises ApprovalRefused or Refused."""
        if not person.is_member:
            raise ApprovalRefused(
                "Guests, bots and people from other workspaces cannot stop a plan.", "Ask a member of the team."
            )
        with self.store.begin() as tx:
            plan = tx.plans.get(plan_id)
            if plan.status is not PlanStatus.RUNNING:
                raise Refused(f"The plan '{plan.title}' is {plan.status.value} already.", "Nothing was changed.")
            return self._end(tx, plan, PlanStatus.STOPPED, f"stopped by <@{person.id}>")

    def advance(self, plan_id: str) -> list[Task]:
        """Judges the plan and proposes what has become ready; doing it twice changes nothing."""
        try:
            return self._advance(plan_id)
        except Conflict:
            return []  # another replica moved it at the same moment

    def _advance(self, plan_id: str) -> list[Task]:
        with self.store.begin() as tx:
            plan = tx.plans.get(plan_id)
            proposals = {item.id: item for item in tx.proposals.of(plan.incident)}
            judged = plan.judged(proposals)
            if judged.status is not plan.status:
                self._end(tx, plan, judged.status, judged.reason)
                words = "is done: every step reached its goal" if judged.status is PlanStatus.DONE else f"stops: {judged.reason}"
                text = f"The plan '{plan.title}' {words}."
                return [self.say.note(tx, plan.incident, text, alarming=judged.status is PlanStatus.STOPPED)]
            if not tx.incidents.get(plan.incident).is_open:
                self._end(tx, plan, PlanStatus.STOPPED, "the incident is over")
                return []
            ready = plan.ready(proposals)
        tasks: list[Task] = []
        for step in ready:
            try:
                proposal, shown = self.propose.step(plan, step)
            except (Refused, Unavailable) as problem:
                return [*tasks, *self._give_up(plan.id, f"step '{step.name}' cannot be proposed: {problem}")]
            with self.store.begin() as tx:
                plan = tx.plans.save(plan.proposed(step.name, proposal.id))
            tasks += shown
        return tasks

    def _give_up(self, plan_id: str, reason: str) -> list[Task]:
        with self.store.begin() as tx:
            plan = tx.plans.get(plan_id)
            if plan.status is not PlanStatus.RUNNING:
                return []
            self._end(tx, plan, PlanStatus.STOPPED, reason)
            return [self.say.note(tx, plan.incident, f"The plan '{plan.title}' stops: {reason}.", alarming=True)]

    def _end(self, tx: Transaction, plan: Plan, status: PlanStatus, reason: str) -> Plan:
        ended = tx.plans.save(replace(plan, status=status, reason=reason[:300]))
        text = f"The plan '{plan.title}' is {status.value}" + (f": {reason}" if reason else "")
        tx.timeline.append(plan.incident, EntryKind.DECISION, text[:400], "sitrep", tx.now(), {"plan": plan.id})
        return ended
