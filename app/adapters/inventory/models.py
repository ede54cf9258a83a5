"""The shape of the configuration file: every key, its type and its bounds; anything else is an error."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from app.adapters.inventory.placeholders import TemplateError, check_url

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
User = Annotated[str, StringConstraints(pattern=r"^[UW][A-Z0-9]{2,20}$")]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,62}$")]
Selector = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_:][A-Za-z0-9_:]*(\{.*\})?$", max_length=500)]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,60}$")]
HeaderValue = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{0,500}$")]
Line = Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Moment = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?Z$")]
Place = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_@$:/-]{1,60}(\.[A-Za-z0-9_@$:/-]{1,60}){0,9}$")]
SeverityWord = Literal["critical", "high", "warning", "low", "sev1", "sev2", "sev3", "sev4"]
KeyTemplate = Annotated[str, StringConstraints(max_length=300, pattern=r"^([^{}\x00-\x1f]|\{[A-Za-z0-9_@$:/.-]{1,200}\})*$")]
RiskWord = Literal["low", "medium", "high"]
BadWord = Literal["above", "below", "neither"]


def _fixed_url(url: str) -> str:
    try:
        check_url(url)
    except TemplateError as error:
        raise ValueError(f"{error}. {error.hint}") from None
    return url


def _free_header(name: str) -> str:
    if name.lower() in {"authorization", "connection", "content-length", "cookie", "host", "transfer-encoding"}:
        raise ValueError(f"{name} is set by Sitrep; secrets stand in token_env")
    return name


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


Finite = Annotated[float, Field(allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
FreeHeader = Annotated[HeaderName, AfterValidator(_free_header)]
Places = Annotated[list[Place], BeforeValidator(_one_or_many), Field(max_length=10)]
Url = Annotated[str, StringConstraints(max_length=500), AfterValidator(_fixed_url)]


class Entry(BaseModel):
    """Strict: no coercion, no unknown keys."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class MetricEntry(Entry):
    """One number of a service."""

    name: Word
    kind: Literal["gauge", "rate", "ratio", "quantile"]
    unit: Line = ""
    metric: Selector | None = None
    numerator: Selector | None = None
    denominator: Selector | None = None
    quantile: Annotated[float, Field(gt=0, lt=1)] = 0.95
    bad: BadWord = "neither"
    threshold: Finite | None = None


class ServiceEntry(Entry):
    """One service."""

    description: Line = ""
    depends_on: list[Name] = []
    owners: list[User] = []
    metrics_url: Annotated[list[Url], BeforeValidator(_one_or_many)] = []
    metrics: Annotated[list[MetricEntry], Field(max_length=50)] = []


class ApproverEntry(Entry):
    """One role of one person."""

    user: User
    up_to: RiskWord = "medium"
    services: Annotated[list[str], Field(min_length=1)] = ["*"]
    actions: Annotated[list[str], Field(min_length=1)] = ["*"]


class PlatformEntry(Entry):
    """Where changes are read."""

    url: Url
    token_env: Variable | None = None


class LogsEntry(Entry):
    """Where services write JSON lines."""

    dir: Annotated[str, StringConstraints(min_length=1)]


class ParameterEntry(Entry):
    """One typed, bounded parameter of an action."""

    name: Word
    kind: Literal["integer", "number", "boolean", "string"]
    description: Line = ""
    minimum: Finite | None = None
    maximum: Finite | None = None
    choices: list[Line] = []
    pattern: Annotated[str, StringConstraints(max_length=200)] = ""
    unit: Line = ""
    suggested: JsonValue = None


class ProbeEntry(Entry):
    """How we will know that it helped."""

    metric: Word
    threshold: Finite
    bad: Literal["above", "below"] = "above"
    service: Name | None = None
    window_s: Seconds = 300.0
    hold_s: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] = 15.0


class UndoEntry(Entry):
    """The inverse action."""

    action: str
    parameters: dict[str, JsonValue] = {}


class RequirementEntry(Entry):
    """What the observed state must show before the action may run; exactly one of the three."""

    field: Word
    equals: JsonValue = None
    at_least: Finite | None = None
    at_most: Finite | None = None


class RateLimitEntry(Entry):
    """How often the action may run on one target."""

    runs: Annotated[int, Field(ge=1, le=1000)]
    per_s: Annotated[float, Field(gt=0, le=2_592_000, allow_inf_nan=False)]


class RequesterEntry(Entry):
    """People who may ask for actions: a user id, or "*" for every full member."""

    user: Annotated[str, StringConstraints(pattern=r"^(\*|[UW][A-Z0-9]{2,20})$")]
    services: Annotated[list[str], Field(min_length=1)] = ["*"]
    actions: Annotated[list[str], Field(min_length=1)] = ["*"]


class FreezeEntry(Entry):
    """A time in which nothing starts: from one moment to another, or weekly on days between two times (UTC)."""

    name: Name
    services: Annotated[list[str], Field(min_length=1)] = ["*"]
    actions: Annotated[list[str], Field(min_length=1)] = ["*"]
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = []
    since: ClockTime = "00:00"
    until: ClockTime = "00:00"


class BoundEntry(Entry):
    """The numbers that were approved beforehand for one parameter."""

    minimum: Finite
    maximum: Finite


class StandingEntry(Entry):
    """A low-risk reversible action that people approve beforehand, exactly; it acts only once two of them signed it."""

    name: Name
    action: str
    target: str
    alerts: Annotated[list[Annotated[str, StringConstraints(min_length=1, max_length=200)]], Field(min_length=1)]
    expires_at: Moment
    parameters: dict[Word, JsonValue] = {}
    bounds: dict[Word, BoundEntry] = {}
    budget_per_hour: Annotated[int, Field(ge=1, le=60)] = 1
    min_success: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.5


