"""The command executor starts exactly the approved arguments, bounded, without a shell."""

import json
import os
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.adapters.actions import CommandRunner
from app.domain.action import ActionSpec
from app.domain.canonical import Json
from app.domain.errors import ActionRefused, OutcomeUnknown, Unavailable
from app.ports.runner import RunResult
from tests.adapters.actions.entries import ON, RATIO, VALUE, command_entry, observing

SHOW = "import json,os,sys; print(json.dumps({{'argv': sys.argv[1:], 'env': dict(os.environ), 'cwd': os.getcwd()}}))"
ENVIRON = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8", "SECRET": "hidden"}


def run(spec: ActionSpec, **parameters: Json) -> RunResult:
    return CommandRunner(ENVIRON).run(spec, "checkout", parameters, "run_1", "U0BOB001")


def shown(result: RunResult) -> dict[str, object]:
    assert result.accepted, result.output
    seen = json.loads(result.output.removeprefix("exit code 0: "))
    assert isinstance(seen, dict)
    return seen


@pytest.mark.parametrize("value", ["a b", "$(id)", "`id`", "; rm -rf x", "*", "'\"", "é", "{target}", "a=b"])
def test_a_value_is_one_argument_and_never_shell(value: str) -> None:
    spec = command_entry(["python", "-c", SHOW, "--key", "{key}", "--at={target}", "{run_id}"])
    assert shown(run(spec, key=value))["argv"] == ["--key", value, "--at=checkout", "run_1"]


@settings(max_examples=15, deadline=None)
@given(
    st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp")), min_size=1, max_size=30).filter(
        lambda text: text[0] != "-"
    )
)
def test_any_plain_text_arrives_unchanged(value: str) -> None:
    assert shown(run(command_entry(["python", "-c", SHOW, "{key}"]), key=value))["argv"] == [value]


def test_typed_values_are_spelled_as_json_spells_them() -> None:
    spec = command_entry(["python", "-c", SHOW, "{value}", "{ratio}", "{on}"], parameters=(VALUE, RATIO, ON))
    assert shown(run(spec, value=7, ratio=0.25, on=True))["argv"] == ["7", "0.25", "true"]


@pytest.mark.parametrize("value", ["-rf", "--all", "a\nb", "a\x01b", "\x00"])
def test_options_line_breaks_and_nul_in_a_value_are_refused(tmp_path: Path, value: str) -> None:
    spec = command_entry(["python", "-c", f"open({str(tmp_path / 'ran')!r}, 'w')", "{key}"])
    with pytest.raises(ActionRefused):
        run(spec, key=value)
    assert not (tmp_path / "ran").exists()


def test_a_negative_number_is_refused_as_it_reads_like_an_option() -> None:
    with pytest.raises(ActionRefused, match="dash"):
        run(command_entry(["python", "-c", SHOW, "{value}"], parameters=(VALUE,)), value=-5)


def test_the_command_sees_a_cleared_environment_and_its_folder(tmp_path: Path) -> None:
    spec = command_entry(["python", "-c", SHOW, "{key}"], working_dir=str(tmp_path), env={"MODE": "fast"})
    seen = shown(run(spec, key="x"))
    environment = seen["env"]
    assert isinstance(environment, dict)
    assert {"PATH", "LANG", "MODE"} <= set(environment) <= {"PATH", "LANG", "MODE", "LC_CTYPE"}
    assert seen["cwd"] == str(tmp_path)


def test_a_failing_command_is_not_accepted_and_says_why() -> None:
    result = run(command_entry(["python", "-c", "import sys; print('no space'); sys.exit(3)", "{key}"]), key="x")
    assert not result.accepted
    assert result.output == "exit code 3: no space"


def test_standard_input_is_closed() -> None:
    result = run(command_entry(["python", "-c", "import sys; print(repr(sys.stdin.read()))", "{key}"]), key="x")
    assert result.output == "exit code 0: ''"


def test_a_lot_of_output_is_drained_and_cut() -> None:
    result = run(command_entry(["python", "-c", "print('y' * 3_000_000)", "{key}"]), key="x")
    assert result.accepted
    assert len(result.output) <= 2000


def test_limits_hold_in_the_child() -> None:
    code = "import resource as r; print([r.getrlimit(k)[0] for k in (r.RLIMIT_CPU, r.RLIMIT_AS, r.RLIMIT_NOFILE, r.RLIMIT_CORE)])"
    result = run(command_entry(["python", "-c", code, "{key}"], timeout_s=7.0), key="x")
    assert result.output == f"exit code 0: [12, {4 * 1024**3}, 256, 0]"


FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open(sys.argv[1], "w").write(str(child.pid))
{then}
"""


def is_alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] != "Z"


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 3
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_alive(pid)


def test_a_timeout_stops_the_whole_group_and_the_outcome_is_unknown(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    spec = command_entry(["python", "-c", FAMILY.format(then="time.sleep(60)"), str(marker), "{key}"], timeout_s=1.5)
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown, match=r"did not finish within 1\.5 s"):
        run(spec, key="x")
    assert time.monotonic() - began < 4
    assert gone(int(marker.read_text(encoding="ascii")))


def test_a_child_left_behind_neither_holds_us_nor_survives(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    began = time.monotonic()
    result = run(command_entry(["python", "-c", FAMILY.format(then=""), str(marker), "{key}"], timeout_s=20), key="x")
    assert result.accepted
    assert time.monotonic() - began < 5
    assert gone(int(marker.read_text(encoding="ascii")))


@pytest.mark.parametrize("program", ["no-such-program-here", "./relative", "bin/thing", "/no/such/file", ""])
def test_a_program_that_is_not_there_is_refused(program: str) -> None:
    with pytest.raises(ActionRefused):
        run(command_entry([program, "{key}"]), key="x")


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ActionRefused, match="does not exist"):
        run(command_entry(["python", "{key}"], working_dir=str(tmp_path / "gone")), key="x")


def test_a_file_that_cannot_be_executed_is_not_accepted(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELFnonsense")
    broken.chmod(0o755)
    result = run(command_entry([str(broken), "{key}"]), key="x")
    assert not result.accepted
    assert "cannot be started" in result.output


def test_the_state_before_is_what_the_command_prints() -> None:
    entry = command_entry(["python", "{key}"])
    spec = observing(
        entry, {"argv": ["python", "-c", 'print(\'{{"disk": {{"used": 0.9}}}}\')'], "fields": {"before": "disk.used"}}
    )
    assert CommandRunner(ENVIRON).observe(spec, "checkout", {"key": "x"}) == {"before": 0.9}


@pytest.mark.parametrize(
    "code", ["print(1)", "print('{{}}')", "import sys; sys.exit(1)", "import time; time.sleep(9)", "print('[' * 60000)"]
)
def test_a_state_that_cannot_be_read_is_unavailable(code: str) -> None:
    spec = observing(command_entry(["python", "{key}"], timeout_s=1), {"argv": ["python", "-c", code], "fields": {"before": "a"}})
    with pytest.raises(Unavailable, match="state of checkout"):
        CommandRunner(ENVIRON).observe(spec, "checkout", {"key": "x"})


def test_python_means_this_interpreter() -> None:
    result = run(command_entry(["python", "-c", "import sys; print(sys.executable)", "{key}"]), key="x")
    assert result.output == f"exit code 0: {sys.executable}"
