"""Cuts a document into passages that can be shown alone: headings carried along; steps, tables and code kept whole."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from retrieval.documents import Document

TARGET_WORDS = 150  # MiniLM reads 256 word pieces, about 170 words with title and headings before them
LONGEST_WORDS = 450  # a list, table or code block longer than this is cut between items, rows or lines

_HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d{1,3}[.)])\s+")
_TABLE = re.compile(r"^\s*\|.*\|\s*$")
_TABLE_RULE = re.compile(r"^\s*\|?[\s:|-]+\|?\s*$")
_UNDERLINE = re.compile(r"^ {0,3}(=+|-{3,})\s*$")


@dataclass(frozen=True)
class Passage:
    """A piece of a document, in order of appearance; `heading_path` runs from the outermost heading to the nearest."""

    document_id: str
    number: int
    heading_path: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Block:
    """One heading, paragraph, list, table or code block. `level` is the heading's depth, 0 for everything else."""

    kind: str
    text: str
    level: int = 0


def split_passages(document: Document, target: int = TARGET_WORDS) -> tuple[Passage, ...]:
    """Cut a document at its headings, then at block borders, into pieces of about `target` words. Never empty."""
    passages: list[Passage] = []
    path: list[tuple[int, str]] = []
    held: list[str] = []

    def close() -> None:
        if held:
            headings = tuple(heading for _, heading in path if heading.casefold() != document.title.casefold())
            passages.append(Passage(document.id, len(passages), headings, "\n\n".join(held)))
            held.clear()

    for block in split_blocks(document.text):
        if block.level:
            close()
            path = [(level, heading) for level, heading in path if level < block.level]
            path.append((block.level, block.text))
            continue
        for piece in _cut(block):
            if held and sum(map(_count, held)) + _count(piece) > target:
                close()
            held.append(piece)
    close()
    return tuple(passages) or (Passage(document.id, 0, (), document.title),)


def split_blocks(text: str) -> tuple[Block, ...]:
    """The Markdown blocks of a text in order. A lead-in line that ends with a colon stays with the list or code it announces."""
    blocks: list[Block] = []
    for block in _raw_blocks(text.split("\n")):
        lead = blocks[-1] if blocks else None
        if lead is not None and lead.kind == "text" and block.kind in {"list", "code", "table"} and lead.text.endswith(":"):
            blocks[-1] = Block(block.kind, f"{lead.text}\n\n{block.text}")
        else:
            blocks.append(block)
    return tuple(blocks)


def _raw_blocks(lines: list[str]) -> Iterator[Block]:
    position = 0
    while position < len(lines):
        line = lines[position]
        heading = _HEADING.match(line)
        if not line.strip():
            position += 1
            continue
        if heading:
            yield Block("heading", _plain_heading(heading.group(2)), len(heading.group(1)))
            position += 1
            continue
        kind, end = _block_end(lines, position)
        if kind == "underlined":
            yield Block("heading", _plain_heading(line.strip()), 1 if lines[position + 1].strip().startswith("=") else 2)
        else:
            yield Block(kind, "\n".join(lines[position:end]).strip("\n"))
        position = end


def _block_end(lines: list[str], start: int) -> tuple[str, int]:
    line = lines[start]
    if fence := _FENCE.match(line):
        return "code", _fence_end(lines, start, fence.group(1))
    if _ITEM.match(line):
        return "list", _list_end(lines, start)
    if _TABLE.match(line):
        end = start
        while end < len(lines) and _TABLE.match(lines[end]):
            end += 1
        return "table", end
    if start + 1 < len(lines) and _UNDERLINE.match(lines[start + 1]):
        return "underlined", start + 2
    end = start + 1
    while end < len(lines) and lines[end].strip() and not _starts_block(lines[end]):
        end += 1
    return "text", end


def _starts_block(line: str) -> bool:
    return bool(_HEADING.match(line) or _FENCE.match(line) or _ITEM.match(line) or _TABLE.match(line))


def _fence_end(lines: list[str], start: int, fence: str) -> int:
    for end in range(start + 1, len(lines)):
        if lines[end].strip().startswith(fence) and not lines[end].strip().strip(fence[0]):
            return end + 1
    return len(lines)


def _list_end(lines: list[str], start: int) -> int:
    """A list goes on over indented lines, fences inside items and single blank lines followed by another item."""
    end = start
    while end < len(lines):
        line = lines[end]
        if _HEADING.match(line):
            break
        if not line.strip():
            following = lines[end + 1] if end + 1 < len(lines) else ""
            if not (_ITEM.match(following) or following.startswith(("  ", "\t"))):
                break
        elif fence := re.match(r"^\s*(```+|~~~+)", line):
            end = _fence_end(lines, end, fence.group(1))
            continue
        end += 1
    return end


def _cut(block: Block) -> list[str]:
    """The block whole, or its items, rows or lines in groups when it is far too long."""
    if _count(block.text) <= LONGEST_WORDS:
        return [block.text]
    lines = block.text.split("\n")
    header = ""
    if block.kind == "table" and len(lines) > 2 and _TABLE_RULE.match(lines[1]):
        header, lines = "\n".join(lines[:2]) + "\n", lines[2:]
    pieces: list[str] = []
    held: list[str] = []
    words = 0
    for part in _parts(block.kind, lines):
        count = _count(part)
        if held and words + count > TARGET_WORDS:
            pieces.append(header + "\n".join(held))
            held, words = [], 0
        held.append(part)
        words += count
    pieces.append(header + "\n".join(held))
    return pieces


def _parts(kind: str, lines: list[str]) -> Iterator[str]:
    if kind == "list":
        held: list[str] = []
        for line in lines:
            if held and re.match(r"^(?:[-*+]|\d{1,3}[.)])\s+", line):
                yield "\n".join(held)
                held = []
            held.append(line)
        yield "\n".join(held)
        return
    for line in lines:
        words = line.split()
        for start in range(0, max(len(words), 1), LONGEST_WORDS):
            yield line if len(words) <= LONGEST_WORDS else " ".join(words[start : start + LONGEST_WORDS])


def _count(text: str) -> int:
    return len(text.split())


def _plain_heading(text: str) -> str:
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"[*`]|\{#[^}]*\}", "", text).strip()
