"""Finds words that judge people instead of describing what happened; it suggests and never changes anything."""

import re
from dataclasses import dataclass

_ADVICE = {
    r"human error|operator error|user error": "What made that step look right at the time",
    r"should(?:n't| not)? have|could(?:n't| not)? have|ought to have": "What was known at that moment",
    r"failed to|neglected to|forgot to": "What happened instead",
    r"careless(?:ly)?|sloppy|negligent|stupid(?:ly)?": "What did the situation look like from there",
    r"obvious(?:ly)?|clearly|simply|just had to": "How would a reader see that without hindsight",
}


@dataclass(frozen=True, slots=True)
class Remark:
    """A phrase as it was written and a question that leads to better words."""

    phrase: str
    advice: str


def remarks(text: str) -> list[Remark]:
    """One remark for each judging phrase, in order of the kinds of phrase; empty if there is none."""
    return [
        Remark(found.group(), advice)
        for pattern, advice in _ADVICE.items()
        for found in re.finditer(rf"\b(?:{pattern})\b", text, re.IGNORECASE)
    ]
