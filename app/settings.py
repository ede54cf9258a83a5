"""What the environment says, read once into one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.errors import BadInput

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting. Without Slack tokens the local workspace is started and used; without a model the rules answer."""

    data_dir: Path = Path(".sitrep")
    database_url: str = ""
    http_host: str = "127.0.0.1"
    http_port: int = 8080
    workspace_port: int = 8090
    webhook_token: str = field(default="", repr=False)
    link_key: str = field(default="", repr=False)
    pagerduty_secret: str = field(default="", repr=False)
    sentry_secret: str = field(default="", repr=False)
    grafana_secret: str = field(default="", repr=False)
    github_secret: str = field(default="", repr=False)
    gitlab_token: str = field(default="", repr=False)
    sns_topics: str = ""
    slack_bot_token: str = field(default="", repr=False)
    slack_app_token: str = field(default="", repr=False)
    slack_signing_secret: str = field(default="", repr=False)
    slack_transport: str = "socket"
    slack_api_url: str = ""
    openai_api_key: str = field(default="", repr=False)
    openai_base_url: str = ""
    model: str = ""
    config: Path | None = None
    prometheus_url: str = ""
    loki_url: str = ""
    rate_window_s: int = 60
    step_s: float = 5.0
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def store_url(self) -> str:
        """The database: the one that was named, or SQLite in the data directory."""
        return self.database_url or f"sqlite:///{self.data_dir / 'sitrep.db'}"

    @property
    def tasks_url(self) -> str:
        """Where durable tasks live: the same Postgres, or SQLite beside the store's."""
        return self.database_url or f"sqlite:///{self.data_dir / 'tasks.db'}"

    @property
    def uses_local_workspace(self) -> bool:
        """True when no Slack is configured."""
        return not self.slack_bot_token

    @property
    def public_url(self) -> str:
        """Where the console is reached from this machine."""
        return f"http://{self.http_host}:{self.http_port}"


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Settings from environment variables; raises BadInput naming the variable and the mend."""
    settings = Settings(
        data_dir=Path(environ.get("SITREP_DATA_DIR") or ".sitrep"),
        database_url=environ.get("SITREP_DATABASE_URL", ""),
        http_host=environ.get("SITREP_HTTP_HOST") or "127.0.0.1",
        http_port=_port(environ, "SITREP_HTTP_PORT", 8080),
        workspace_port=_port(environ, "SITREP_WORKSPACE_PORT", 8090),
        webhook_token=environ.get("SITREP_WEBHOOK_TOKEN", ""),
        link_key=environ.get("SITREP_LINK_KEY", ""),
        pagerduty_secret=environ.get("SITREP_PAGERDUTY_SECRET", ""),
        sentry_secret=environ.get("SITREP_SENTRY_SECRET", ""),
        grafana_secret=environ.get("SITREP_GRAFANA_SECRET", ""),
        github_secret=environ.get("SITREP_GITHUB_SECRET", ""),
        gitlab_token=environ.get("SITREP_GITLAB_TOKEN", ""),
        sns_topics=environ.get("SITREP_SNS_TOPICS", ""),
        slack_bot_token=environ.get("SLACK_BOT_TOKEN", ""),
        slack_app_token=environ.get("SLACK_APP_TOKEN", ""),
        slack_signing_secret=environ.get("SLACK_SIGNING_SECRET", ""),
        slack_transport=environ.get("SITREP_SLACK_TRANSPORT") or "socket",
        slack_api_url=environ.get("SLACK_API_URL", ""),
        openai_api_key=environ.get("OPENAI_API_KEY", ""),
        openai_base_url=environ.get("OPENAI_BASE_URL", ""),
        model=environ.get("SITREP_MODEL", ""),
        config=Path(environ["SITREP_CONFIG"]) if environ.get("SITREP_CONFIG") else None,
        prometheus_url=environ.get("SITREP_PROMETHEUS_URL", ""),
        loki_url=environ.get("SITREP_LOKI_URL", ""),
        environ=dict(environ),
    )
    _check(settings)
    return settings


def read_env_file(path: Path) -> dict[str, str]:
    """`NAME=value` lines of a file; `#` starts a comment line. Raises BadInput."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise BadInput(
            f"The file {path} cannot be read: {problem}.", "Give --env-file a text file of NAME=value lines."
        ) from None
    values: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals:
            raise BadInput(f"{path}, line {number} is not NAME=value.", "Mend the line or start it with #.")
        values[name.strip()] = value.strip().strip("\"'")
    return values


def _check(settings: Settings) -> None:
    if settings.slack_transport not in {"socket", "http"}:
        raise BadInput(f"SITREP_SLACK_TRANSPORT is '{settings.slack_transport}'.", "Use socket or http.")
    if settings.slack_bot_token and settings.slack_transport == "socket" and not settings.slack_app_token:
        raise BadInput("SLACK_BOT_TOKEN is set and SLACK_APP_TOKEN is not.", "Socket Mode needs both; see the README.")
    if settings.slack_bot_token and settings.slack_transport == "http" and not settings.slack_signing_secret:
        raise BadInput(
            "SITREP_SLACK_TRANSPORT=http needs SLACK_SIGNING_SECRET.", "Copy it from the app's Basic Information page."
        )
    if settings.http_host not in LOOPBACK and not settings.webhook_token:
        raise BadInput(
            f"SITREP_HTTP_HOST is {settings.http_host}, so anybody who reaches it could open incidents.",
            "Set SITREP_WEBHOOK_TOKEN, or bind 127.0.0.1.",
        )
    if settings.link_key and len(settings.link_key) < 32:
        raise BadInput(
            "SITREP_LINK_KEY is shorter than 32 characters.",
            "Make one: python -c 'import secrets; print(secrets.token_urlsafe(32))'.",
        )
    if settings.config is not None and not settings.config.is_file():
        raise BadInput(f"SITREP_CONFIG names {settings.config}, which is no file.", "Give the path of a YAML file.")


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isdigit() or not 0 <= int(text) <= 65535:
        raise BadInput(f"{name} is '{text}'.", "Use a port from 1 to 65535.")
    return int(text)
