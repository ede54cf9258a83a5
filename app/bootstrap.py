"""The only place that builds things: one Sitrep out of settings, ready to start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.adapters.actions.all_runners import runners
from app.adapters.actions.by_executor import RunnerByExecutor
from app.adapters.actions.pinned import NotAllowed, Unresolved, pinned_client
from app.adapters.audit.heads_file import HeadsFile
from app.adapters.changes.none import NoChanges
from app.adapters.changes.platform import PlatformChanges
from app.adapters.changes.stored import StoredChanges
from app.adapters.clock.system import SystemClock, SystemIds
from app.adapters.documents.draft import DraftDocuments
from app.adapters.inventory.reader import load
from app.adapters.knowledge.library import Library
from app.adapters.links.signed import SignedLinks
from app.adapters.logs.files import FileLogs
from app.adapters.logs.none import NoLogs
from app.adapters.metrics.prometheus import PrometheusMetrics
from app.adapters.metrics.scraped import ScrapedMetrics
from app.adapters.signals.aws_web import AwsWeb
from app.adapters.signals.catalogue import Secrets, build_sources
from app.adapters.signals.source import Source
from app.adapters.store.sql import SqlStore
from app.adapters.store.upgrade import upgrade
from app.adapters.tasks.durable import DbosTasks
from app.domain.errors import SitrepError
from app.domain.evidence import Tier
from app.domain.inventory import Inventory
from app.domain.redaction import Redactor
from app.ports.analyst import Analyst
from app.ports.changes import Changes
from app.ports.logs import Logs
from app.ports.metrics import Metrics
from app.ports.room import Room
from app.ports.tasks import Tasks
from app.services.act import Act
from app.services.answer import AnswerQuestion
from app.services.approve import Approve
from app.services.audit import Audit
from app.services.authority import Authority
from app.services.commands import Commands
from app.services.compose import Compose
from app.services.confirm import Confirm
from app.services.decide_by_link import DecideByLink
from app.services.dispatcher import Dispatcher
from app.services.guarded_commands import GuardedCommands
from app.services.hear import Hear
from app.services.intake import Intake
from app.services.investigate import Investigate
from app.services.learn import Learn
from app.services.names import Names
from app.services.note_report import NoteReport
from app.services.observe import Observe
from app.services.plans import Plans
from app.services.propose import Propose
from app.services.receive import Receive
from app.services.remember_rules import RememberRules
from app.services.say import Say
from app.services.send import Send
from app.services.standing import Standing
from app.services.sweep import Sweep
from app.services.take_in import TakeIn
from app.services.update import Update
from app.services.verify import Verify
from app.services.write_postmortem import WritePostmortem
from app.settings import Settings

RUNBOOKS = Path(__file__).resolve().parent.parent / "runbooks"


@dataclass(frozen=True, slots=True)
class Sitrep:
    """Everything that was built. `start` begins to work, `stop` ends it; neither opens a door."""

    settings: Settings
    inventory: Inventory
    store: SqlStore
    tasks: Tasks
    metrics: Metrics
    library: Library
    documents: DraftDocuments
    clock: SystemClock
    sources: Mapping[str, Source]
    receive: Receive
    answer: AnswerQuestion
    by_link: DecideByLink
    audit: Audit
    commands: Commands
    remember_rules: RememberRules
    names: Names
    dispatcher: Dispatcher
    checks: Mapping[str, Callable[[], str]]

    def start(self) -> None:
        """Puts the rules on record, reads memory, begins to sample, takes up what a crash left behind."""
        self.remember_rules()
        self.library.open()
        if isinstance(self.metrics, ScrapedMetrics):
            self.metrics.start()
        self.tasks.start(self.dispatcher.handlers())

    def stop(self) -> None:
        """Finishes what runs and lets go of every file."""
        self.tasks.stop()
        self.names.close()
        if isinstance(self.metrics, ScrapedMetrics):
            self.metrics.stop()
        self.library.close()
        self.store.close()


def read_inventory(settings: Settings) -> Inventory:
    """The configuration file's content; an empty inventory without one."""
    return load(settings.config, settings.environ) if settings.config else Inventory()


def open_store(settings: Settings) -> SqlStore:
    """The database, migrated to this version."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    upgrade(settings.store_url)
    return SqlStore(settings.store_url)


def build_runner(settings: Settings, inventory: Inventory) -> RunnerByExecutor:
    """The hands: every executor by its name. Only `bootstrap` builds them."""
    return RunnerByExecutor(runners(settings.environ, inventory.executors))


def open_audit(settings: Settings, store: SqlStore) -> Audit:
    """The audit chain, with the file its heads are published in."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return Audit(store, HeadsFile(settings.data_dir / "audit-heads.log"))


def open_links(settings: Settings) -> SignedLinks:
    """Approval links, signed with the given key or one made in the data directory."""
    return SignedLinks(settings.data_dir / "link.key", settings.link_key)


def open_library(settings: Settings) -> Library:
    """Memory with the built-in encoder and Chroma on disk; not read yet."""
    from retrieval.encoder import MiniLmEncoder
    from retrieval.vectors import ChromaVectors

    encoder = MiniLmEncoder()
    return Library(RUNBOOKS, settings.data_dir / "memory", encoder, ChromaVectors(settings.data_dir / "vectors", encoder.name))


