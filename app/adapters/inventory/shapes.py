"""Checks a part of the file against its shape and says the first mistake in words."""

import difflib
import types
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from app.adapters.inventory.yaml_text import Document, Path
from app.domain.canonical import Json
from app.domain.errors import BadInput

_Model = TypeVar("_Model", bound=BaseModel)

_WORDS = {
    "missing": "is missing",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be a mapping (key: value)",
    "model_type": "must be a mapping (key: value)",
    "model_attributes_type": "must be a mapping (key: value)",
}
_OTHER_HINT = "Compare it with the documented example, app/adapters/inventory/example.yaml."
_HINTS = {
    "missing": "Add it.",
    "string_type": "Quote it if it looks like a number, true, false or null.",
    "bool_type": "Write true or false; yes, no, on and off are text.",
    "int_type": "Write plain digits without quotes or a leading zero.",
    "float_type": "Write a plain decimal number without quotes.",
}


def check(model: type[_Model], value: Json, document: Document, path: Path = ()) -> _Model:
    """The typed value; raises BadInput `file:line key: what` with a hint for the first mistake."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _in_words(model, error, document, path) from None


def _in_words(model: type[BaseModel], error: ValidationError, document: Document, path: Path) -> BadInput:
    problems = error.errors(include_url=False, include_input=False)
    first = problems[0]
    place = tuple(part for part in first["loc"] if part != "[key]")
    kind = first["type"]
    more = f" ({len(problems) - 1} more mistakes follow.)" if len(problems) > 1 else ""
    if kind == "extra_forbidden":
        known = sorted(_keys_of(_model_at(model, place[:-1])))
        close = difflib.get_close_matches(str(place[-1]), known, n=1)
        guess = f"Did you mean {close[0]}? " if close else ""
        return document.problem((*path, *place), "unknown key", f"{guess}Known keys: {', '.join(known)}.{more}")
    what = _WORDS.get(kind) or first["msg"].removeprefix("Value error, ").replace("Input should", "must")
    return document.problem((*path, *place), what, _HINTS.get(kind, _OTHER_HINT) + more)


def _keys_of(model: type[BaseModel] | None) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()] if model else []


def _model_at(model: type[BaseModel], place: tuple[str | int, ...]) -> type[BaseModel] | None:
    current: Any = model
    for part in place:
        if isinstance(current, type) and issubclass(current, BaseModel):
            current = current.model_fields[str(part)].annotation if part in current.model_fields else None
        else:
            current = next(reversed(get_args(current)), None)
        current = _without_wrapping(current)
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None


def _without_wrapping(annotation: Any) -> Any:
    if isinstance(annotation, types.UnionType):
        return next(item for item in get_args(annotation) if item is not type(None))
    if hasattr(annotation, "__metadata__"):
        return get_args(annotation)[0]
    return annotation
