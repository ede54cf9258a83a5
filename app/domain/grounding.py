"""Grounding: code, not a prompt, decides which sentences and suggestions of a model anybody gets to see."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from app.domain.evidence import Assessment, Confidence, Evidence, Finding, Suggestion
from app.domain.figures import invented_in, known_in
from app.domain.harmless import harmless

MOST_FINDINGS = 8
MOST_RULED_OUT = 4
MOST_UNKNOWNS = 6
NOTHING_HOLDS = "The model's words could not be checked against the evidence."


@dataclass(frozen=True, slots=True)
class _Checked:
    kept: tuple[Finding, ...]
    refused: int


def ground(
    assessment: Assessment, evidence: Sequence[Evidence], suggestions: Sequence[Suggestion], services: Collection[str]
) -> Assessment:
    """The part of an assessment that rests on evidence.

    Unknown evidence ids go; a sentence without a source, or with a number its sources do not hold, is dropped and counted in
    `refused`. Suggestions are the given ones, word for word, in the model's order. A headline that falls is replaced by the
    first sentence that stands. Never raises.
    """
    by_id = {item.id: item for item in evidence if item.id}
    headline = _check((assessment.headline,), by_id, 1)
    findings = _check(assessment.findings, by_id, MOST_FINDINGS)
    ruled_out = _check(assessment.ruled_out, by_id, MOST_RULED_OUT)
    unknowns = _unknowns(assessment.unknowns, evidence)
    chosen, strangers = _choose(assessment.suggestions, suggestions)
    first = (*headline.kept, *findings.kept, Finding(NOTHING_HOLDS, ()))[0]
    refused = headline.refused + findings.refused + ruled_out.refused + (len(assessment.unknowns) - len(unknowns)) + strangers
    return replace(
        assessment,
        headline=first,
        findings=findings.kept,
        ruled_out=ruled_out.kept,
        unknowns=unknowns,
        suggestions=chosen,
        cause=assessment.cause if assessment.cause in services and first.evidence else None,
        refused=assessment.refused + refused,
    )


def ground_sentence(text: str, evidence: Sequence[Evidence], passages: Sequence[str]) -> str | None:
    """One sentence of an answer, cleaned; None when it is empty or has a number that neither the evidence nor the passages
    it cites hold.
    """
    plain = harmless(text)
    known = known_in(evidence, passages)
    if not plain or not (evidence or passages):
        return None
    return plain if invented_in(harmless(text, 4000), known) is None and invented_in(plain, known) is None else None


def _check(findings: Sequence[Finding], by_id: Mapping[str, Evidence], most: int) -> _Checked:
    kept: list[Finding] = []
    refused = 0
    for finding in findings:
        standing = _grounded(finding, by_id)
        if standing is None:
            refused += 1
        elif standing not in kept:
            kept.append(standing)
    return _Checked(tuple(kept[:most]), refused + max(len(kept) - most, 0))


def _grounded(finding: Finding, by_id: Mapping[str, Evidence]) -> Finding | None:
    ids = tuple(dict.fromkeys(name for name in finding.evidence if name in by_id))
    text = harmless(finding.text)
    if not ids or not text:
        return None
    cited = [by_id[name] for name in ids]
    # The full text is checked too: cutting or cleaning must not hide an invented number from the check.
    known = known_in(cited)
    if invented_in(text, known) is not None or invented_in(harmless(finding.text, 4000), known) is not None:
        return None
    return Finding(text, ids, _capped(finding.confidence, cited))


def _capped(confidence: Confidence, cited: Sequence[Evidence]) -> Confidence:
    """Confirmed takes two kinds of evidence."""
    if confidence is Confidence.CONFIRMED and len({item.kind for item in cited}) < 2:
        return Confidence.LIKELY
    return confidence


def _unknowns(unknowns: Sequence[str], evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """What the model says it could not see; the same rule for numbers, over all evidence."""
    known = known_in(evidence)
    plain = (harmless(text, 200) for text in unknowns)
    return tuple(dict.fromkeys(text for text in plain if text and invented_in(text, known) is None))[:MOST_UNKNOWNS]


def _choose(said: Sequence[Suggestion], given: Sequence[Suggestion]) -> tuple[tuple[Suggestion, ...], int]:
    """The given suggestions the model named, in its order and exactly as given, and how many it made up."""
    by_id = {item.id: item for item in given}
    named = dict.fromkeys(item.id for item in said)
    strangers = sum(not (item.id in by_id and _is_same(item, by_id[item.id])) for item in said)
    return tuple(by_id[name] for name in named if name in by_id), strangers


def _is_same(said: Suggestion, given: Suggestion) -> bool:
    return (said.action, said.target, dict(said.parameters)) == (given.action, given.target, dict(given.parameters))
