"""Other tools' names for our services, as the team wrote them down."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from app.domain.report import Report


@dataclass(frozen=True, slots=True)
class ServiceNames:
    """`ours` maps another tool's name to our service; `known` are the services of the configuration."""

    ours: Mapping[str, str]
    known: Collection[str]

    def __call__(self, name: str) -> str:
        """Our name: as written down, or as it is, without letter case, or without the owner before its last slash."""
        by_small = {service.casefold(): service for service in self.known}
        tail = name.rpartition("/")[2]
        for spelling in (name, tail):
            found = self.ours.get(spelling) or by_small.get(spelling.casefold())
            if found:
                return found
        return tail or name

    def in_report(self, report: Report) -> Report:
        """The report in our names."""
        return replace(
            report,
            signals=tuple(
                replace(signal, service=self(signal.service)) if signal.service else signal for signal in report.signals
            ),
            changes=tuple(replace(change, service=self(change.service)) for change in report.changes),
        )
