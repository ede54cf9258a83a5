"""Plans as rows, with their steps inside."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Field, Session, col

from app.adapters.store import nested
from app.adapters.store.columns import CleanText, JsonText, UtcTime
from app.adapters.store.rows import Row, change, fetch, fetch_one, insert_new
from app.domain.canonical import Json, plain
from app.domain.errors import Conflict, NotFound
from app.domain.plan import Goal, Plan, PlanStatus, Step


class PlanRow(Row, table=True):
    """One plan under way or ended."""

    __tablename__ = "plans"
    id: str = Field(primary_key=True, sa_type=CleanText)
    incident: int = Field(foreign_key="incidents.number", index=True)
    name: str = Field(sa_type=CleanText)
    title: str = Field(sa_type=CleanText)
    requester: str = Field(sa_type=CleanText)
    steps: Any = Field(sa_type=JsonText)
    created_at: datetime = Field(sa_type=UtcTime)
    status: str = Field(sa_type=CleanText, index=True)
    reason: str = Field(sa_type=CleanText)
    version: int


class SqlPlans:
    """Plans under way and ended."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, plan: Plan) -> None:
        """Stores a new one; raises Conflict if the id exists."""
        if not insert_new(self._session, _row(plan)):
            raise Conflict(f"A plan {plan.id} exists already.", "Read it instead of storing it again.")

    def get(self, plan_id: str) -> Plan:
        """Raises NotFound."""
        row = fetch_one(self._session, select(PlanRow).where(col(PlanRow.id) == plan_id))
        if row is None:
            raise NotFound(f"There is no plan {plan_id}.", "`/inc plan` lists the plans of an incident.")
        return _plan(row)

    def save(self, plan: Plan) -> Plan:
        """Stores a changed plan with version + 1; raises Conflict if somebody saved that version already."""
        stored = replace(plan, version=plan.version + 1)
        ours = [col(PlanRow.id) == plan.id, col(PlanRow.version) == plan.version]
        if change(self._session, PlanRow, ours, _row(stored).model_dump(exclude={"id"})) != 1:
            raise Conflict(f"The plan {plan.id} was changed by somebody else.", "Read it again and repeat the change.")
        return stored

    def of(self, incident: int) -> Sequence[Plan]:
        """Oldest first."""
        found = select(PlanRow).where(col(PlanRow.incident) == incident).order_by(col(PlanRow.created_at), col(PlanRow.id))
        return [_plan(row) for row in fetch(self._session, found)]

    def running(self) -> Sequence[Plan]:
        """Across incidents, oldest first."""
        found = select(PlanRow).where(col(PlanRow.status) == PlanStatus.RUNNING.value)
        return [_plan(row) for row in fetch(self._session, found.order_by(col(PlanRow.created_at), col(PlanRow.id)))]


def steps_json(steps: Sequence[Step]) -> Json:
    """Steps, spelled for a column."""
    return [
        {
            "name": step.name,
            "action": step.action,
            "target": step.target,
            "parameters": plain(step.parameters),
            "after": list(step.after),
            "goal": step.goal.value,
            "proposal": step.proposal,
        }
        for step in steps
    ]


def _step(value: Json) -> Step:
    stored = nested.members(value)
    return Step(
        name=str(stored["name"]),
        action=str(stored["action"]),
        target=str(stored["target"]),
        parameters=nested.members(stored["parameters"]),
        after=tuple(str(item) for item in nested.items(stored["after"])),
        goal=Goal(str(stored["goal"])),
        proposal=str(stored["proposal"]),
    )


def _row(plan: Plan) -> PlanRow:
    return PlanRow(
        id=plan.id,
        incident=plan.incident,
        name=plan.name,
        title=plan.title,
        requester=plan.requester,
        steps=steps_json(plan.steps),
        created_at=plan.created_at,
        status=plan.status.value,
        reason=plan.reason,
        version=plan.version,
    )


def _plan(row: PlanRow) -> Plan:
    return Plan(
        id=row.id,
        incident=row.incident,
        name=row.name,
        title=row.title,
        requester=row.requester,
        steps=tuple(_step(item) for item in nested.items(row.steps)),
        created_at=row.created_at,
        status=PlanStatus(row.status),
        reason=row.reason,
        version=row.version,
    )
