"""Runs an action as one command: a list of arguments, never a shell, in its own process group with limits."""

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from app.adapters.actions.process import Command, Finished, Limits, NotStarted, TookTooLong, run_group
from app.adapters.actions.templates import RUN_ID_IN_WORDS, fill_argv, pick, values_for, visible, words
from app.domain.action import ActionSpec, Preview
from app.domain.canonical import Json
from app.domain.errors import ActionRefused, OutcomeUnknown, Unavailable
from app.ports.runner import RunResult

OBSERVE_TIMEOUT_S = 10.0


class CommandRunner:
    """The `command` executor. The program is absolute, or found on PATH of `environ`; `python` means this interpreter.

    The command's environment is PATH, LANG and the entry's own `env`; nothing else of Sitrep's environment is passed on.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._path = environ.get("PATH", "/usr/local/bin:/usr/bin:/bin")
        self._lang = environ.get("LANG", "C.UTF-8")

    def observe(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> Mapping[str, Json]:
        """The entry's fields of the JSON object the command prints; raises Unavailable."""
        if not spec.observe:
            return {}
        values = values_for(spec, target, parameters)
        problem = f"The state of {target} cannot be read"
        try:
            finished = self._start(spec.observe, values, min(spec.timeout_s, OBSERVE_TIMEOUT_S))
        except (NotStarted, TookTooLong) as error:
            raise Unavailable(f"{problem}: {error}.", "Try the entry's observe command by hand.") from None
        if finished.code != 0:
            said = words(finished.output)[:200]
            raise Unavailable(f"{problem}: exit code {finished.code}. {said}".strip(), "Try the command by hand.")
        fields = spec.observe.get("fields")
        wanted = fields if isinstance(fields, dict) else {}
        try:
            document: Json = json.loads(finished.output)
            return {name: pick(document, str(place)) for name, place in wanted.items()}
        except (ValueError, KeyError, RecursionError):
            raise Unavailable(f"{problem}: the command did not print {', '.join(wanted)} as JSON.", "Try it by hand.") from None

    def preview(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> Preview:
        """The exact arguments, folder, environment and limits; nothing starts."""
        command = self._command(spec.call, values_for(spec, target, parameters, run_id=RUN_ID_IN_WORDS))
        declared = [name if name in {"PATH", "LANG"} else f"{name}={value}" for name, value in command.environment.items()]
        lines = [
            f"argv: {json.dumps(list(command.argv), ensure_ascii=False)} in {command.folder}",
            f"environment {', '.join(declared)}",
            f"time limit {spec.timeout_s:g} s, {command.limits.sentence}",
        ]
        return Preview(visible("\n".join(lines)), is_exact=True)

    def run(
        self,
        spec: ActionSpec,
        target: str,
        parameters: Mapping[str, Json],
        run_id: str,
        actor: str,  # noqa: ARG002 - a command sees only what its entry names
        seen: Mapping[str, Json] | None = None,  # noqa: ARG002 - a command cannot compare and change in one step
    ) -> RunResult:
        """Starts the command once and waits for it, up to the entry's `timeout_s`."""
        values = values_for(spec, target, parameters, run_id=run_id)
        try:
            finished = self._start(spec.call, values, spec.timeout_s)
        except NotStarted as error:
            raise Unavailable(f"{spec.name} was not started: {error}.", "Check the entry's argv and working_dir.") from None
        except TookTooLong as error:
            raise OutcomeUnknown(
                f"{spec.name} on {target} {error} and was stopped.", "Look at the target before repeating it."
            ) from None
        said = words(finished.output)
        return RunResult(finished.code == 0, f"exit code {finished.code}: {said}"[:2000])

    def _start(self, template: Mapping[str, Json], values: Mapping[str, Json], timeout_s: float) -> Finished:
        return run_group(self._command(template, values), timeout_s)

    def _command(self, template: Mapping[str, Json], values: Mapping[str, Json]) -> Command:
        given = template.get("argv")
        argv = fill_argv([str(item) for item in given], values) if isinstance(given, list) else []
        if not argv:
            raise ActionRefused("The entry names no command.", "Give argv as a list.")
        program = self._program(argv[0])
        declared = template.get("env")
        extra = {str(key): str(value) for key, value in declared.items()} if isinstance(declared, dict) else {}
        folder = template.get("working_dir")
        if folder is not None and not Path(str(folder)).is_dir():
            raise ActionRefused(f"The folder {folder} does not exist; nothing was started.", "Correct working_dir.")
        # The full path as argument 0 too: an interpreter finds its own packages by it.
        return Command(
            program=program,
            argv=(program, *argv[1:]),
            environment={"PATH": self._path, "LANG": self._lang, **extra},
            folder=str(folder) if folder is not None else "/",
            limits=_limits(template.get("limits")),
        )

    def _program(self, name: str) -> str:
        if name == "python":
            return sys.executable
        is_path = "/" in name
        if is_path and not Path(name).is_absolute():
            raise ActionRefused(f"{name} is a relative path; nothing was started.", "Give an absolute path or a name on PATH.")
        found = shutil.which(name, path=self._path)
        if found is None or not Path(found).is_absolute():
            raise ActionRefused(f"The program {name} was not found; nothing was started.", "Install it or correct argv.")
        return found


def _limits(given: Json) -> Limits:
    if not isinstance(given, dict):
        return Limits()
    return Limits(**{name: value for name, value in given.items() if isinstance(value, int)})
