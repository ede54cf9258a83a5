"""The table of every source that may knock: its reader, its parser and its proof."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from app.adapters.signals import (
    alertmanager,
    cloudevents,
    datadog,
    deploy,
    deploy_github,
    deploy_gitlab,
    grafana,
    opsgenie,
    pagerduty,
    sentry,
)
from app.adapters.signals.cloudevents import CloudEventsParser
from app.adapters.signals.generic import GenericParser
from app.adapters.signals.service_names import ServiceNames
from app.adapters.signals.sns import SnsParser
from app.adapters.signals.sns_door import Fetch, SnsDoor
from app.adapters.signals.source import Parse, Received, Signature, Source, read_body, read_with, secrets_from
from app.domain.canonical import Json
from app.domain.mapping import SignalMapping, Webhooks
from app.domain.report import Report


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the settings say; empty where a sender is not used or does not sign."""

    pagerduty: str = ""
    sentry: str = ""
    grafana: str = ""
    github: str = ""
    gitlab: str = ""
    sns_topics: str = ""


def build_sources(webhooks: Webhooks, services: Collection[str], secrets: Secrets, fetch: Fetch) -> Mapping[str, Source]:
    """Every source by the last part of its address. `services` are the configured ones, `fetch` reads pages of AWS."""
    lenient = GenericParser(_with_usual_names(webhooks.generic))
    names = ServiceNames(webhooks.services, services)
    sources = (*_signing(secrets), *_plain(webhooks.generic, lenient), _sns(secrets, lenient, fetch))
    return {source.name: replace(source, parse=_in_our_names(source.parse, names)) for source in sources}


def _plain(mapping: SignalMapping, lenient: GenericParser) -> tuple[Source, ...]:
    """Senders that cannot sign: the token is their proof."""
    return (
        Source("alertmanager", alertmanager.parse, read_body),
        Source("datadog", datadog.parse, read_with()),
        Source("opsgenie", opsgenie.parse, read_with()),
        Source("cloudevents", CloudEventsParser(lenient), cloudevents.read, answers_options=True),
        Source("generic", GenericParser(mapping), read_with()),
    )


def _signing(secrets: Secrets) -> tuple[Source, ...]:
    """Senders that sign once they were given a secret."""
    by_grafana = _signed(grafana.SIGNATURE, "GRAFANA_SECRET", secrets.grafana, grafana.is_signed)
    by_pagerduty = _signed(pagerduty.SIGNATURE, "PAGERDUTY_SECRET", secrets.pagerduty, pagerduty.is_signed)
    by_sentry = _signed(sentry.SIGNATURE, "SENTRY_SECRET", secrets.sentry, sentry.is_signed)
    by_github = _signed(deploy_github.SIGNATURE, "GITHUB_SECRET", secrets.github, deploy_github.is_signed)
    by_gitlab = _signed(deploy_gitlab.TOKEN, "GITLAB_TOKEN", secrets.gitlab, deploy_gitlab.is_signed)
    return (
        Source("grafana", grafana.parse, read_body, (by_grafana,)),
        Source("pagerduty", pagerduty.parse, read_with(*pagerduty.HEADERS), (by_pagerduty,)),
        Source("sentry", sentry.parse, read_with(*sentry.HEADERS), (by_sentry,)),
        Source("deploy", deploy.parse, read_with(*deploy.HEADERS), (by_github, by_gitlab)),
    )


def _sns(secrets: Secrets, lenient: GenericParser, fetch: Fetch) -> Source:
    """Amazon signs every message with a key of its own."""
    topics = secrets_from(secrets.sns_topics.replace(",", " "))
    return Source("sns", SnsParser(lenient), read_with(), admit=SnsDoor(topics, fetch), proves_itself=bool(topics))


def _signed(header: str, setting: str, secret: str, matches: Callable[[Received, str], bool]) -> Signature:
    return Signature(header, f"SITREP_{setting}", secrets_from(secret), matches)


def _in_our_names(parse: Parse, names: ServiceNames) -> Parse:
    def parse_in_our_names(payload: Mapping[str, Json]) -> Report:
        return names.in_report(parse(payload))

    return parse_in_our_names


def _with_usual_names(mapping: SignalMapping) -> SignalMapping:
    """The mapping for bodies that the team's own may not fit: usual names count where it finds nothing."""
    usual = SignalMapping()
    return replace(
        mapping,
        items="",
        name=(*mapping.name, *usual.name),
        service=(*mapping.service, *usual.service),
        severity=(*mapping.severity, *usual.severity),
        state=(*mapping.state, *usual.state),
        summary=(*mapping.summary, *usual.summary),
        description=(*mapping.description, *usual.description),
        time=(*mapping.time, *usual.time),
        link=(*mapping.link, *usual.link),
        id=(*mapping.id, *usual.id),
        key="",
        resolved=tuple({*mapping.resolved, *usual.resolved}),
    )
