"""Reads and writes single places of Kubernetes objects, and says in words what differs between two of them."""

import re
from collections.abc import Iterator
from typing import Any

from app.domain.canonical import Json

RUN_ANNOTATION = "sitrep/run-id"

# The only places `patch_field` may touch. Nothing here can change who a workload is or what it may do.
ALLOWED_FIELDS = (
    r"spec\.template\.spec\.containers\[[a-z0-9-]{1,63}\]\.(?:image|resources\.(?:limits|requests)\.(?:cpu|memory)"
    r"|env\[[A-Za-z_][A-Za-z0-9_]{0,62}\]\.value)"
    r"|spec\.(?:suspend|paused|minReadySeconds|progressDeadlineSeconds|revisionHistoryLimit)"
)

_STEP = re.compile(r"([A-Za-z]+)(?:\[([A-Za-z0-9_-]+)\])?")
_SILENT = re.compile(
    r"metadata\.(?:resourceVersion|generation|managedFields.*|annotations\[sitrep/run-id\])"
    r"|spec\.template\.metadata\.annotations\[sitrep/run-id\]|status\..*"
)
_ENVIRONMENT = re.compile(r".*\.env\[[^]]*\]\.value")
_LINES = 20

Object = dict[str, Any]


def is_allowed_field(path: str) -> bool:
    """Whether `patch_field` may touch this place."""
    return re.fullmatch(ALLOWED_FIELDS, path) is not None


def value_at(document: Object, path: str) -> Json:
    """The value at a place such as `spec.template.spec.containers[app].image`, None if it is not set; raises KeyError if a
    named item of a list (a container, a variable) is not there.
    """
    value: Any = document
    for key, name in _STEP.findall(path):
        value = value.get(key) if isinstance(value, dict) else None
        if name:
            items = value if isinstance(value, list) else []
            found = [item for item in items if isinstance(item, dict) and item.get("name") == name]
            if not found:
                raise KeyError(f"{key}[{name}]")
            value = found[0]
    return value if isinstance(value, bool | int | float | str) else None


def patch_at(path: str, value: Json) -> dict[str, Json]:
    """A strategic merge patch that sets one place; items of lists are found by their name."""
    result: Json = value
    for key, name in reversed(_STEP.findall(path)):
        if name and isinstance(result, dict):
            item: list[Json] = [{"name": name, **result}]
            result = item
        result = {key: result}
    return result if isinstance(result, dict) else {}


def differences(before: Object, after: Object) -> list[str]:
    """`place old -> new` for every place that differs, without what every change moves by itself. Values of environment
    variables may be secrets and are not shown.
    """
    old, new = dict(_leaves(before)), dict(_leaves(after))
    lines = []
    for place in sorted({*old, *new}):
        if old.get(place) == new.get(place) or _SILENT.fullmatch(place):
            continue
        if _ENVIRONMENT.fullmatch(place):
            lines.append(f"{place} changes (values of variables are not shown)")
        else:
            lines.append(f"{place} {_shown(old.get(place))} -> {_shown(new.get(place))}")
    if len(lines) > _LINES:
        return [*lines[:_LINES], f"and {len(lines) - _LINES} more places"]
    return lines


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            step = f".{key}" if re.fullmatch(r"[A-Za-z0-9]+", key) else f"[{key}]"
            yield from _leaves(item, f"{place}{step}".removeprefix("."))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            name = item.get("name", index) if isinstance(item, dict) else index
            yield from _leaves(item, f"{place}[{name}]")
    else:
        yield place, value


def _shown(value: Any) -> str:
    return "(not set)" if value is None else str(value)[:200]
