"""What the shop consists of: services, their settings with bounds, their versions, flags and who calls whom."""

from dataclasses import dataclass, field

TOKEN_ENV = "SITREP_SHOP_TOKEN"  # noqa: S105 - the name of a variable, not a secret
MAX_REPLICAS = 6
BASE_RATE = 24.0  # requests per second of the load generator
BUY_SHARE = 2 / 3

Value = int | float


class SpecError(ValueError):
    """A name or value the shop does not know; `hint` says what would be accepted."""

    def __init__(self, message: str, hint: str, status: int = 422) -> None:
        """Keep the hint and the HTTP status the admin API answers with."""
        super().__init__(message)
        self.hint = hint
        self.status = status


@dataclass(frozen=True)
class Setting:
    """One number a service can be tuned by; `minimum` and `maximum` are inclusive."""

    kind: type[int] | type[float]
    default: Value
    minimum: Value
    maximum: Value
    meaning: str

    def parse(self, key: str, value: object) -> Value:
        """The value as this setting's type, or `SpecError` for another type or one out of bounds."""
        expected = "a whole number" if self.kind is int else "a number"
        hint = f"Give {expected} from {self.minimum} to {self.maximum}: {self.meaning}."
        if isinstance(value, bool) or not isinstance(value, int | float) or (self.kind is int and not isinstance(value, int)):
            raise SpecError(f"{key} must be {expected}, not {type(value).__name__}", hint)
        if not self.minimum <= value <= self.maximum:  # also refuses NaN
            raise SpecError(f"{key}={value} is out of bounds", hint)
        return self.kind(value)


@dataclass(frozen=True)
class ServiceSpec:
    """One service: `external` ones belong to a third party, so the platform can only watch them."""

    name: str
    description: str
    depends_on: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    settings: dict[str, Setting] = field(default_factory=dict)
    chaos: dict[str, Setting] = field(default_factory=dict)
    versions: tuple[str, ...] = ("v41",)
    version: str = "v41"
    flags: tuple[str, ...] = ()
    external: bool = False

    def setting(self, key: str) -> Setting:
        """The setting by its key; `SpecError` 404 names the ones that exist."""
        found = self.settings.get(key)
        if found is None:
            raise SpecError(f"{self.name} has no setting {key!r}", _known(self.settings), 404)
        return found

    def defaults(self) -> dict[str, Value]:
        """Every setting with the value it has after a fresh start."""
        return {key: setting.default for key, setting in self.settings.items()}


SERVICES: dict[str, ServiceSpec] = {
    spec.name: spec
    for spec in (
        ServiceSpec(
            "front",
            "the shop's entry: browse and buy",
            depends_on=("checkout", "database"),
            owners=("U0CAROL01",),
            settings={
                "workers": Setting(int, 200, 1, 500, "requests served at the same time"),
                "queue_limit": Setting(int, 100, 0, 500, "requests that may wait for a worker"),
                "checkout_timeout_s": Setting(float, 4.0, 0.05, 30.0, "seconds front waits for checkout"),
            },
        ),
        ServiceSpec(
            "checkout",
            "takes orders",
            depends_on=("payments", "database"),
            owners=("U0ALICE01",),
            versions=("v40", "v41", "v42"),
            settings={
                "pool_size": Setting(int, 20, 1, 100, "connections to the database"),
                "pool_timeout_s": Setting(float, 0.5, 0.05, 10.0, "seconds an order waits for a connection"),
                "workers": Setting(int, 16, 1, 64, "orders handled at the same time"),
                "queue_limit": Setting(int, 40, 0, 500, "orders that may wait for a worker"),
                "payments_timeout_s": Setting(float, 2.5, 0.05, 30.0, "seconds checkout waits for payments"),
            },
            chaos={"fill_spool": Setting(int, 0, 0, 1, "1 fills the spool folder with old trace files")},
        ),
        ServiceSpec(
            "payments",
            "charges cards through the provider",
            depends_on=("provider", "fallback"),
            owners=("U0BOB0001",),
            flags=("use_fallback_provider",),
            settings={
                "provider_timeout_s": Setting(float, 0.8, 0.05, 30.0, "seconds payments waits for the provider"),
                "memory_soft_limit_mb": Setting(int, 128, 64, 192, "resident megabytes above which charges are slowed"),
            },
            chaos={"leak_kb": Setting(int, 0, 0, 2048, "kilobytes kept for ever per charge")},
        ),
        ServiceSpec(
            "database",
            "keeps orders and products",
            owners=("U0BOB0001",),
            settings={
                "max_connections": Setting(int, 64, 1, 200, "queries run at the same time"),
                "query_ms": Setting(int, 50, 1, 5000, "milliseconds one query takes"),
            },
        ),
        ServiceSpec(
            "provider",
            "the card provider, a third party",
            external=True,
            chaos={"latency_ms": Setting(int, 220, 1, 10_000, "milliseconds one charge takes")},
        ),
        ServiceSpec(
            "fallback",
            "the second card provider, a third party",
            external=True,
            chaos={"latency_ms": Setting(int, 240, 1, 10_000, "milliseconds one charge takes")},
        ),
    )
}

LOAD_MULTIPLIER = Setting(float, 1.0, 0.0, 8.0, "times the usual number of shoppers")


def service_spec(name: str) -> ServiceSpec:
    """The service by name; `SpecError` 404 names the ones that exist."""
    found = SERVICES.get(name)
    if found is None:
        raise SpecError(f"there is no service {name!r}", _known(SERVICES), 404)
    return found


def own_service(name: str) -> ServiceSpec:
    """Like `service_spec`, but refuses third parties, which the platform cannot change."""
    found = service_spec(name)
    if found.external:
        ours = ", ".join(spec.name for spec in SERVICES.values() if not spec.external)
        raise SpecError(f"{name} is a third party; the platform cannot change it", f"Change one of ours: {ours}.", 409)
    return found


def _known(names: dict[str, Setting] | dict[str, ServiceSpec]) -> str:
    return f"Known: {', '.join(names)}." if names else "It has none."
