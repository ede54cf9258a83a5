"""`sitrep doctor`: what is configured, reachable and missing, and what to do about it."""

import argparse
from collections.abc import Iterator

from app.domain.errors import SitrepError
from app.settings import Settings


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    doctor = commands.add_parser("doctor", help="say what is configured, reachable and missing")
    doctor.set_defaults(run=_doctor)


def _doctor(options: argparse.Namespace) -> int:
    from app.entrypoints.cli.main import settings_of

    is_well = True
    for name, state, advice in findings(settings_of(options)):
        is_well = is_well and state != "broken"
        print(f"{state:8} {name}" + (f": {advice}" if advice else ""))
    return 0 if is_well else 1


def findings(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """(what, `ok`, `absent` or `broken`, what to do) for every part."""
    from app.bootstrap import open_library, open_store, read_inventory

    try:
        inventory = read_inventory(settings)
        what = f"{len(inventory.services)} services, {len(inventory.actions)} actions, {len(inventory.approvers)} approvers"
        yield (
            "configuration",
            "ok" if settings.config else "absent",
            what if settings.config else "set SITREP_CONFIG to a YAML file",
        )
    except SitrepError as problem:
        yield "configuration", "broken", str(problem)
    try:
        store = open_store(settings)
        store.ping()
        store.close()
        yield "database", "ok", settings.store_url.split("@")[-1]
    except SitrepError as problem:
        yield "database", "broken", str(problem)
    library = open_library(settings)
    library.open(wait=True)
    yield "memory", "ok", f"{library.size} documents"
    library.close()
    yield webhooks_seen(settings)
    slack = "ok" if settings.slack_bot_token else "absent"
    yield (
        "slack",
        slack,
        "" if settings.slack_bot_token else "the local workspace is used; see the README for five lines to Slack",
    )
    yield (
        "model",
        "ok" if settings.model else "absent",
        "" if settings.model else "rules and retrieval answer; set SITREP_MODEL and OPENAI_BASE_URL",
    )
    yield (
        "prometheus",
        "ok" if settings.prometheus_url else "absent",
        settings.prometheus_url or "metrics are scraped from the services",
    )


def webhooks_seen(settings: Settings) -> tuple[str, str, str]:
    """Who can prove himself at the webhooks."""
    secrets = {
        "pagerduty": settings.pagerduty_secret,
        "sentry": settings.sentry_secret,
        "grafana": settings.grafana_secret,
        "github": settings.github_secret,
        "gitlab": settings.gitlab_token,
        "sns": settings.sns_topics,
    }
    proofs = (["the token"] if settings.webhook_token else []) + [
        f"{name}'s signature" for name, secret in secrets.items() if secret
    ]
    advice = f"accepted are {', '.join(proofs)}" if proofs else "anybody on this machine may post; set SITREP_WEBHOOK_TOKEN"
    return "webhooks", "ok" if proofs else "absent", advice
