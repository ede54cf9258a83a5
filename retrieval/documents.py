"""Reads runbooks and past incidents from Markdown folders and JSON Lines, and says which files it refused and why."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from retrieval.errors import DocumentRefused
from retrieval.front_matter import Fields, read_front_matter

MAX_DOCUMENT_BYTES = 2_000_000  # the longest real runbook known to us has 90 kB; beyond this it is a dump, not a text to read
MAX_DOCUMENTS = 200_000
NOT_RUNBOOKS = frozenset({"README", "_template"})

_HEADING = re.compile(r"^\s{0,3}#{1,2}\s+(.+?)\s*#*\s*$", re.MULTILINE)
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]")


@dataclass(frozen=True)
class Document:
    """A text that can be found and cited.

    `kind` groups documents for filtering ("runbook", "incident"). `fields` holds the front matter: a string, or a tuple of
    strings for a list; a list of mappings `actions: [{name, why}]` becomes the parallel tuples `actions.name`, `actions.why`.
    """

    id: str
    title: str
    text: str
    kind: str = "runbook"
    fields: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)

    def values(self, name: str) -> tuple[str, ...]:
        """The field as a tuple: empty where it is absent, one value where it is a string."""
        value = self.fields.get(name, ())
        return (value,) if isinstance(value, str) else value

    def content_hash(self) -> str:
        """Changes exactly when something that is searched or shown changes."""
        fields = {key: list(self.values(key)) for key in sorted(self.fields)}
        canonical = json.dumps([self.id, self.title, self.text, self.kind, fields], ensure_ascii=False)
        return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Refusal:
    """One thing that was not read as it stands, with the reason; `path` may carry a line number.

    `twice` tells a document left out because its id was taken from one that cannot be read.
    """

    path: str
    reason: str
    twice: bool = False


@dataclass(frozen=True)
class Loaded:
    """What could be read, and what could not."""

    documents: tuple[Document, ...]
    refused: tuple[Refusal, ...] = ()


def load(path: Path, kind: str = "runbook", skip: frozenset[str] = NOT_RUNBOOKS) -> Loaded:
    """Read a folder of `*.md` or a JSON Lines file. A bad file is refused by name, the rest is read.

    Raises DocumentRefused when `path` itself is neither.
    """
    if path.is_dir():
        return load_folder(path, kind, skip)
    if path.is_file() and path.suffix.lower() == ".md":
        return _collect([(str(path), path)], kind)
    if path.is_file():
        return load_json_lines(path, kind)
    raise DocumentRefused(f"{path}: no such folder or file. Give a folder of Markdown files or a JSON Lines file.")


def load_folder(folder: Path, kind: str = "runbook", skip: frozenset[str] = NOT_RUNBOOKS) -> Loaded:
    """Read every `*.md` below `folder`, hidden folders and the file stems in `skip` left out. The id is the file's stem."""
    names = sorted(
        path
        for path in folder.rglob("*.md")
        if path.stem not in skip and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    if len(names) > MAX_DOCUMENTS:
        raise DocumentRefused(f"{folder}: {len(names)} files, more than {MAX_DOCUMENTS}. Point at a smaller folder.")
    return _collect([(str(path.relative_to(folder)), path) for path in names], kind)


def load_json_lines(path: Path, kind: str = "runbook") -> Loaded:
    """Read `{id, title, text}` lines; other string and list-of-string keys become fields."""
    documents: dict[str, Document] = {}
    refused: list[Refusal] = []
    for number, line in _lines(path):
        place = f"{path.name}:{number}"
        try:
            document = document_from_json(line, place, kind)
        except DocumentRefused as refusal:
            refused.append(Refusal(place, str(refusal)))
            continue
        if document.id in documents:
            refused.append(Refusal(place, f"{place}: the id {document.id!r} is used twice; the first one is kept.", twice=True))
        documents.setdefault(document.id, document)
    return Loaded(tuple(documents.values()), tuple(refused))


def document_from_json(line: str, place: str, kind: str = "runbook") -> Document:
    """Read one JSON line; `place` is named in the error. Raises DocumentRefused."""
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DocumentRefused(f"{place}: not a JSON object ({_short(error)}). Write one object a line.") from error
    if not isinstance(raw, dict):
        raise DocumentRefused(f"{place}: a JSON object is expected, this is {type(raw).__name__}.")
    for key in ("id", "text"):
        if not isinstance(raw.get(key), str):
            raise DocumentRefused(f"{place}: the key {key!r} must be a string.")
    if not raw["id"].strip():
        raise DocumentRefused(f"{place}: the id is empty.")
    title = raw.get("title")
    fields: Fields = {}
    for key, value in raw.items():
        if key in {"id", "title", "text", "kind"}:
            continue
        if isinstance(value, str):
            fields[key] = value
        elif isinstance(value, list) and all(isinstance(item, str) for item in value):
            fields[key] = tuple(value)
    named = raw.get("kind")
    text = clean_text(raw["text"])
    return Document(
        id=raw["id"],
        title=clean_text(title) if isinstance(title, str) and title.strip() else title_from(text, raw["id"]),
        text=text,
        kind=named if isinstance(named, str) and named else kind,
        fields=fields,
    )


def parse_markdown(raw: bytes, identifier: str, place: str, kind: str = "runbook") -> tuple[Document, str | None]:
    """Read one Markdown file; the second value says what was wrong with its front matter, which is then left out.

    Raises DocumentRefused when the text itself cannot be read.
    """
    if b"\x00" in raw:
        raise DocumentRefused(f"{place}: holds NUL bytes, so it is not a text file.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentRefused(f"{place}: not UTF-8 at byte {error.start}. Save it as UTF-8.") from error
    fields, body, problem = read_front_matter(text.replace("\r\n", "\n").replace("\r", "\n"))
    body = clean_text(body)
    title = fields.get("title")
    named = fields.get("kind")
    return (
        Document(
            id=identifier,
            title=clean_text(title).strip() if isinstance(title, str) and title.strip() else title_from(body, identifier),
            text=body,
            kind=named if isinstance(named, str) and named else kind,
            fields={key: value for key, value in fields.items() if key not in {"title", "kind"}},
        ),
        None if problem is None else f"{place}: {problem}",
    )


def clean_text(text: str) -> str:
    """Drop characters a reader cannot see: they would hide a word from search or show text in another order than stored."""
    return _INVISIBLE.sub("", text).replace("\x00", "")


def title_from(text: str, identifier: str) -> str:
    """The first heading, or the id in words."""
    match = _HEADING.search(text)
    return match.group(1).strip() if match else re.sub(r"[-_]+", " ", identifier).strip() or identifier


def _collect(files: list[tuple[str, Path]], kind: str) -> Loaded:
    documents: dict[str, Document] = {}
    refused: list[Refusal] = []
    for place, path in files:
        try:
            document, problem = parse_markdown(_read(path, place), path.stem, place, kind)
            if document.id in documents:
                raise DocumentRefused(f"{place}: the id {document.id!r} is used twice; the first one is kept. Rename one file.")
        except DocumentRefused as refusal:
            refused.append(Refusal(place, str(refusal)))
            continue
        documents[document.id] = document
        if problem is not None:
            refused.append(Refusal(place, problem))
    return Loaded(tuple(documents.values()), tuple(refused))


def _read(path: Path, place: str) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_DOCUMENT_BYTES:
            raise DocumentRefused(f"{place}: {size:,} bytes, more than {MAX_DOCUMENT_BYTES:,}. Split it or leave it out.")
        return path.read_bytes()
    except OSError as error:
        raise DocumentRefused(f"{place}: cannot be read ({error.strerror}).") from error


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                if not raw.strip():
                    continue
                if len(raw) > MAX_DOCUMENT_BYTES:
                    raise DocumentRefused(f"{path.name}:{number}: longer than {MAX_DOCUMENT_BYTES:,} bytes. Split the document.")
                yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8")
    except OSError as error:
        raise DocumentRefused(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise DocumentRefused(f"{path}: not UTF-8 ({error.reason}). Save it as UTF-8.") from error


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