def open_sources(settings: Settings, inventory: Inventory) -> Mapping[str, Source]:
    """Every inbound source by name. Pages of AWS are read through a client for that one origin."""
    secrets = Secrets(
        pagerduty=settings.pagerduty_secret,
        sentry=settings.sentry_secret,
        grafana=settings.grafana_secret,
        github=settings.github_secret,
        gitlab=settings.gitlab_token,
        sns_topics=settings.sns_topics,
    )
    web = AwsWeb(lambda url: pinned_client([url]), (NotAllowed, Unresolved))
    return build_sources(inventory.webhooks, inventory.services, secrets, web)


def bootstrap(settings: Settings, room: Room) -> Sitrep:
    """One Sitrep that speaks in `room`."""
    clock, ids = SystemClock(), SystemIds()
    inventory, store, library = read_inventory(settings), open_store(settings), open_library(settings)
    metrics = _metrics(settings, inventory, clock)
    runner = build_runner(settings, inventory)
    analyst = _analyst(settings, clock)
    tasks = DbosTasks(settings.tasks_url)
    say = Say(ids, clock)
    documents = DraftDocuments()
    authority, audit = Authority(inventory, room), open_audit(settings, store)
    verify = Verify(store, inventory, metrics, say)
    propose = Propose(store, inventory, runner, clock, ids, say)
    approve = Approve(store, inventory, say)
    plans = Plans(store, inventory, propose, ids, say)
    standing = Standing(store, inventory, authority, propose, say)
    answer = AnswerQuestion(store, library, analyst)
    update = Update(store, clock, say)
    write = WritePostmortem(store, inventory, metrics, documents, room, clock, say)
    by_link = DecideByLink(store, inventory, open_links(settings), authority, approve, ids, settings.public_url)
    guarded = GuardedCommands(
        store,
        inventory,
        propose,
        approve,
        Confirm(store, inventory, say),
        plans,
        authority,
        by_link,
    )
    commands = Commands(store, inventory, update, guarded, answer, write, clock, say)
    changes = (StoredChanges(store), _changes(settings, inventory))
    sources = open_sources(settings, inventory)
    parsers = {name: source.parse for name, source in sources.items()}
    take_in = TakeIn(parsers, Intake(store, inventory, clock, say), standing, NoteReport(store, clock, say))
    observe = Observe(inventory, metrics, changes, _logs(inventory), library)
    dispatcher = Dispatcher(
        store=store,
        tasks=tasks,
        clock=clock,
        hear=Hear(store, room, commands, answer, clock, say),
        take_in=take_in,
        investigate=Investigate(store, inventory, observe, analyst, propose, clock, say),
        act=Act(store, inventory, runner, authority, audit, verify, say),
        send=Send(store, room, inventory, clock, Compose(store, inventory, clock, settings.public_url)),
        learn=Learn(store, library),
        write_postmortem=write,
        sweep=Sweep(store, verify, plans, standing, say),
    )
    return Sitrep(
        settings=settings,
        inventory=inventory,
        store=store,
        tasks=tasks,
        metrics=metrics,
        library=library,
        documents=documents,
        clock=clock,
        sources=sources,
        receive=Receive(store, tasks, clock),
        answer=answer,
        by_link=by_link,
        audit=audit,
        commands=commands,
        remember_rules=RememberRules(store, inventory),
        names=Names(room),
        dispatcher=dispatcher,
        checks={"database": _check(store.ping), "model": lambda: "" if analyst else "none configured; rules answer"},
    )


def _metrics(settings: Settings, inventory: Inventory, clock: SystemClock) -> PrometheusMetrics | ScrapedMetrics:
    if settings.prometheus_url:
        return PrometheusMetrics(
            settings.prometheus_url, _client(settings.prometheus_url), window_s=settings.rate_window_s, step_s=settings.step_s
        )
    return ScrapedMetrics(inventory, clock)


def _client(url: str) -> httpx.Client:
    """A client that reads from this one origin only, with its address pinned and no proxies from the environment."""
    return pinned_client([url], allow_private=True)


def _changes(settings: Settings, inventory: Inventory) -> Changes:
    url, token_env = inventory.platform.get("url", ""), inventory.platform.get("token_env", "")
    return PlatformChanges(url, settings.environ.get(token_env, ""), _client(url)) if url else NoChanges()


def _logs(inventory: Inventory) -> Logs:
    return FileLogs(Path(inventory.logs_dir)) if inventory.logs_dir else NoLogs()


def _analyst(settings: Settings, clock: SystemClock) -> Analyst | None:
    """The model, if one is set; a model on this machine counts as the local tier."""
    if not settings.model or not (settings.openai_api_key or settings.openai_base_url):
        return None
    from app.adapters.llm.analyst import ModelAnalyst

    is_local = any(name in settings.openai_base_url for name in ("127.0.0.1", "localhost", "[::1]"))
    known = [settings.openai_api_key, settings.slack_bot_token, settings.slack_app_token, settings.webhook_token]
    known += [settings.pagerduty_secret, settings.sentry_secret, settings.grafana_secret, settings.github_secret]
    known += [settings.gitlab_token]
    redactors: dict[int, Redactor] = {}

    def redactor_for(number: int) -> Redactor:
        return redactors.setdefault(number, Redactor([value for value in known if len(value) >= 8]))

    return ModelAnalyst(
        settings.openai_base_url or "https://api.openai.com/v1",
        settings.openai_api_key,
        settings.model,
        redactor_for,
        clock,
        tier=Tier.LOCAL_MODEL if is_local else Tier.MODEL,
    )


def _check(ask: Callable[[], None]) -> Callable[[], str]:
    def check() -> str:
        try:
            ask()
        except SitrepError as problem:
            return str(problem)
        return ""

    return check
