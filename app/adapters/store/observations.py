"""What was seen and what was said about it, as rows: signals, evidence and assessments."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select
from sqlmodel import Field, Session, UniqueConstraint, col

from app.adapters.store import nested
from app.adapters.store.columns import CleanText, JsonText, UtcTime
from app.adapters.store.incidents import lock_head, move_head
from app.adapters.store.rows import Row, fetch, fetch_one, find, find_all, insert_new, insert_row, set_row, wait_for_turn
from app.domain.canonical import plain
from app.domain.evidence import Assessment, Evidence, EvidenceKind, Tier
from app.domain.severity import Severity
from app.domain.signal import Signal, SignalState, Tally

MOST_TALLIES = 2000


class SignalRow(Row, table=True):
    """The newest word on one episode of one condition."""

    __tablename__ = "signals"
    episode: str = Field(primary_key=True, sa_type=CleanText)
    incident: int = Field(foreign_key="incidents.number", index=True)
    source: str = Field(sa_type=CleanText)
    fingerprint: str = Field(sa_type=CleanText, index=True)
    name: str = Field(sa_type=CleanText)
    state: str = Field(sa_type=CleanText)
    severity: int
    starts_at: datetime = Field(sa_type=UtcTime)
    ends_at: datetime | None = Field(sa_type=UtcTime)
    service: str | None = Field(sa_type=CleanText)
    summary: str = Field(sa_type=CleanText)
    description: str = Field(sa_type=CleanText)
    labels: Any = Field(sa_type=JsonText)
    annotations: Any = Field(sa_type=JsonText)
    group_key: str = Field(sa_type=CleanText)
    link: str = Field(sa_type=CleanText)
    said_at: datetime | None = Field(default=None, sa_type=UtcTime)


class EvidenceRow(Row, table=True):
    """One thing that was seen, under its number within the incident."""

    __tablename__ = "evidence"
    __table_args__ = (UniqueConstraint("incident", "key"),)
    incident: int = Field(primary_key=True, foreign_key="incidents.number")
    seq: int = Field(primary_key=True)
    key: str = Field(sa_type=CleanText)
    kind: str = Field(sa_type=CleanText)
    source: str = Field(sa_type=CleanText)
    summary: str = Field(sa_type=CleanText)
    observed_at: datetime = Field(sa_type=UtcTime)
    service: str | None = Field(sa_type=CleanText)
    data: Any = Field(sa_type=JsonText)
    link: str = Field(sa_type=CleanText)
    tainted: bool


class AssessmentRow(Row, table=True):
    """What Sitrep said at one moment."""

    __tablename__ = "assessments"
    seq: int | None = Field(default=None, primary_key=True)
    incident: int = Field(foreign_key="incidents.number", index=True)
    tier: int
    headline: Any = Field(sa_type=JsonText)
    findings: Any = Field(sa_type=JsonText)
    suggestions: Any = Field(sa_type=JsonText)
    written_at: datetime = Field(sa_type=UtcTime)
    cause: str | None = Field(sa_type=CleanText)
    ruled_out: Any = Field(sa_type=JsonText)
    unknowns: Any = Field(sa_type=JsonText)
    refused: int
    degraded: str = Field(sa_type=CleanText)
    model: str = Field(sa_type=CleanText)


class SqlSignals:
    """Signals and the incident each was folded into."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, incident: int, signal: Signal) -> bool:
        """True if the episode is new, or its state, severity or incident changed; only then is anything written."""
        row = _signal_row(incident, signal)
        if insert_new(self._session, row):
            return True
        before = find(self._session, SignalRow, lock=True, episode=signal.episode)
        if before is not None and (before.state, before.severity, before.incident) == (row.state, row.severity, row.incident):
            return False
        set_row(self._session, SignalRow, {"episode": signal.episode}, row.model_dump(exclude={"episode"}))
        return True

    def incident_of(self, episode: str) -> int | None:
        """The incident an episode was folded into.

        Asking is the first step of intake, so it also waits for its turn: of two replicas that see a new condition at
        the same moment, the second one finds the incident the first one opened.
        """
        wait_for_turn(self._session, "intake")
        row = find(self._session, SignalRow, episode=episode)
        return None if row is None else row.incident

    def latest(self, source: str, fingerprint: str) -> Signal | None:
        """The newest episode of a condition; waits for its turn, as `incident_of` does."""
        wait_for_turn(self._session, "intake")
        same = select(SignalRow).where(col(SignalRow.fingerprint) == fingerprint, col(SignalRow.source) == source)
        row = fetch_one(self._session, same.order_by(col(SignalRow.starts_at).desc(), col(SignalRow.episode)))
        return None if row is None else _signal(row)

    def of(self, incident: int, limit: int | None = None) -> Sequence[Signal]:
        """The signals of an incident, oldest start first."""
        found = select(SignalRow).where(col(SignalRow.incident) == incident)
        ordered = found.order_by(col(SignalRow.starts_at), col(SignalRow.episode)).limit(limit)
        return [_signal(row) for row in fetch(self._session, ordered)]

    def tallies(self, incidents: Sequence[int]) -> Sequence[Tally]:
        """Counts by incident, service and name."""
        began, fires = func.min(col(SignalRow.starts_at)), col(SignalRow.state) != SignalState.RESOLVED.value
        keys = (col(SignalRow.incident), col(SignalRow.service), col(SignalRow.name))
        sums = (func.sum(case((fires, 1), else_=0)), func.count(), func.min(case((fires, col(SignalRow.severity)))))
        found = select(*keys, began, *sums).where(col(SignalRow.incident).in_(list(incidents))).group_by(*keys)
        rows = self._session.execute(found.order_by(began).limit(MOST_TALLIES)).all()
        return [
            Tally(incident, service, name, since, int(firing), count - int(firing), None if worst is None else Severity(worst))
            for incident, service, name, since, firing, count, worst in rows
        ]


