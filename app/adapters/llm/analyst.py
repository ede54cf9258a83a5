"""The analyst with a model behind it: redacts what goes out, believes nothing that comes back."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import structlog
from pydantic import BaseModel

from app.adapters.llm.breaker import CircuitBreaker
from app.adapters.llm.chat import Chat
from app.adapters.llm.prompt import Prompt, answer_prompt, assess_prompt, budget_of
from app.adapters.llm.replies import AnswerReply, AnswerSentence, AssessmentReply, Sentence
from app.domain.errors import Unavailable
from app.domain.evidence import Assessment, Confidence, Evidence, Finding, Suggestion, Tier
from app.domain.grounding import ground_sentence
from app.domain.messages import Answer, Passage
from app.domain.redaction import Redactor
from app.ports.analyst import Brief
from app.ports.clock import Clock

log = structlog.get_logger()
ReplyT = TypeVar("ReplyT", bound=BaseModel)
_NO_INCIDENT = 0


class ModelAnalyst:
    """Implements `ports.analyst.Analyst` with an OpenAI-compatible endpoint.

    `redactor_for` gives the redactor of an incident (0 for questions outside one). Secrets stay masked in what comes back;
    personal data that was masked on the way out is put back. Every failure is Unavailable with a reason for the card.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        model: str,
        redactor_for: Callable[[int], Redactor],
        clock: Clock,
        timeout_s: float = 20.0,
        tier: Tier = Tier.MODEL,
        max_tokens: int = 1500,
    ) -> None:
        self._model = model
        self._redactor_for = redactor_for
        self._tier = tier
        self._budget = budget_of(tier)
        self._chat = Chat(base_url, api_key, model, timeout_s, max_tokens)
        self._breaker = CircuitBreaker(clock)

    def assess(self, brief: Brief) -> Assessment:
        """The model's findings, not yet grounded; raises Unavailable."""
        redactor, prompt = self._masked(brief.incident.number, lambda redactor: assess_prompt(brief, redactor, self._budget))
        reply = self._ask(prompt, AssessmentReply)
        if not reply.headline.text.strip():
            raise Unavailable("The model gave an empty answer.")
        given = {item.id: item for item in brief.suggestions}
        chosen = _chosen(reply.suggestions, given)
        return Assessment(
            incident=brief.incident.number,
            tier=self._tier,
            headline=_finding(reply.headline, redactor),
            findings=tuple(_finding(item, redactor) for item in reply.findings),
            suggestions=chosen,
            written_at=brief.now,
            cause=reply.cause,
            ruled_out=tuple(_finding(item, redactor) for item in reply.ruled_out),
            unknowns=tuple(_shown(text, redactor) for text in reply.unknowns),
            refused=sum(name not in given for name in reply.suggestions),
            model=self._model,
        )

    def answer(self, question: str, passages: Sequence[Passage], evidence: Sequence[Evidence]) -> Answer:
        """Sentences that cite passages or evidence by id; the others are dropped. Raises Unavailable if none is left."""
        labelled = {f"R{number}": passage for number, passage in enumerate(passages, 1)}
        redactor, prompt = self._masked(
            _NO_INCIDENT, lambda redactor: answer_prompt(question, labelled, evidence, redactor, self._budget)
        )
        reply = self._ask(prompt, AnswerReply)
        by_id = {item.id: item for item in evidence if item.id}
        cited = [_cited(item, labelled, by_id, redactor) for item in reply.sentences]
        sentences = tuple(text for text, _ in cited if text)
        if not sentences:
            raise Unavailable("The model gave no sentence that cites a source.")
        used = {name for text, names in cited if text for name in names}
        shown = tuple(passage for label, passage in labelled.items() if label in used)
        return Answer(question, sentences, shown, f"{self._tier.label} ({self._model})")

    def _masked(self, incident: int, build: Callable[[Redactor], Prompt]) -> tuple[Redactor, Prompt]:
        """Fails closed: without redaction nothing leaves."""
        try:
            redactor = self._redactor_for(incident)
            return redactor, build(redactor)
        except Exception as problem:  # noqa: BLE001 - fails closed whatever went wrong
            log.error("model.redaction_failed", incident=incident, error=type(problem).__name__)  # noqa: TRY400 - a traceback could show what was not masked
            raise Unavailable("Redaction failed, so nothing was sent to the model.", "See the log.") from None

    def _ask(self, prompt: Prompt, shape: type[ReplyT]) -> ReplyT:
        self._breaker.check()
        try:
            reply = self._chat.ask(prompt, shape)
        except Unavailable as problem:
            self._breaker.failed()
            log.warning("model.unavailable", model=self._model, reason=problem.message)
            raise
        self._breaker.succeeded()
        return reply


def _chosen(names: Sequence[str], given: Mapping[str, Suggestion]) -> tuple[Suggestion, ...]:
    return tuple(given[name] for name in dict.fromkeys(names) if name in given)


def _finding(sentence: Sentence, redactor: Redactor) -> Finding:
    return Finding(_shown(sentence.text, redactor), tuple(sentence.evidence), Confidence(sentence.confidence))


def _shown(text: str, redactor: Redactor) -> str:
    return redactor.restore(text, secrets=False)


def _cited(
    sentence: AnswerSentence, passages: Mapping[str, Passage], evidence: Mapping[str, Evidence], redactor: Redactor
) -> tuple[str, tuple[str, ...]]:
    """The sentence with its citations in brackets, and the names it cites; empty when it does not stand."""
    by_own_id = {passage.id: label for label, passage in passages.items()}
    names = tuple(dict.fromkeys(by_own_id.get(name, name) for name in (item.strip("[] ") for item in sentence.citations)))
    known = tuple(name for name in names if name in passages or name in evidence)
    texts = [f"{passages[name].title}\n{passages[name].heading}\n{passages[name].text}" for name in known if name in passages]
    plain = ground_sentence(_shown(sentence.text, redactor), [evidence[name] for name in known if name in evidence], texts)
    if plain is None:
        return "", ()
    labels = ", ".join(passages[name].id if name in passages else name for name in known)
    return f"{plain} [{labels}]", known
