"""Placeholders such as `{target}` in the templates of actions: where they may stand and which names they may use."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from app.domain.canonical import Json

RESERVED = ("target", "run_id")

_PIECE = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]*)\}|[{}]")
_WHOLE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_AUTHORITY = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


class TemplateError(ValueError):
    """What is wrong with a template, and in `hint` what would be right."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def whole(text: str) -> str | None:
    """The name if `text` is one placeholder and nothing else."""
    match = _WHOLE.fullmatch(text)
    return match[1] if match else None


def names_in(text: str) -> list[str]:
    """The placeholders of a template; raises TemplateError for a stray brace (`{{` and `}}` mean a brace)."""
    names = []
    for match in _PIECE.finditer(text):
        if match[1]:
            names.append(match[1])
        elif match[0] in {"{", "}"}:
            raise TemplateError(f"a stray {match[0]} in '{text}'", "Write {{ and }} for braces.")
    return names


def check_text(text: str, known: Collection[str]) -> None:
    """Raises TemplateError unless every placeholder is known."""
    for name in names_in(text):
        _check_known(name, known)


def check_value(value: Json, known: Collection[str]) -> None:
    """For JSON bodies: a string is one whole placeholder, which keeps its type, or has none."""
    if isinstance(value, str):
        names = names_in(value)
        if names and whole(value) is None:
            raise TemplateError(
                f"'{value}' mixes text and placeholders", "In JSON a placeholder is the whole string and keeps its type."
            )
        check_text(value, known)
    elif isinstance(value, list):
        for item in value:
            check_value(item, known)
    elif isinstance(value, dict):
        for key, item in value.items():
            if names_in(key):
                raise TemplateError(f"the key '{key}' holds a placeholder", "Keys are fixed.")
            check_value(item, known)


def check_argv(argv: Collection[str], known: Collection[str]) -> None:
    """The program is fixed; every other item stays one item, whatever its placeholders hold."""
    for position, item in enumerate(argv):
        if not item or any(ord(char) < 32 for char in item):
            raise TemplateError("an argument is empty or has control characters", "Give plain text.")
        if position == 0 and names_in(item):
            raise TemplateError("the program holds a placeholder", "The program is fixed; choose another action instead.")
        check_text(item, known)


def check_url(url: str, known: Collection[str] = ()) -> None:
    """An http(s) URL with a fixed scheme, host and port; placeholders stand in the path only."""
    if any(char.isspace() or ord(char) < 33 or ord(char) > 126 for char in url):
        raise TemplateError("the URL holds spaces or characters beyond ASCII", "Percent-encode them.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise TemplateError(f"'{url}' is not a URL: {error}", "Write http://host:port/path.") from None
    if parts.scheme not in {"http", "https"} or not _AUTHORITY.fullmatch(parts.netloc) or port == 0:
        raise TemplateError(
            f"'{url}' has no fixed scheme, host and port", "Write http://host:port/path, without user or placeholder."
        )
    if parts.fragment or "{" in parts.query or "}" in parts.query:
        raise TemplateError(f"'{url}' has a fragment, or a placeholder in its query", "Placeholders stand in the path.")
    check_text(parts.path, known)


def _check_known(name: str, known: Collection[str]) -> None:
    if name not in known:
        allowed = ", ".join(sorted(known)) or "none"
        raise TemplateError(f"the placeholder {{{name}}} is not known here", f"Known are: {allowed}.")
