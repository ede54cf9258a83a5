"""Answers questions from runbooks, past incidents and the incident's own evidence, with citations or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.errors import Unavailable
from app.domain.evidence import Assessment, Evidence
from app.domain.messages import Answer, Passage
from app.ports.analyst import Analyst
from app.ports.knowledge import Knowledge
from app.ports.store import Store

_ABOUT_NOW = frozenset(
    {"what", "wrong", "happening", "status", "why", "cause", "broken", "going", "happened", "now", "since", "when", "summary"}
)


@dataclass(frozen=True, slots=True)
class AnswerQuestion:
    """Answers; says plainly when nothing in memory matches."""

    store: Store
    knowledge: Knowledge
    analyst: Analyst | None

    def __call__(self, question: str, number: int | None = None, kinds: Sequence[str] = (), top: int = 3) -> Answer:
        """An answer about an incident (`number`) or about memory in general. Never raises for a part that is down."""
        evidence, latest = self._known(number)
        passages, is_confident, degraded = self._recall(question, kinds, top)
        if self.analyst is not None and (passages or evidence):
            try:
                return self.analyst.answer(question, passages, evidence)
            except Unavailable as problem:
                degraded = problem.message
        return _plain_answer(question, passages, latest, is_confident, degraded)

    def _known(self, number: int | None) -> tuple[Sequence[Evidence], Assessment | None]:
        if number is None:
            return (), None
        with self.store.begin() as tx:
            return tx.evidence.of(number), tx.assessments.latest(number)

    def _recall(self, question: str, kinds: Sequence[str], top: int) -> tuple[tuple[Passage, ...], bool, str]:
        try:
            found = self.knowledge.search(question, kinds=kinds, top=top)
        except Unavailable as problem:
            return (), False, problem.message
        return found.passages if found.is_confident else (), found.is_confident, found.degraded


def similar_question(number: int, store: Store) -> str:
    """The words to search past incidents by, from what is known of one."""
    with store.begin() as tx:
        incident, signals = tx.incidents.get(number), tx.signals.of(number, 200)
    names = " ".join(f"{signal.name} {signal.summary}" for signal in signals[:3])
    return f"{incident.title} {incident.service or ''} {names}".strip()


def _plain_answer(
    question: str, passages: Sequence[Passage], latest: Assessment | None, is_confident: bool, degraded: str
) -> Answer:
    sentences: list[str] = []
    if latest is not None and _is_about_now(question):
        sentences.append(f"{latest.headline.text} [{', '.join(latest.headline.evidence)}]")
        sentences += [f"{item.text} [{', '.join(item.evidence)}]" for item in latest.findings[:3]]
    sentences += [f"{_first_words(item.text)} [{item.id}]" for item in passages]
    if not sentences:
        sentences.append("Nothing in memory matches this well enough to answer.")
    tier = "rules and retrieval, no model" + (f"; {degraded}" if degraded else "")
    return Answer(question, tuple(sentences), tuple(passages), tier, is_confident or latest is not None)


def _is_about_now(question: str) -> bool:
    return bool(_ABOUT_NOW & set(question.lower().replace("?", " ").split()))


def _first_words(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 320 else flat[:320].rsplit(" ", 1)[0] + " …"