class StepEntry(Entry):
    """One action of a plan; `after` names the steps that must have reached their goal."""

    name: Word
    action: str
    target: str
    parameters: dict[Word, JsonValue] = {}
    after: list[Word] = []
    goal: Literal["recovered", "ran"] = "recovered"


class PlanEntry(Entry):
    """Several actions in order, each approved on its own."""

    name: Word
    title: Line = ""
    steps: Annotated[list[StepEntry], Field(min_length=1, max_length=20)]


class ActionEntry(Entry):
    """One guarded action; `call` and `observe` are checked by the executor's own shape."""

    name: Word
    title: Line = ""
    description: Line = ""
    executor: Literal["http", "command", "kubernetes", "postgres", "manual"]
    targets: Annotated[list[Name], Field(min_length=1)]
    risk: RiskWord
    is_reversible: bool | None = None
    is_idempotent: bool = False
    parameters: Annotated[list[ParameterEntry], Field(max_length=20)] = []
    call: dict[str, JsonValue]
    observe: dict[str, JsonValue] = {}
    probe: ProbeEntry
    undo: UndoEntry | None = None
    timeout_s: Annotated[float, Field(gt=0, le=600, allow_inf_nan=False)] = 30.0
    version: Annotated[str, StringConstraints(min_length=1, max_length=40)] = "1"
    helps_with: list[Word] = []
    requires: Annotated[list[RequirementEntry], Field(max_length=20)] = []
    blast_radius: Line = ""
    rate_limit: RateLimitEntry | None = None


class KubernetesEntry(Entry):
    """The one cluster of the kubernetes executor: a kubeconfig (its path in a variable), or the pod's own account."""

    kubeconfig_env: Variable | None = None
    context: Line = ""
    in_cluster: bool = False

    @model_validator(mode="after")
    def is_one_of_both(self) -> Self:
        """Exactly one source of credentials."""
        if self.in_cluster == (self.kubeconfig_env is not None):
            raise ValueError("needs either kubeconfig_env or in_cluster: true")
        return self


class ExecutorsEntry(Entry):
    """What executors need beside their entries."""

    kubernetes: KubernetesEntry | None = None


class ResolvedEntry(Entry):
    """How a body says that it is over: one of these words, in any letter case, at this place."""

    field: Place
    values: Annotated[list[Line], Field(min_length=1, max_length=20)]


class GenericEntry(Entry):
    """Where the words of a generic webhook body stand."""

    items: Place | None = None
    name: Places = []
    service: Places = []
    severity: Places = []
    severity_words: Annotated[dict[Line, SeverityWord], Field(max_length=50)] = {}
    summary: Places = []
    description: Places = []
    time: Places = []
    link: Places = []
    labels: Annotated[list[Place], Field(max_length=50)] = []
    key: KeyTemplate = ""
    resolved: ResolvedEntry | None = None


class WebhooksEntry(Entry):
    """Other tools' names for our services, and the shape of generic bodies."""

    services: Annotated[dict[Line, Name], Field(max_length=1000)] = {}
    generic: GenericEntry | None = None


class Configuration(Entry):
    """The whole file."""

    environment: Name = "default"
    responders: list[User] = []
    services: dict[Name, ServiceEntry] = {}
    approvers: list[ApproverEntry] = []
    platform: PlatformEntry | None = None
    logs: LogsEntry | None = None
    executors: ExecutorsEntry = ExecutorsEntry()
    webhooks: WebhooksEntry | None = None
    actions: list[ActionEntry] = []
    requesters: list[RequesterEntry] = []
    freezes: list[FreezeEntry] = []
    policies: list[StandingEntry] = []
    plans: list[PlanEntry] = []


class HttpCall(Entry):
    """What the http executor sends."""

    method: Literal["POST", "PUT", "PATCH", "DELETE"]
    url: str
    json_body: JsonValue = Field(default=None, alias="json")
    headers: dict[FreeHeader, HeaderValue] = {}
    token_env: Variable | None = None
    token_header: HeaderName | None = None
    token_prefix: HeaderValue | None = None
    expect_status: Annotated[list[Annotated[int, Field(ge=200, le=299)]], Field(min_length=1)] = [200, 201, 202, 204]
    allow_private: bool = False


class HttpObserve(Entry):
    """What the http executor reads before it acts: `fields` names values by their dotted place in the JSON answer."""

    method: Literal["GET"] = "GET"
    url: str
    headers: dict[FreeHeader, HeaderValue] = {}
    token_env: Variable | None = None
    token_header: HeaderName | None = None
    token_prefix: HeaderValue | None = None
    allow_private: bool = False
    fields: Annotated[dict[Word, Annotated[str, StringConstraints(min_length=1)]], Field(min_length=1)]


class CommandLimits(Entry):
    """What one command may use; see the command executor for what each of them means."""

    cpu_s: Annotated[int, Field(ge=0, le=3600)] = 0
    memory_mb: Annotated[int, Field(ge=16, le=65_536)] = 4096
    open_files: Annotated[int, Field(ge=16, le=4096)] = 256
    file_mb: Annotated[int, Field(ge=1, le=65_536)] = 4096
    processes: Annotated[int, Field(ge=1, le=1024)] = 64


class CommandCall(Entry):
    """What the command executor starts."""

    argv: Annotated[list[str], Field(min_length=1, max_length=60)]
    working_dir: str | None = None
    env: dict[Variable, HeaderValue] = {}
    limits: CommandLimits | None = None


class CommandObserve(CommandCall):
    """What the command executor starts to read state; it prints a JSON object."""

    fields: Annotated[dict[Word, Annotated[str, StringConstraints(min_length=1)]], Field(min_length=1)]
