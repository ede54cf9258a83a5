"""Choices by the file: made before the outcome, in order, whole or not at all."""

import json
from pathlib import Path

import pytest

from app.domain.errors import BadInput
from app.entrypoints.cli.evals.remediation import choose_lines


def line(number: int, **change: object) -> str:
    return json.dumps(
        {
            "id": number,
            "fingerprint": "disk full",
            "actions": ["wait", "clean up"],
            "outcomes": {"wait": "worse", "clean up": "recovered"},
            **change,
        }
    )


def answers(path: Path) -> list[dict[str, object]]:
    return [json.loads(text) for text in path.read_text().splitlines()]


def test_it_learns_the_action_that_helps_and_in_time_would_run_it_alone(tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(line(number) for number in range(40)))
    assert choose_lines(source, out) == 40
    chosen = answers(out)
    assert [answer["id"] for answer in chosen] == list(range(40))
    assert {answer["chosen"] for answer in chosen[10:]} == {"clean up"}
    assert [chosen[0]["would_auto_run"], chosen[-1]["would_auto_run"]] == [False, True]


def test_a_later_line_and_the_outcomes_of_other_actions_change_no_choice(tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(line(number) for number in range(20)))
    choose_lines(source, out)
    before = answers(out)
    rows = []
    for number, answer in enumerate(before):
        kept = {"wait": "worse", "clean up": "recovered"}[str(answer["chosen"])]
        rows.append(line(number, outcomes={str(answer["chosen"]): kept}))
    source.write_text("\n".join([*rows, line(20, fingerprint="other")]))
    choose_lines(source, out)
    assert answers(out)[:20] == before


@pytest.mark.parametrize(
    "change",
    [
        {"actions": []},
        {"actions": "wait"},
        {"actions": [1]},
        {"outcomes": {}},
        {"outcomes": {"wait": "ok", "clean up": "ok"}},
        {"fingerprint": 3},
    ],
)
def test_a_bad_line_is_named_and_nothing_is_written(tmp_path: Path, change: dict[str, object]) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(line(1) + "\n" + line(2, **change))
    with pytest.raises(BadInput, match="Line 2 of"):
        choose_lines(source, out)
    assert not out.exists()
