"""`sitrep doctor`: what is configured, reachable and missing, and what to do about it."""

import argparse
import shutil
from collections.abc import Callable, Iterator

from app.domain.errors import SitrepError
from app.settings import Settings

# What, `ok`, `absent` or `broken`, and what is known or what to do.
Finding = tuple[str, str, str]
LOW_DISK = 500 * 1024 * 1024
PATIENCE_S = 5.0


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    doctor = commands.add_parser("doctor", help="say what is configured, reachable and missing")
    doctor.set_defaults(run=_doctor)


def _doctor(options: argparse.Namespace) -> int:
    from app.entrypoints.cli.main import settings_of

    is_well = True
    for name, state, advice in findings(settings_of(options)):
        is_well = is_well and state != "broken"
        print(f"{state:8} {name}" + (f": {advice}" if advice else ""), flush=True)
    return 0 if is_well else 1


def findings(settings: Settings) -> Iterator[Finding]:
    """One finding for every part; asks what is configured with a patience of a few seconds each, and changes nothing there."""
    checks: tuple[tuple[str, Callable[[Settings], tuple[str, str]]], ...] = (
        ("configuration", _configuration),
        ("disk", _disk),
        ("database", _database),
        ("tasks", _tasks),
        ("memory", _memory),
        ("index", _index),
        ("webhooks", _webhooks),
        ("slack", _slack),
        ("model", _model),
        ("prometheus", _prometheus),
        ("loki", _loki),
    )
    for name, check in checks:
        try:
            yield (name, *check(settings))
        except (SitrepError, OSError) as problem:
            yield name, "broken", str(problem)


def _configuration(settings: Settings) -> tuple[str, str]:
    from app.bootstrap import read_inventory

    if not settings.config:
        return "absent", "set SITREP_CONFIG to a YAML file with your services, actions and approvers"
    inventory = read_inventory(settings)
    return "ok", f"{len(inventory.services)} services, {len(inventory.actions)} actions, {len(inventory.approvers)} approvers"


def _disk(settings: Settings) -> tuple[str, str]:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(settings.data_dir).free
        mark = settings.data_dir / ".doctor"
        mark.write_bytes(b"")
        mark.unlink()
    except OSError as problem:
        return (
            "broken",
            f"{settings.data_dir} cannot be written ({problem.strerror}). Set SITREP_DATA_DIR to a folder of your own.",
        )
    words = f"{free // (1024 * 1024)} MB free in {settings.data_dir}"
    return ("ok", words) if free >= LOW_DISK else ("broken", f"{words}. Make room before Sitrep cannot keep what it is told.")


def _database(settings: Settings) -> tuple[str, str]:
    from app.bootstrap import open_store

    store = open_store(settings)
    try:
        store.ping()
    finally:
        store.close()
    return "ok", settings.store_url.split("@")[-1]


def _tasks(settings: Settings) -> tuple[str, str]:
    from app.adapters.tasks.durable import probe

    probe(settings.tasks_url)
    return "ok", settings.tasks_url.split("@")[-1]


def _memory(settings: Settings) -> tuple[str, str]:
    from app.adapters.knowledge.library import Library
    from app.bootstrap import RUNBOOKS

    # Words only: the vectors belong to the process that runs, and two writers would harm them.
    library = Library(RUNBOOKS, settings.data_dir / "memory", None, None)
    library.open(wait=True)
    size = library.size
    library.close()
    return ("ok", f"{size} documents") if size else ("broken", "no document can be read. Reinstall Sitrep.")


def _index(settings: Settings) -> tuple[str, str]:
    from retrieval.encoder import MiniLmEncoder
    from retrieval.errors import RetrievalError

    try:
        encoder = MiniLmEncoder(threads=1)
        encoder.encode(["is anybody there"])
    except RetrievalError as problem:
        return "broken", f"{problem} Until then words alone are searched."
    folder = settings.data_dir / "vectors"
    if not folder.is_dir():
        return "absent", f"{encoder.name} works; the first `sitrep run` builds the index"
    return "ok", f"{encoder.name}, vectors in {folder}"


def _slack(settings: Settings) -> tuple[str, str]:
    from app.adapters.slack.wire import SLACK_API_URL, Wire, room_client

    if not settings.slack_bot_token:
        return "absent", "the local workspace is used; see the README for five lines to Slack"
    base_url = settings.slack_api_url or SLACK_API_URL
    who = Wire(room_client(settings.slack_bot_token, base_url, int(PATIENCE_S))).read("auth.test", {})
    if settings.slack_transport == "socket":
        Wire(room_client(settings.slack_app_token, base_url, int(PATIENCE_S))).call("apps.connections.open", {}, repeatable=True)
    return "ok", f"{who.get('user')} in {who.get('team')}, by {settings.slack_transport}"


def _model(settings: Settings) -> tuple[str, str]:
    if not settings.model:
        return "absent", "rules and retrieval answer; set SITREP_MODEL and OPENAI_BASE_URL or OPENAI_API_KEY"
    if not (settings.openai_api_key or settings.openai_base_url):
        return "broken", "SITREP_MODEL is set, and neither OPENAI_API_KEY nor OPENAI_BASE_URL. Set one, or unset the model."
    url = (settings.openai_base_url or "https://api.openai.com/v1").rstrip("/") + "/models"
    return _asked(url, settings.model, "OPENAI_BASE_URL and OPENAI_API_KEY", settings.openai_api_key)


def _prometheus(settings: Settings) -> tuple[str, str]:
    if not settings.prometheus_url:
        return "absent", "metrics are scraped from the services; set SITREP_PROMETHEUS_URL to read them there"
    return _asked(settings.prometheus_url.rstrip("/") + "/api/v1/query?query=1", settings.prometheus_url, "SITREP_PROMETHEUS_URL")


def _loki(settings: Settings) -> tuple[str, str]:
    if not settings.loki_url:
        return "absent", "logs are read from files, if the configuration names a folder; set SITREP_LOKI_URL to read them there"
    return _asked(settings.loki_url.rstrip("/") + "/loki/api/v1/labels", settings.loki_url, "SITREP_LOKI_URL")


def _asked(url: str, what: str, settings: str, token: str = "") -> tuple[str, str]:
    """Whether an address answers a harmless question with 200; where it does not, which settings to look at."""
    import httpx

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        answer = httpx.get(url, headers=headers, timeout=PATIENCE_S, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        return "broken", f"{what} does not answer ({type(problem).__name__}). Check {settings}; Sitrep goes on without it."
    if answer.status_code != httpx.codes.OK:
        return "broken", f"{what} answers {answer.status_code}. Check {settings}; Sitrep goes on without it."
    return "ok", what


def _webhooks(settings: Settings) -> tuple[str, str]:
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
    return "ok" if proofs else "absent", advice
