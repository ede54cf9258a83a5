"""Reads what the file says about inbound webhooks."""

from collections.abc import Collection

from app.adapters.inventory.models import WebhooksEntry
from app.adapters.inventory.yaml_text import Document
from app.domain.mapping import SignalMapping, Webhooks


def read_webhooks(document: Document, entry: WebhooksEntry | None, services: Collection[str]) -> Webhooks:
    """Our names and the mapping; places that are not given keep their usual names. Raises BadInput for an unknown service."""
    if entry is None:
        return Webhooks()
    for theirs, ours in entry.services.items():
        if ours not in services:
            known = ", ".join(sorted(services)) or "none yet"
            raise document.problem(("webhooks", "services", theirs), f"no service is called '{ours}'", f"There are: {known}.")
    generic = entry.generic
    if generic is None:
        return Webhooks(services=dict(entry.services))
    usual = SignalMapping()
    return Webhooks(
        services=dict(entry.services),
        generic=SignalMapping(
            items=generic.items or "",
            name=tuple(generic.name) or usual.name,
            service=tuple(generic.service) or usual.service,
            severity=tuple(generic.severity) or usual.severity,
            state=(generic.resolved.field,) if generic.resolved else usual.state,
            summary=tuple(generic.summary) or usual.summary,
            description=tuple(generic.description) or usual.description,
            time=tuple(generic.time) or usual.time,
            link=tuple(generic.link) or usual.link,
            key=generic.key,
            labels=tuple(generic.labels),
            severity_words=dict(generic.severity_words),
            resolved=tuple(word.casefold() for word in generic.resolved.values) if generic.resolved else usual.resolved,
        ),
    )
