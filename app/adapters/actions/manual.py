"""A step that a person does by hand: Sitrep writes down exactly what was asked, and touches nothing."""

from collections.abc import Mapping

from app.adapters.actions.templates import RUN_ID_IN_WORDS, fill_text, values_for, visible
from app.domain.action import ActionSpec, Preview
from app.domain.canonical import Json
from app.domain.errors import ActionRefused
from app.ports.runner import RunResult


class ManualRunner:
    """The `manual` executor: the entry's `instruction`, with the approved values in place, is handed to a person.

    A run says that a person was told, never that the step was done: who confirms it, and when, is for the services.
    """

    def observe(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> Mapping[str, Json]:  # noqa: ARG002 - nothing can be read
        """Nothing: a person looks."""
        return {}

    def preview(self, spec: ActionSpec, target: str, parameters: Mapping[str, Json]) -> Preview:
        """The instruction as the person will read it."""
        return Preview(f"by hand: {_instruction(spec, values_for(spec, target, parameters, run_id=RUN_ID_IN_WORDS))}", True)

    def run(
        self,
        spec: ActionSpec,
        target: str,
        parameters: Mapping[str, Json],
        run_id: str,
        actor: str,  # noqa: ARG002 - the instruction names its own people
        seen: Mapping[str, Json] | None = None,  # noqa: ARG002 - nothing can be read
    ) -> RunResult:
        """The instruction, as told to a person."""
        return RunResult(True, _instruction(spec, values_for(spec, target, parameters, run_id=run_id)))


def _instruction(spec: ActionSpec, values: Mapping[str, Json]) -> str:
    text = fill_text(str(spec.call.get("instruction", "")), values).strip()
    if not text:
        raise ActionRefused("The entry has no instruction.", "Say under call.instruction what a person should do.")
    return visible(text)[:2000]
