"""Says that a postmortem draft is ready: the lines that matter, and where to read the rest."""

from app.adapters.slack.blocks import Rendered, context, finished, header, section
from app.adapters.slack.wording import clip, link, moment, plain, web_address
from app.domain.messages import PostmortemNotice

_LINES = 12


def draw(notice: PostmortemNotice) -> Rendered:
    """The notice; the address comes from our own configuration."""
    incident = notice.incident
    name = f"Postmortem draft for {incident.name}: {plain(incident.title, 100)}"
    lines = [f"• {plain(line, 300)}" for line in notice.lines[:_LINES] if line.strip()]
    blocks = [header(name), section(clip(lines, 2900) if lines else "The draft has no summary lines yet.")]
    if web_address(notice.url):
        blocks.append(section(link(notice.url, "Read and edit the draft")))
    written = f"Written {moment(notice.written_at)}. " if notice.written_at else ""
    blocks.append(context(f"{written}It is a draft from the record: people write the conclusions."))
    return finished(name, blocks)
