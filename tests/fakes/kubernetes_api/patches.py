"""The three kinds of patch, as the API server applies them.

Merge patch is RFC 7386, JSON patch RFC 6902 (add, replace, remove, test); strategic merge merges lists of named items by name
and honours `$patch: replace`.
"""

import copy
from typing import Any


class BadPatch(Exception):
    """The patch cannot be applied to this object."""


def apply(content_type: str, document: dict[str, Any], patch: Any) -> dict[str, Any]:
    """The patched copy; raises BadPatch, or KeyError for a content type the server does not speak."""
    apply_one = {
        "application/merge-patch+json": merge,
        "application/strategic-merge-patch+json": strategic,
        "application/json-patch+json": json_patch,
    }[content_type]
    result = apply_one(copy.deepcopy(document), copy.deepcopy(patch))
    if not isinstance(result, dict):
        raise BadPatch("the result is not an object")
    return result


def merge(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    result = target if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def strategic(target: Any, patch: Any) -> Any:
    if isinstance(patch, dict):
        return _strategic_map(target, patch)
    if isinstance(patch, list) and patch and all(isinstance(item, dict) and "name" in item for item in patch):
        return _strategic_list(target if isinstance(target, list) else [], patch)
    return patch


def _strategic_map(target: Any, patch: dict[str, Any]) -> Any:
    if patch.get("$patch") == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    result = target if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = strategic(result.get(key), value)
    return result


def _strategic_list(target: list[Any], patch: list[Any]) -> list[Any]:
    result = list(target)
    for item in patch:
        index = next((n for n, old in enumerate(result) if old.get("name") == item["name"]), None)
        if index is None:
            result.append(item)
        else:
            result[index] = strategic(result[index], item)
    return result


def json_patch(document: dict[str, Any], operations: Any) -> dict[str, Any]:
    if not isinstance(operations, list):
        raise BadPatch("a JSON patch is a list of operations")
    for operation in operations:
        _operate(document, operation["op"], operation["path"], operation.get("value"))
    return document


def _operate(document: dict[str, Any], verb: str, path: str, value: Any) -> None:
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]
    inner: Any = document
    for part in parents:
        inner = inner.get(part) if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or (verb != "add" and last not in inner):
        raise BadPatch(f"the path {path} does not exist")
    if verb == "test" and inner[last] != value:
        raise BadPatch(f"testing value at {path} failed")
    if verb in {"add", "replace"}:
        inner[last] = value
    elif verb == "remove":
        del inner[last]
