"""A case and the service that was broken in it."""

from dataclasses import dataclass, replace

from app.analysis.case import Case


@dataclass(frozen=True, slots=True)
class KnownIncident:
    """`fault` says in a word what was done to the service `cause`."""

    name: str
    case: Case
    cause: str
    fault: str


def noticed_late(incident: KnownIncident, seconds: float) -> KnownIncident:
    """The same incident with its start noticed `seconds` after the fact."""
    case = incident.case
    return replace(incident, case=replace(case, start=case.start + seconds, end=max(case.end, case.start + 2 * seconds)))
