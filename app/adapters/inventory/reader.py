"""Reads the configuration file into the inventory, or says in one line what is wrong with it and where."""

from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path

import structlog

from app.adapters.inventory.catalogue import Catalogue
from app.adapters.inventory.models import Configuration, MetricEntry, ServiceEntry
from app.adapters.inventory.policies import Policies
from app.adapters.inventory.rules import rules_of
from app.adapters.inventory.shapes import check
from app.adapters.inventory.webhooks import read_webhooks
from app.adapters.inventory.yaml_text import MAX_BYTES, Document, parse
from app.adapters.inventory.yaml_text import Path as Place
from app.domain.canonical import Json, digest, plain
from app.domain.errors import BadInput
from app.domain.inventory import Inventory, Service
from app.domain.series import Bad, MetricKind, MetricSpec

log = structlog.get_logger()

_NEEDS = {
    MetricKind.GAUGE: {"metric"},
    MetricKind.RATE: {"metric"},
    MetricKind.QUANTILE: {"metric"},
    MetricKind.RATIO: {"numerator", "denominator"},
}

_OPTIONAL = {MetricKind.GAUGE: {"denominator"}}  # a level as a share of another one: disk used of disk there is


def load(path: Path, environ: Mapping[str, str]) -> Inventory:
    """The inventory in the file; raises BadInput `file:line key: what` with what to do about it.

    `environ` is only asked whether the variables named by `token_env` are set, to warn early about those that are not.
    """
    document = parse(_read(path), path.name)
    if document.value is None:
        return Inventory()
    configuration = check(Configuration, document.value, document)
    services = _services(document, configuration.services)
    actions = Catalogue(document, services, path.resolve().parent).read(configuration.actions)
    executors = _executors(configuration)
    policies = Policies(document, services, actions, executors)
    approvers = policies.approvers(configuration.approvers)
    requesters, freezes = policies.requesters(configuration.requesters), policies.freezes(configuration.freezes)
    standing, plans = policies.standing(configuration.policies), policies.plans(configuration.plans)
    rules = rules_of(approvers, requesters, freezes, standing, plans, actions, executors)
    platform = configuration.platform
    inventory = Inventory(
        environment=configuration.environment,
        services=services,
        actions=actions,
        approvers=approvers,
        responders=tuple(configuration.responders),
        policy_version=digest(rules),
        platform={"url": platform.url, "token_env": platform.token_env or ""} if platform else {},
        webhooks=read_webhooks(document, configuration.webhooks, services),
        logs_dir=str((path.resolve().parent / configuration.logs.dir).resolve()) if configuration.logs else "",
        requesters=requesters,
        freezes=freezes,
        standing=standing,
        plans=plans,
        rules=rules,
        executors=executors,
    )
    _warn_of_missing_tokens(inventory, environ)
    return inventory


def example() -> str:
    """A documented configuration to start from; it loads as it is."""
    return files("app.adapters.inventory").joinpath("example.yaml").read_text(encoding="utf-8")


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise BadInput(f"There is no configuration file at {path}.", "Set SITREP_CONFIG to a YAML file.")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.", "Check the file's permissions.") from None


def _services(document: Document, entries: Mapping[str, ServiceEntry]) -> dict[str, Service]:
    services = {}
    for name, entry in entries.items():
        place: Place = ("services", name)
        for position, needed in enumerate(entry.depends_on):
            if needed not in entries or needed == name:
                what = "depends on itself" if needed == name else f"no service is called '{needed}'"
                raise document.problem((*place, "depends_on", position), what, f"There are: {', '.join(sorted(entries))}.")
        services[name] = Service(
            name=name,
            description=entry.description,
            depends_on=tuple(entry.depends_on),
            owners=tuple(entry.owners),
            metrics_urls=tuple(entry.metrics_url),
            metrics=_metrics(document, entry.metrics, (*place, "metrics")),
        )
    return services


def _metrics(document: Document, entries: Iterable[MetricEntry], place: Place) -> tuple[MetricSpec, ...]:
    specs: dict[str, MetricSpec] = {}
    for position, entry in enumerate(entries):
        here = (*place, position)
        kind = MetricKind(entry.kind)
        given = {key for key in ("metric", "numerator", "denominator") if getattr(entry, key) is not None}
        if given - _OPTIONAL.get(kind, set()) != _NEEDS[kind]:
            raise document.problem(
                here, f"a {kind.value} needs exactly {' and '.join(sorted(_NEEDS[kind]))}", "Correct the keys."
            )
        if entry.name in specs:
            raise document.problem((*here, "name"), f"'{entry.name}' stands twice", "Rename one of them.")
        if entry.threshold is not None and entry.bad == "neither":
            raise document.problem((*here, "threshold"), "needs bad: above or bad: below", "Say which side is bad.")
        specs[entry.name] = MetricSpec(
            name=entry.name,
            kind=kind,
            unit=entry.unit,
            metric=entry.metric or "",
            numerator=entry.numerator or "",
            denominator=entry.denominator or "",
            quantile=entry.quantile,
            bad=Bad(entry.bad),
            threshold=entry.threshold,
        )
    return tuple(specs.values())


def _executors(configuration: Configuration) -> dict[str, dict[str, Json]]:
    given = configuration.executors.model_dump(exclude_none=True)
    return {name: {key: plain(value) for key, value in settings.items()} for name, settings in given.items()}


def _warn_of_missing_tokens(inventory: Inventory, environ: Mapping[str, str]) -> None:
    wanted = {str(inventory.platform.get("token_env", ""))}
    for spec in inventory.actions.values():
        wanted.update(str(template.get(key, "")) for template in (spec.call, spec.observe) for key in ("token_env", "dsn_env"))
    wanted.add(str(inventory.executors.get("kubernetes", {}).get("kubeconfig_env", "")))
    for name in sorted(wanted - {""}):
        if not environ.get(name):
            log.warning("inventory.token_missing", variable=name, hint="Set it, or calls that need it are refused.")
