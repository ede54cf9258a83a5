"""Turns the file's actions into the catalogue and checks that every reference and every template holds together."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path as FilePath

from pydantic import JsonValue

from app.adapters.inventory import models
from app.adapters.inventory.calls import CALLS
from app.adapters.inventory.placeholders import RESERVED, TemplateError, check_argv, check_text, check_url, check_value, whole
from app.adapters.inventory.shapes import check
from app.adapters.inventory.yaml_text import Document, Path
from app.domain.action import ActionSpec, Parameter, ParameterKind, Probe, Risk, Undo
from app.domain.canonical import Json, plain
from app.domain.errors import ActionRefused
from app.domain.guards import RateLimit, Requirement
from app.domain.inventory import Service
from app.domain.series import Bad

# Fixed words: braces in them are braces.
_PLAIN_KEYS = frozenset(
    {"method", "headers", "token_env", "token_header", "token_prefix", "env", "working_dir", "limits", "fields"}
)
_UNBOUNDED = (ParameterKind.STRING, ParameterKind.BOOLEAN)


class Catalogue:
    """Reads the actions of one document; relative folders count from the folder of the file."""

    def __init__(self, document: Document, services: Mapping[str, Service], folder: FilePath) -> None:
        self._document = document
        self._services = services
        self._folder = folder

    def read(self, entries: list[models.ActionEntry]) -> dict[str, ActionSpec]:
        """The catalogue by name; raises BadInput for the first thing that does not hold together."""
        actions: dict[str, ActionSpec] = {}
        for index, entry in enumerate(entries):
            if entry.name in actions:
                raise self._document.problem(("actions", index, "name"), f"'{entry.name}' stands twice", "Rename one of them.")
            actions[entry.name] = self._action(entry, ("actions", index))
        for index, spec in enumerate(actions.values()):
            self._check_undo(spec, actions, ("actions", index, "undo"))
        return actions

    def _action(self, entry: models.ActionEntry, path: Path) -> ActionSpec:
        parameters = tuple(self._parameter(item, (*path, "parameters", n)) for n, item in enumerate(entry.parameters))
        names = [parameter.name for parameter in parameters]
        self._check_unique(names, (*path, "parameters"))
        for position, target in enumerate(entry.targets):
            self._require_service(target, (*path, "targets", position))
        for position, metric in enumerate(entry.helps_with):
            if not any(service.metric(metric) for service in self._services.values()):
                place = (*path, "helps_with", position)
                raise self._document.problem(place, f"no service has a metric '{metric}'", "Name a metric of a service.")
        self._try((*path, "title"), lambda: check_text(entry.title, ("target", *names)))
        is_reversible = self._reversible(entry, path)
        call, observe = self._templates(entry, names, path)
        return ActionSpec(
            name=entry.name,
            title=entry.title or entry.name,
            executor=entry.executor,
            targets=tuple(entry.targets),
            risk=Risk[entry.risk.upper()],
            call=call,
            probe=self._probe(entry, (*path, "probe")),
            description=entry.description,
            parameters=parameters,
            observe=observe,
            undo=Undo(entry.undo.action, _json_map(entry.undo.parameters)) if entry.undo else None,
            is_reversible=is_reversible,
            is_idempotent=entry.is_idempotent,
            timeout_s=entry.timeout_s,
            version=entry.version,
            helps_with=tuple(entry.helps_with),
            requires=self._requires(entry, observe, (*path, "requires")),
            blast_radius=entry.blast_radius,
            rate_limit=RateLimit(entry.rate_limit.runs, entry.rate_limit.per_s) if entry.rate_limit else None,
        )

    def _requires(self, entry: models.ActionEntry, observe: Mapping[str, Json], path: Path) -> tuple[Requirement, ...]:
        fields = observe.get("fields")
        seen = sorted(fields) if isinstance(fields, dict) else []
        for position, item in enumerate(entry.requires):
            if item.field not in seen:
                hint = f"The action observes: {', '.join(seen) or 'nothing'}."
                raise self._document.problem((*path, position, "field"), f"'{item.field}' is not observed", hint)
            if len(item.model_fields_set & {"equals", "at_least", "at_most"}) != 1:
                hint = "Split a range into two requirements."
                raise self._document.problem((*path, position), "needs exactly one of equals, at_least and at_most", hint)
        return tuple(Requirement(item.field, plain(item.equals), item.at_least, item.at_most) for item in entry.requires)

    def _parameter(self, entry: models.ParameterEntry, path: Path) -> Parameter:
        kind = ParameterKind(entry.kind)
        if entry.name in {*RESERVED, "before"}:
            raise self._document.problem((*path, "name"), f"'{entry.name}' is a name of Sitrep's own", "Choose another name.")
        if kind is ParameterKind.STRING:
            self._check_string(entry, path)
        elif kind is not ParameterKind.BOOLEAN and not _has_bounds(entry):
            raise self._document.problem(path, "a number needs minimum <= maximum", "Give both bounds.")
        if kind in _UNBOUNDED and (entry.minimum is not None or entry.maximum is not None):
            raise self._document.problem(path, f"a {kind.value} has no minimum or maximum", "Remove them.")
        if kind is not ParameterKind.STRING and (entry.choices or entry.pattern):
            raise self._document.problem(path, "only a string has choices or a pattern", "Remove them, or use kind: string.")
        parameter = Parameter(
            entry.name, kind, entry.description, entry.minimum, entry.maximum, tuple(entry.choices), entry.pattern, entry.unit
        )
        if entry.suggested is None:
            return parameter
        try:
            return replace(parameter, suggested=parameter.check(plain(entry.suggested)))
        except ActionRefused as error:
            raise self._document.problem((*path, "suggested"), error.message, error.hint) from None

    def _check_string(self, entry: models.ParameterEntry, path: Path) -> None:
        if bool(entry.choices) == bool(entry.pattern):
            raise self._document.problem(path, "a string needs either choices or a pattern", "Say what is allowed.")
        try:
            re.compile(entry.pattern, re.ASCII)
        except re.error as error:
            place = (*path, "pattern")
            raise self._document.problem(place, f"not a regular expression: {error}", "It is matched whole.") from None

    def _reversible(self, entry: models.ActionEntry, path: Path) -> bool:
        has_undo = entry.undo is not None
        if entry.is_reversible is None:
            return has_undo
        if entry.is_reversible != has_undo:
            what = "true needs an undo" if entry.is_reversible else "false does not go with an undo"
            hint = "Name the action that takes it back under undo, or correct is_reversible."
            raise self._document.problem((*path, "is_reversible"), what, hint)
        return entry.is_reversible

    def _probe(self, entry: models.ActionEntry, path: Path) -> Probe:
        probe = entry.probe
        if probe.hold_s > probe.window_s:
            raise self._document.problem(
                (*path, "hold_s"), "is longer than window_s", "The value must be held within the window."
            )
        for name in [probe.service] if probe.service else entry.targets:
            self._require_service(name, (*path, "service"))
            if self._services[name].metric(probe.metric) is None:
                known = ", ".join(metric.name for metric in self._services[name].metrics) or "none"
                hint = f"{name} has: {known}. Or name another service under probe.service."
                raise self._document.problem((*path, "metric"), f"{name} has no metric '{probe.metric}'", hint)
        return Probe(probe.metric, probe.threshold, Bad(probe.bad), probe.service or "", probe.window_s, probe.hold_s)

    def _templates(self, entry: models.ActionEntry, names: list[str], path: Path) -> tuple[dict[str, Json], dict[str, Json]]:
        call, observe = CALLS[entry.executor]
        kept = self._template(call, entry.call, (*RESERVED, *names), (*path, "call"))
        before = ("target", *names)
        return kept, self._template(observe, entry.observe, before, (*path, "observe")) if entry.observe else {}

    def _template(
        self, model: type[models.Entry], raw: dict[str, JsonValue], known: tuple[str, ...], path: Path
    ) -> dict[str, Json]:
        shape = check(model, plain(raw), self._document, path)
        kept = _json_map(shape.model_dump(by_alias=True, exclude_none=True))
        if "json" in raw:
            kept["json"] = plain(raw["json"])
        for key, value in kept.items():
            if key not in _PLAIN_KEYS:
                self._check_placeholders(key, value, known, (*path, key))
        if "working_dir" in kept:
            kept["working_dir"] = str((self._folder / str(kept["working_dir"])).resolve())
        return kept

    def _check_placeholders(self, key: str, value: Json, known: tuple[str, ...], path: Path) -> None:
        if key == "url":
            self._try(path, lambda: check_url(str(value), known))
        elif key == "argv" and isinstance(value, list):
            self._try(path, lambda: check_argv([str(item) for item in value], known))
        elif key in {"name", "namespace", "pod", "instruction"}:
            self._try(path, lambda: check_text(str(value), known))
        else:
            self._try(path, lambda: check_value(value, known))

    def _check_undo(self, spec: ActionSpec, actions: Mapping[str, ActionSpec], path: Path) -> None:
        if spec.undo is None:
            return
        undo = actions.get(spec.undo.action)
        if undo is None:
            known = ", ".join(sorted(actions))
            raise self._document.problem((*path, "action"), f"no action is called '{spec.undo.action}'", f"There are: {known}.")
        uncovered = sorted(set(spec.targets) - set(undo.targets))
        if uncovered:
            what = f"{undo.name} cannot be done to {', '.join(uncovered)}"
            raise self._document.problem((*path, "action"), what, f"Add it to the targets of {undo.name}.")
        wanted = {parameter.name: parameter for parameter in undo.parameters}
        if set(wanted) != set(spec.undo.parameters):
            needs = ", ".join(sorted(wanted)) or "no parameters"
            raise self._document.problem((*path, "parameters"), f"{undo.name} takes {needs}", "Give exactly these.")
        for name, value in spec.undo.parameters.items():
            self._check_undo_value(spec, wanted[name], value, (*path, "parameters", name))

    def _check_undo_value(self, spec: ActionSpec, wanted: Parameter, value: Json, path: Path) -> None:
        own = {parameter.name: parameter.kind for parameter in spec.parameters}
        fields = spec.observe.get("fields")
        seen = list(fields) if isinstance(fields, dict) else []
        name = whole(value) if isinstance(value, str) else None
        if name is None:
            try:
                wanted.check(value)
            except ActionRefused as error:
                raise self._document.problem(path, error.message, error.hint) from None
        elif name not in own and name not in seen:
            known = ", ".join([*own, *seen]) or "none"
            hint = f"Known are: {known}; add it to observe.fields if it should be read before the run."
            raise self._document.problem(path, f"the placeholder {{{name}}} is not known here", hint)
        elif name in own and own[name] is not wanted.kind:
            raise self._document.problem(
                path, f"{{{name}}} is a {own[name].value}, not a {wanted.kind.value}", "Use another one."
            )

    def _require_service(self, name: str, path: Path) -> None:
        if name not in self._services:
            known = ", ".join(sorted(self._services)) or "none"
            raise self._document.problem(path, f"no service is called '{name}'", f"There are: {known}.")

    def _check_unique(self, names: list[str], path: Path) -> None:
        for position, name in enumerate(names):
            if name in names[:position]:
                raise self._document.problem((*path, position, "name"), f"'{name}' stands twice", "Rename one of them.")

    def _try(self, path: Path, check_template: Callable[[], None]) -> None:
        try:
            check_template()
        except TemplateError as error:
            raise self._document.problem(path, str(error), error.hint) from None


def _has_bounds(entry: models.ParameterEntry) -> bool:
    return entry.minimum is not None and entry.maximum is not None and entry.minimum <= entry.maximum


def _json_map(values: Mapping[str, object]) -> dict[str, Json]:
    return {key: plain(value) for key, value in values.items()}
