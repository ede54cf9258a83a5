"""What Sitrep reads, from memory: numbers, logs, changes, knowledge and a model, each of which can be down."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.domain.canonical import Json
from app.domain.change import Change
from app.domain.errors import Unavailable
from app.domain.evidence import Assessment, Evidence
from app.domain.messages import Answer, Passage
from app.domain.series import MetricSpec, Point, Series
from app.ports.analyst import Brief
from app.ports.knowledge import Memory, Recollection
from app.ports.logs import LogLine


def points(start: datetime, values: Sequence[float], step_s: float = 15.0) -> tuple[Point, ...]:
    """Values at a steady pace from `start` on."""
    return tuple(Point(start + timedelta(seconds=step_s * index), value) for index, value in enumerate(values))


@dataclass
class FakeMetrics:
    """Numbers by (service, metric)."""

    stored: dict[tuple[str, str], tuple[Point, ...]] = field(default_factory=dict)
    down: str = ""
    name: str = "numbers in memory"

    def series(self, service: str, metric: MetricSpec, start: datetime, end: datetime) -> Series:
        """What was stored, within the window."""
        if self.down:
            raise Unavailable(self.down, "Look at it.")
        found = self.stored.get((service, metric.name), ())
        return Series(service, metric, tuple(point for point in found if start <= point.at <= end))

    def link(self, service: str, metric: MetricSpec) -> str:
        """No page."""
        return ""


@dataclass
class FakeLogs:
    """Log lines."""

    lines: list[LogLine] = field(default_factory=list)
    down: str = ""

    def between(self, service: str, start: datetime, end: datetime, limit: int = 500) -> Sequence[LogLine]:
        """The newest `limit` in the window, oldest first."""
        if self.down:
            raise Unavailable(self.down, "Look at it.")
        found = sorted(
            (line for line in self.lines if line.service == service and start <= line.at <= end), key=lambda one: one.at
        )
        return found[-limit:]


@dataclass
class FakeChanges:
    """Changes."""

    changes: list[Change] = field(default_factory=list)
    down: str = ""

    def between(self, start: datetime, end: datetime) -> Sequence[Change]:
        """Oldest first."""
        if self.down:
            raise Unavailable(self.down, "Look at it.")
        return sorted((one for one in self.changes if start <= one.at <= end), key=lambda one: one.at)


@dataclass
class FakeKnowledge:
    """Passages found by any word of their title or text that the question holds too."""

    passages: list[Passage] = field(default_factory=list)
    front: dict[str, dict[str, Json]] = field(default_factory=dict)
    learned: list[Memory] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    down: str = ""

    def search(self, question: str, kinds: Sequence[str] = (), top: int = 5) -> Recollection:
        """Those of the kinds that share a word with the question, best first."""
        if self.down:
            raise Unavailable(self.down, "Look at it.")
        self.asked.append(question)
        words = set(question.lower().split())
        near = [
            one
            for one in self.passages
            if (not kinds or one.kind in kinds) and words & set(f"{one.title} {one.text}".lower().split())
        ]
        best = tuple(sorted(near, key=lambda one: -one.score)[:top])
        return Recollection(best, is_confident=bool(best))

    def fields(self, document_id: str) -> dict[str, Json]:
        """The front matter."""
        return self.front.get(document_id, {})

    def learn(self, memory: Memory) -> None:
        """Replaces the one with the same id."""
        self.learned = [one for one in self.learned if one.id != memory.id] + [memory]


@dataclass
class FakeAnalyst:
    """A model that says what it is told to say."""

    says: Assessment | None = None
    answers: Answer | None = None
    down: str = ""
    briefs: list[Brief] = field(default_factory=list)

    def assess(self, brief: Brief) -> Assessment:
        """The prepared words, or the draft as they stand."""
        self.briefs.append(brief)
        if self.down:
            raise Unavailable(self.down, "The rules answer.")
        return self.says or brief.draft

    def answer(self, question: str, passages: Sequence[Passage], evidence: Sequence[Evidence]) -> Answer:
        """The prepared answer."""
        if self.down or self.answers is None:
            raise Unavailable(self.down or "nothing prepared", "The rules answer.")
        return self.answers
