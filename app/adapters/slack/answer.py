"""An answer to a question, each sentence with the passages it rests on, or an honest 'nothing matches'."""

from app.adapters.slack.blocks import Block, Rendered, context, finished, section
from app.adapters.slack.wording import clip, host, link, plain
from app.domain.messages import Answer, Passage

_SENTENCES, _PASSAGES = 8, 6


def draw(answer: Answer, link_hosts: frozenset[str]) -> Rendered:
    """The answer first, then its sources; passage links are active only on `link_hosts`."""
    sentences = [plain(sentence, 500) for sentence in answer.sentences if sentence.strip()]
    if not answer.is_confident:
        sentences.insert(0, "Nothing in memory really matches this. The nearest are listed below.")
    first = sentences[0] if sentences else "Nothing in memory matches this."
    body = clip([f"• {sentence}" for sentence in sentences[:_SENTENCES]], 2900) if len(sentences) > 1 else first
    blocks = [context(f"You asked: {plain(answer.question, 300) or '-'}"), section(body), *_sources(answer, link_hosts)]
    return finished(first, blocks)


def _sources(answer: Answer, link_hosts: frozenset[str]) -> list[Block]:
    blocks: list[Block] = []
    if answer.passages:
        lines = [_source(passage, link_hosts) for passage in answer.passages[:_PASSAGES]]
        blocks.append(context("*Sources*\n" + clip(lines, 2800)))
    if answer.tier:
        blocks.append(context(f"Tier: {plain(answer.tier, 160)}"))
    return blocks


def _source(passage: Passage, link_hosts: frozenset[str]) -> str:
    name = " / ".join(plain(part, 100) for part in (passage.title, passage.heading) if part.strip())
    trusted = passage.link and host(passage.link) in link_hosts
    shown = link(passage.link, "open") if trusted else ""
    text = plain(passage.text, 160)
    kind = plain(passage.kind.replace("_", " "), 30)
    line = f"{plain(passage.id, 60)}: {name} ({kind}){f': {text}' if text else ''}"
    return f"{line} · {shown}" if shown and len(line) + len(shown) < 1200 else line