class SqlEvidence:
    """Evidence with its ids."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, incident: int, evidence: Evidence) -> Evidence:
        """Stores it under the next `E<n>`, or over the one with the same key, which keeps its id."""
        head = lock_head(self._session, incident)
        known = find(self._session, EvidenceRow, incident=incident, key=evidence.key)
        row = _evidence_row(incident, head.evidence_seq + 1 if known is None else known.seq, evidence)
        if known is None:
            insert_row(self._session, row)
            move_head(self._session, incident, evidence_seq=row.seq)
        else:
            set_row(
                self._session,
                EvidenceRow,
                {"incident": incident, "key": evidence.key},
                row.model_dump(exclude={"incident", "seq", "key"}),
            )
        return replace(evidence, id=f"E{row.seq}")

    def of(self, incident: int) -> Sequence[Evidence]:
        """In the order of ids."""
        return [_evidence(row) for row in find_all(self._session, EvidenceRow, ("seq",), incident=incident)]


class SqlAssessments:
    """What Sitrep said, kept whole."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, assessment: Assessment) -> None:
        """Keeps one more."""
        insert_row(self._session, _assessment_row(assessment), omit=frozenset({"seq"}))

    def latest(self, incident: int) -> Assessment | None:
        """The newest."""
        found = select(AssessmentRow).where(col(AssessmentRow.incident) == incident).order_by(col(AssessmentRow.seq).desc())
        row = fetch_one(self._session, found)
        return None if row is None else _assessment(row)

    def of(self, incident: int) -> Sequence[Assessment]:
        """Oldest first."""
        return [_assessment(row) for row in find_all(self._session, AssessmentRow, ("seq",), incident=incident)]


def _signal_row(incident: int, signal: Signal) -> SignalRow:
    return SignalRow(
        episode=signal.episode,
        incident=incident,
        source=signal.source,
        fingerprint=signal.fingerprint,
        name=signal.name,
        state=signal.state.value,
        severity=int(signal.severity),
        starts_at=signal.starts_at,
        ends_at=signal.ends_at,
        service=signal.service,
        summary=signal.summary,
        description=signal.description,
        labels=plain(signal.labels),
        annotations=plain(signal.annotations),
        group_key=signal.group_key,
        link=signal.link,
        said_at=signal.said_at,
    )


def _signal(row: SignalRow) -> Signal:
    return Signal(
        source=row.source,
        fingerprint=row.fingerprint,
        name=row.name,
        state=SignalState(row.state),
        severity=Severity(row.severity),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        service=row.service,
        summary=row.summary,
        description=row.description,
        labels=nested.texts(row.labels),
        annotations=nested.texts(row.annotations),
        group_key=row.group_key,
        link=row.link,
        said_at=row.said_at,
    )


def _evidence_row(incident: int, seq: int, evidence: Evidence) -> EvidenceRow:
    return EvidenceRow(
        incident=incident,
        seq=seq,
        key=evidence.key,
        kind=evidence.kind.value,
        source=evidence.source,
        summary=evidence.summary,
        observed_at=evidence.observed_at,
        service=evidence.service,
        data=plain(evidence.data),
        link=evidence.link,
        tainted=evidence.tainted,
    )


def _evidence(row: EvidenceRow) -> Evidence:
    return Evidence(
        id=f"E{row.seq}",
        key=row.key,
        kind=EvidenceKind(row.kind),
        source=row.source,
        summary=row.summary,
        observed_at=row.observed_at,
        service=row.service,
        data=nested.members(row.data),
        link=row.link,
        tainted=row.tainted,
    )


def _assessment_row(assessment: Assessment) -> AssessmentRow:
    return AssessmentRow(
        incident=assessment.incident,
        tier=int(assessment.tier),
        headline=nested.finding_json(assessment.headline),
        findings=nested.findings_json(assessment.findings),
        suggestions=nested.suggestions_json(assessment.suggestions),
        written_at=assessment.written_at,
        cause=assessment.cause,
        ruled_out=nested.findings_json(assessment.ruled_out),
        unknowns=list(assessment.unknowns),
        refused=assessment.refused,
        degraded=assessment.degraded,
        model=assessment.model,
    )


def _assessment(row: AssessmentRow) -> Assessment:
    return Assessment(
        incident=row.incident,
        tier=Tier(row.tier),
        headline=nested.finding(row.headline),
        findings=nested.findings(row.findings),
        suggestions=nested.suggestions(row.suggestions),
        written_at=row.written_at,
        cause=row.cause,
        ruled_out=nested.findings(row.ruled_out),
        unknowns=tuple(str(item) for item in nested.items(row.unknowns)),
        refused=row.refused,
        degraded=row.degraded,
        model=row.model,
    )
