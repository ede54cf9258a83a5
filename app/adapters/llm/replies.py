"""What the model may answer: its shape, and how an answer is read."""

import json
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from app.domain.errors import Unavailable

MOST_CHARACTERS = 200_000
_UNSUPPORTED = frozenset({"maxLength", "minLength", "maxItems", "minItems", "title", "default", "pattern"})


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Sentence(_Shape):
    """A sentence and the ids it rests on."""

    text: str = Field(max_length=2000)
    evidence: list[str] = Field(max_length=30)
    confidence: Literal["confirmed", "likely", "possible"]


class AssessmentReply(_Shape):
    """An assessment in the model's words."""

    headline: Sentence
    findings: list[Sentence] = Field(max_length=30)
    ruled_out: list[Sentence] = Field(max_length=30)
    cause: str | None = Field(max_length=200)
    suggestions: list[str] = Field(max_length=50)
    unknowns: list[str] = Field(max_length=30)


class AnswerSentence(_Shape):
    """A sentence of an answer and the ids it cites."""

    text: str = Field(max_length=2000)
    citations: list[str] = Field(max_length=30)


class AnswerReply(_Shape):
    """An answer in the model's words."""

    sentences: list[AnswerSentence] = Field(max_length=30)


Method = Literal["json_schema", "json_object"]
ReplyT = TypeVar("ReplyT", bound=BaseModel)


def response_format(shape: type[BaseModel], method: Method) -> dict[str, Any]:
    """What the endpoint is told about the answer: the JSON schema, or only that it is a JSON object.

    The schema goes without lengths, which make small servers crawl; they are checked afterwards.
    """
    if method == "json_object":
        return {"type": "json_object"}
    schema = _stripped(shape.model_json_schema())
    if not isinstance(schema, dict):
        raise TypeError("a model's JSON schema is an object")
    return {"type": "json_schema", "json_schema": {"name": shape.__name__, "strict": True, "schema": schema}}


def read_reply(text: str, shape: type[ReplyT]) -> ReplyT:
    """The reply in a model's text, also inside a code fence or between other words; raises Unavailable."""
    if not text.strip():
        raise Unavailable("The model gave an empty answer.")
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start or len(text) > MOST_CHARACTERS:
        raise Unavailable("The model did not answer in JSON.")
    try:
        value = json.loads(text[start : end + 1], parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Unavailable("The model did not answer in JSON.") from None
    try:
        return shape.model_validate(value, strict=True)
    except (ValueError, RecursionError):
        raise Unavailable("The model answered in the wrong shape.") from None


def _stripped(value: object, is_names: bool = False) -> object:
    """Without the unsupported keywords; under `properties` the keys are names and stay."""
    if isinstance(value, dict):
        return {
            key: _stripped(item, key in {"properties", "$defs"})
            for key, item in value.items()
            if is_names or key not in _UNSUPPORTED
        }
    return [_stripped(item) for item in value] if isinstance(value, list) else value


def _refuse(name: str) -> object:
    raise ValueError(name)
