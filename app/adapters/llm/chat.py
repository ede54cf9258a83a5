"""One question to the model: asked through langchain, bounded in time and size, every failure in words for the card."""

import queue
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, SecretStr

from app.adapters.llm.prompt import Prompt
from app.adapters.llm.replies import Method, read_reply, response_format
from app.domain.errors import Unavailable

if TYPE_CHECKING:
    import httpx2
    from langchain_openai import ChatOpenAI

ReplyT = TypeVar("ReplyT", bound=BaseModel)
_MOST_REQUESTS = 4


@dataclass(frozen=True, slots=True)
class Manner:
    """How this endpoint wants to be asked: with which structured output, and whether it takes a temperature."""

    method: Method = "json_schema"
    temperature: float | None = 0.0


class _Again(Exception):
    """This attempt failed in a way worth one more try."""

    def __init__(self, problem: Unavailable, manner: Manner | None = None) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.manner = manner


class Chat:
    """Asks an OpenAI-compatible endpoint. It knows its own key and address, and no tools.

    A failed attempt is repeated once; an endpoint that refuses a JSON schema or a temperature is asked without, and the
    manner that worked is kept. `timeout_s` covers everything.
    """

    def __init__(self, base_url: str, api_key: str, model: str, timeout_s: float, max_tokens: int) -> None:
        self._base_url = base_url
        self._key = SecretStr(api_key)
        self._model = model
        self._timeout_s = timeout_s
        self._max_tokens = max_tokens
        self._manner = Manner()

    def ask(self, prompt: Prompt, shape: type[ReplyT]) -> ReplyT:
        """The reply in the given shape; raises Unavailable with a short reason."""
        deadline = time.monotonic() + self._timeout_s
        retries = 1
        manner = self._manner
        for _ in range(_MOST_REQUESTS):
            try:
                reply = self._within(deadline, prompt, shape, manner)
            except _Again as again:
                if again.manner is None and retries == 0:
                    raise again.problem from None
                retries -= again.manner is None
                manner = again.manner or manner
                last = again.problem
                continue
            self._manner = manner
            return reply
        raise last

    def _within(self, deadline: float, prompt: Prompt, shape: type[ReplyT], manner: Manner) -> ReplyT:
        """Runs one attempt in a thread of its own, because no library timeout bounds an answer that drips."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise self._too_slow()
        from app.adapters.llm.egress import open_client

        client = open_client(self._base_url, left)
        outcome: queue.SimpleQueue[ReplyT | BaseException] = queue.SimpleQueue()

        def run() -> None:
            try:
                outcome.put(self._attempt(client, prompt, shape, manner))
            except BaseException as problem:  # noqa: BLE001 - handed over whole to the waiting thread, which decides
                outcome.put(problem)

        threading.Thread(target=run, name="model-call", daemon=True).start()
        try:
            result = outcome.get(timeout=max(left, 0.001))
        except queue.Empty:
            raise self._too_slow() from None
        finally:
            client.close()
        if isinstance(result, BaseException):
            raise self._explained(result, manner) from None
        return result

    def _attempt(self, client: "httpx2.Client", prompt: Prompt, shape: type[ReplyT], manner: Manner) -> ReplyT:
        from langsmith import tracing_context

        with tracing_context(enabled=False):
            # Not `with_structured_output`: its lenient parser takes minutes for a hundred thousand open braces.
            asked = self._model_with(client, manner).bind(response_format=response_format(shape, manner.method))
            message = asked.invoke([("system", prompt.rules), ("human", prompt.data)])
        return read_reply(message.content if isinstance(message.content, str) else "", shape)

    def _model_with(self, client: "httpx2.Client", manner: Manner) -> "ChatOpenAI":
        from langchain_openai import ChatOpenAI

        from app.adapters.llm.egress import shut_async_client

        # Everything the library would otherwise take from the environment is given here.
        return ChatOpenAI(
            model=self._model,
            api_key=self._key,
            base_url=self._base_url,
            temperature=manner.temperature,
            max_completion_tokens=self._max_tokens,
            max_retries=0,
            timeout=self._timeout_s,
            http_client=client,
            http_async_client=shut_async_client(),
            openai_proxy=None,
            organization="",
            output_version="v0",
            use_responses_api=False,
            stream_usage=False,
            callbacks=[],
            cache=False,
            verbose=False,
        )

    def _explained(self, problem: BaseException, manner: Manner) -> Exception:
        """The failure as Unavailable, or as a reason to try again."""
        import openai

        if isinstance(problem, Unavailable):
            return _Again(problem)
        if isinstance(problem, openai.APITimeoutError):
            return self._too_slow()
        if isinstance(problem, openai.APIConnectionError):
            return self._unreached(problem)
        if isinstance(problem, openai.APIStatusError):
            return _refused(problem.status_code, str(problem), manner)
        if isinstance(problem, Exception):
            return _Again(Unavailable(f"The model's answer could not be read ({type(problem).__name__})."))
        return Unavailable("The call to the model was stopped.")

    def _unreached(self, problem: Exception) -> Exception:
        from app.adapters.llm.egress import EgressRefused

        refusal: BaseException | None = problem
        while refusal is not None and not isinstance(refusal, EgressRefused):
            refusal = refusal.__cause__ or refusal.__context__
        if refusal is not None:
            return Unavailable(str(refusal))
        return _Again(Unavailable("The model's endpoint cannot be reached.", "Check OPENAI_BASE_URL."))

    def _too_slow(self) -> Unavailable:
        return Unavailable(f"The model did not answer within {self._timeout_s:g} s.")


def _refused(status: int, words: str, manner: Manner) -> Exception:
    problem = Unavailable(f"The model's endpoint answered HTTP {status}.")
    if status in {401, 403}:
        return Unavailable("The model's endpoint refused the key.", "Check OPENAI_API_KEY.")
    if status in {400, 422} and "temperature" in words and manner.temperature is not None:
        return _Again(problem, replace(manner, temperature=None))
    if status in {400, 422, 501} and manner.method == "json_schema":
        return _Again(problem, replace(manner, method="json_object"))
    return _Again(problem) if status >= 500 or status in {408, 409, 429} else problem
