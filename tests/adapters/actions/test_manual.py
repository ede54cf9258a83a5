"""A manual step is told to a person with exactly the approved values, and nothing is touched."""

from dataclasses import replace

import pytest

from app.adapters.actions import ManualRunner
from app.domain.action import ActionSpec
from app.domain.errors import ActionRefused
from tests.adapters.actions.entries import VALUE, command_entry


def entry(instruction: str) -> ActionSpec:
    return replace(command_entry([], parameters=(VALUE,)), executor="manual", call={"instruction": instruction})


def test_the_person_is_told_the_approved_values() -> None:
    spec = entry("Call the network team: move {target} to link {value}. Run {run_id}.")
    assert ManualRunner().preview(spec, "checkout", {"value": 2}).text == (
        "by hand: Call the network team: move checkout to link 2. Run (the id of the run)."
    )
    told = ManualRunner().run(spec, "checkout", {"value": 2}, "run_1", "U1")
    assert told.accepted
    assert told.output == "Call the network team: move checkout to link 2. Run run_1."
    assert ManualRunner().observe(spec, "checkout", {"value": 2}) == {}


def test_an_empty_instruction_or_a_value_out_of_bounds_is_refused() -> None:
    with pytest.raises(ActionRefused, match="no instruction"):
        ManualRunner().run(entry(" "), "checkout", {"value": 2}, "run_1", "U1")
    with pytest.raises(ActionRefused):
        ManualRunner().preview(entry("Move it to {value}."), "checkout", {"value": 501})
    with pytest.raises(ActionRefused, match="not a parameter"):
        ManualRunner().preview(entry("Move it to {other}."), "checkout", {"value": 2})
