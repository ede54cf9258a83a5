"""A span: where something that must not leave stands in a text, and what kind of thing it is."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` (exclusive). `kind` is `EMAIL`, `PHONE`, ... or `SECRET:<what>`."""

    start: int
    end: int
    kind: str


def merged(spans: Iterable[Span]) -> list[Span]:
    """The spans in order without overlaps; of two that overlap, the earlier one (then the longer) gives the kind."""
    result: list[Span] = []
    for span in sorted(spans, key=lambda item: (item.start, -item.end)):
        if span.end <= span.start:
            continue
        if result and span.start < result[-1].end:
            last = result[-1]
            result[-1] = Span(last.start, max(last.end, span.end), last.kind)
        else:
            result.append(span)
    return result
