"""Judges a run by the metric it promised to bring back: recovered, no change, worse, or unknown."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.action import Probe
from app.domain.canonical import Json
from app.domain.errors import Unavailable
from app.domain.evidence import Evidence, EvidenceKind
from app.domain.incident import Status
from app.domain.inventory import Inventory
from app.domain.proposal import Proposal, ProposalStatus, Run, Verdict
from app.domain.series import Bad, MetricSpec, Series
from app.domain.timeline import EntryKind
from app.domain.work import Due, Lane, Task
from app.ports.metrics import Metrics
from app.ports.store import Store, Transaction
from app.services.propose import verdict_words
from app.services.record import record
from app.services.say import Say

FIRST_LOOK = 4.0
LOOK_EVERY = 2.0
WORSE_BY = 0.2


@dataclass(frozen=True, slots=True)
class Verify:
    """Looks at the probe's metric until it decides or its window ends."""

    store: Store
    inventory: Inventory
    metrics: Metrics
    say: Say

    def __call__(self, proposal_id: str) -> list[Task]:
        """One look; plans the next one while the probe cannot decide yet."""
        with self.store.begin() as tx:
            proposal, run, now = tx.proposals.get(proposal_id), tx.proposals.run_of(proposal_id), tx.now()
        if run is None or run.verdict is not None:
            return []
        since = run.finished_at or run.claimed_at
        verdict, observed = self._judge(proposal, run, since, now)
        with self.store.begin() as tx:
            if verdict is None:
                tx.dues.plan(
                    Due(f"verify:{proposal_id}", "verify", now + timedelta(seconds=LOOK_EVERY), {"proposal": proposal_id})
                )
                return []
            return self._settle(tx, proposal_id, verdict, observed)

    def _judge(self, proposal: Proposal, run: Run, since: datetime, now: datetime) -> tuple[Verdict | None, float | None]:
        entry = self.inventory.actions.get(proposal.request.action)
        if entry is None:  # it left the catalogue, and its probe with it
            return Verdict.UNKNOWN, None
        return judge(entry.probe, run.baseline, self._series(proposal, entry.probe, since, now), since, now)

    def measure(self, proposal: Proposal) -> float | None:
        """The probe's metric right now: the baseline a run is judged against; None if it cannot be seen."""
        probe = self.inventory.action(proposal.request.action).probe
        with self.store.begin() as tx:
            now = tx.now()
        series = self._series(proposal, probe, now - timedelta(seconds=60), now)
        return series.latest.value if series and series.latest else None

    def _series(self, proposal: Proposal, probe: Probe, start: datetime, end: datetime) -> Series | None:
        service = probe.service or proposal.request.target
        spec = self.spec(proposal)
        if spec is None:
            return None
        try:
            return self.metrics.series(service, spec, start, end)
        except Unavailable:
            return None

    def spec(self, proposal: Proposal) -> MetricSpec | None:
        """The metric the probe reads; None if it is not in the configuration any more."""
        entry = self.inventory.actions.get(proposal.request.action)
        found = self.inventory.services.get(entry.probe.service or proposal.request.target) if entry else None
        return found.metric(entry.probe.metric) if found and entry else None

    def _settle(self, tx: Transaction, proposal_id: str, verdict: Verdict, observed: float | None) -> list[Task]:
        run = tx.proposals.run_of(proposal_id)
        proposal = tx.proposals.get(proposal_id)
        if run is None or run.verdict is not None:
            return []
        now = tx.now()
        judged = proposal.judged(verdict)
        if proposal.status is ProposalStatus.UNKNOWN and verdict is Verdict.RECOVERED:
            judged = judged.move_to(ProposalStatus.DONE)
        tx.proposals.save(judged, was=proposal.status)
        tx.proposals.save_run(replace(run, verdict=verdict, verdict_at=now, observed=observed))
        self._record(tx, judged, run, verdict, observed, now)
        if verdict is not Verdict.RECOVERED:
            plan_hand_over(tx, judged, now)
        number = proposal.incident
        tasks = [self.say.approval(tx, number, proposal_id), self.say.card(tx, number), self.say.topic(tx, number)]
        return tasks + self._move(tx, judged, verdict, now)

    def _move(self, tx: Transaction, proposal: Proposal, verdict: Verdict, now: datetime) -> list[Task]:
        """Moves an incident that is being fixed to where the verdict leads."""
        number = proposal.incident
        incident = tx.incidents.get(number)
        if incident.status is not Status.FIXING:
            return []
        status = Status.MONITORING if verdict is Verdict.RECOVERED else Status.INVESTIGATING
        tx.incidents.save(incident.move_to(status, now))
        tx.timeline.append(number, EntryKind.STATUS, f"The probe says {verdict.value}: {status.value}", "sitrep", now)
        if status is Status.MONITORING:
            return []
        return [Task(f"look:{number}:{proposal.id}", Lane.THINK, "investigate", {"incident": number})]

    def _record(
        self, tx: Transaction, proposal: Proposal, run: Run, verdict: Verdict, observed: float | None, now: datetime
    ) -> None:
        spec = self.spec(proposal)
        metric, unit = (spec.name, spec.unit) if spec else ("the metric", "")
        words = verdict_words(verdict, metric, unit, run.baseline, observed)
        evidence = tx.evidence.put(
            proposal.incident,
            Evidence(
                kind=EvidenceKind.PROBE,
                key=f"probe:{proposal.id}",
                source=self.metrics.name,
                summary=f"After '{proposal.title}': {words}",
                observed_at=now,
                service=proposal.request.target,
                data={"verdict": verdict.value, "baseline": run.baseline, "observed": observed},
                tainted=False,
            ),
        )
        data: dict[str, Json] = {"verdict": verdict.value, "evidence": evidence.id}
        record(tx, proposal, EntryKind.VERDICT, f"{proposal.title}: {words}", "sitrep", data)


def plan_hand_over(tx: Transaction, proposal: Proposal, now: datetime) -> None:
    """Hands what a standing policy started over to people, as soon as the next sweep; nothing for what people decided."""
    if proposal.policy:
        tx.dues.plan(Due(f"hand_over:{proposal.id}", "hand_over", now, {"proposal": proposal.id}))


def judge(
    probe: Probe, baseline: float | None, series: Series | None, since: datetime, now: datetime
) -> tuple[Verdict | None, float | None]:
    """The verdict and the value it rests on, or None while it is too early.

    Recovered: every point of the last `hold_s` seconds is good, and the metric was bad before the run; a metric that was
    good already earns no credit (no change). Worse: at the window's end it lies 20 % beyond the baseline, on the bad side.
    """
    points = [point for point in series.points if point.at > since] if series else []
    elapsed = (now - since).total_seconds()
    held = [point for point in points if (now - point.at).total_seconds() <= probe.hold_s]
    if held and elapsed >= probe.hold_s and all(probe.is_good(point.value) for point in held):
        was_good = baseline is not None and probe.is_good(baseline)
        return (Verdict.NO_CHANGE if was_good else Verdict.RECOVERED), held[-1].value
    if elapsed < probe.window_s:
        return None, None
    if not held:
        return Verdict.UNKNOWN, None
    worst = held[-1].value
    if baseline is not None and _is_worse(probe, baseline, worst):
        return Verdict.WORSE, worst
    return Verdict.NO_CHANGE, worst


def _is_worse(probe: Probe, baseline: float, value: float) -> bool:
    margin = max(abs(baseline), abs(probe.threshold)) * WORSE_BY
    return value > baseline + margin if probe.bad is Bad.ABOVE else value < baseline - margin
