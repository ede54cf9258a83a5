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
    code = "import resource as r; print([r.getrlimit(k)[0] for k in (r.RLIMIT_CPU, r.RLIMIT_AS, r.RLIMIT_NOFILE, r.RLIMIT_FSIZE, r.RLIMIT_CORE)])"
    result = run(command_entry(["python", "-c", code, "{key}"], timeout_s=7.0), key="x")
    assert result.output == f"exit code 0: [12, {4 * 1024**3}, 256, {4 * 1024**3}, 0]"


def test_an_entry_sets_its_own_limits() -> None:
    code = (
        "import resource as r; print([r.getrlimit(k)[0] for k in (r.RLIMIT_CPU, r.RLIMIT_AS, r.RLIMIT_NOFILE, r.RLIMIT_FSIZE)])"
    )
    limits: Json = {"cpu_s": 3, "memory_mb": 512, "open_files": 32, "file_mb": 1}
    result = run(command_entry(["python", "-c", code, "{key}"], limits=limits), key="x")
    assert result.output == f"exit code 0: [3, {512 * 1024**2}, 32, {1024**2}]"


def test_a_command_that_wants_too_much_memory_fails_and_nothing_else_does() -> None:
    spec = command_entry(["python", "-c", "x = bytearray(600 * 1024 ** 2); print('got it')", "{key}"], limits={"memory_mb": 256})
    result = run(spec, key="x")
    assert not result.accepted
    assert "MemoryError" in result.output


def test_a_command_that_burns_its_cpu_seconds_is_killed_by_the_kernel() -> None:
    result = run(command_entry(["python", "-c", "while True: pass", "{key}"], timeout_s=30, limits={"cpu_s": 1}), key="x")
    assert not result.accepted
    assert result.output.startswith("exit code -")


def test_a_file_cannot_grow_beyond_its_limit(tmp_path: Path) -> None:
    code = "import sys; open(sys.argv[1], 'wb').write(bytes(3 * 1024 ** 2))"
    result = run(command_entry(["python", "-c", code, str(tmp_path / "big"), "{key}"], limits={"file_mb": 1}), key="x")
    assert not result.accepted
    assert (tmp_path / "big").stat().st_size <= 1024**2


def test_files_it_creates_are_for_its_owner_alone(tmp_path: Path) -> None:
    assert run(
        command_entry(["python", "-c", "import sys; open(sys.argv[1], 'w')", str(tmp_path / "new"), "{key}"]), key="x"
    ).accepted
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600


BOMB = """
import os, sys, time
for _ in range(120):  # a bomb that cannot hurt the machine if its bound should fail
    try:
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
    except OSError:
        break
    time.sleep(0.02)
open(sys.argv[1], "w").write("all of them")
time.sleep(20)
"""


def test_a_fork_bomb_is_stopped_with_all_its_children(tmp_path: Path) -> None:
    marker = tmp_path / "done"
    spec = command_entry(["python", "-c", BOMB, str(marker), "{key}"], timeout_s=15, limits={"processes": 20})
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown, match="more than 20 processes") if os.getuid() == 0 else pytest.raises(OutcomeUnknown):
        run(spec, key="x")
    assert time.monotonic() - began < 14
    assert not marker.exists()
    assert not [
        path
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if str(marker).encode() in reading(path) and is_alive(int(path.parent.name))
    ]


def reading(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"])
open(sys.argv[1], "w").write(str(child.pid))
time.sleep(60)
"""


def test_a_family_that_ignores_polite_signals_is_killed_all_the_same(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    with pytest.raises(OutcomeUnknown):
        run(command_entry(["python", "-c", STUBBORN, str(marker), "{key}"], timeout_s=2), key="x")
    assert gone(int(marker.read_text(encoding="ascii")))


DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        open(sys.argv[1], "w").write(str(os.getpid()))
        time.sleep(60)
    os._exit(0)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux only")
def test_a_daemon_that_left_its_session_is_found_and_killed(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    with pytest.raises(OutcomeUnknown):
        run(command_entry(["python", "-c", DAEMON, str(marker), "{key}"], timeout_s=3), key="x")
    assert gone(int(marker.read_text(encoding="ascii")))


def test_an_endless_flood_of_output_neither_fills_us_nor_blocks_the_deadline() -> None:
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown, match="did not finish"):
        run(command_entry(["python", "-c", "while True: print('y' * 65536)", "{key}"], timeout_s=1), key="x")
    assert time.monotonic() - began < 5


def test_the_dry_run_shows_arguments_folder_environment_and_limits(tmp_path: Path) -> None:
    spec = command_entry(
        ["python", "-m", "clean", "--age={value}", "{run_id}"],
        parameters=(VALUE,),
        working_dir=str(tmp_path),
        env={"MODE": "fast"},
    )
    shown = CommandRunner(ENVIRON).preview(spec, "checkout", {"value": 7})
    assert shown.is_exact
    assert shown.text.splitlines() == [
        f'argv: ["{sys.executable}", "-m", "clean", "--age=7", "(the id of the run)"] in {tmp_path}',
        "environment PATH, LANG, MODE=fast",
        "time limit 10 s, 4096 MB of memory, 64 processes, 256 open files",
    ]


@pytest.mark.parametrize("value", ["-rf", "--force", "a\nb", "\x00"])
def test_the_dry_run_refuses_what_a_run_would_refuse(value: str) -> None:
    with pytest.raises(ActionRefused):
        CommandRunner(ENVIRON).preview(command_entry(["python", "{key}"]), "checkout", {"key": value})


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
