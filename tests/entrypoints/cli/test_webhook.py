"""`sitrep webhook test` says what would be understood, before anybody points a sender here."""

import json
from pathlib import Path

import pytest

from app.adapters.inventory import example
from app.entrypoints.cli.main import main
from tests.adapters.signals.deploy_payloads import GITHUB_PUSH
from tests.adapters.signals.payloads import ALERTMANAGER, CE_BINARY, CLOUD_EVENT, github


@pytest.fixture(autouse=True)
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A team's own mapping."""
    (tmp_path / "sitrep.yaml").write_text(example(), "utf-8")
    monkeypatch.setenv("SITREP_CONFIG", str(tmp_path / "sitrep.yaml"))
    monkeypatch.setenv("SITREP_SHOP_TOKEN", "set, so that nothing warns")


def written(folder: Path, body: object) -> str:
    """A file with the body."""
    path = folder / "body.json"
    path.write_text(json.dumps(body), "utf-8")
    return str(path)


def test_the_teams_mapping_is_tried_without_storing_anything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = {
        "check": {"id": 7, "name": "disk"},
        "tags": {"service": "Checkout API", "host": "web-1"},
        "level": "fatal",
        "state": "OK",
    }
    body |= {"message": "92 % \u202e used", "at": "2026-11-24T03:00:00Z"}
    assert main(["webhook", "test", "generic", written(tmp_path, body)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == ["signal: disk", "  state      resolved", "  severity   SEV2", "  service    checkout"]
    assert "  condition  generic:7/web-1" in lines
    assert "  summary    92 % \\u202e used" in lines
    assert lines[-1] == "1 signals, 0 changes, 0 not understood. Nothing was stored."
    assert sorted(path.name for path in tmp_path.iterdir()) == ["body.json", "sitrep.yaml"]


def test_headers_are_given_as_the_sender_would(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    headers = [f"--header={name}: {value}" for name, value in github("push").items()]
    assert main(["webhook", "test", "deploy", written(tmp_path, GITHUB_PUSH), *headers]) == 0
    assert "change: push on checkout" in capsys.readouterr().out
    headers = [f"--header={name}: {value}" for name, value in CE_BINARY.items()]
    assert main(["webhook", "test", "cloudevents", written(tmp_path, CLOUD_EVENT["data"]), *headers]) == 0
    assert "queue depth" in capsys.readouterr().out


def test_what_is_not_understood_is_named_and_the_answer_is_no(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = {**ALERTMANAGER, "alerts": [*ALERTMANAGER["alerts"], {"status": "x"}]}  # type: ignore[misc]
    assert main(["webhook", "test", "alertmanager", written(tmp_path, body)]) == 1
    assert "not understood: alerts[1].labels is not an object." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nagios", "x.json"], "There is no source 'nagios'"),
        (["generic", "gone.json"], "cannot be read"),
        (["generic", __file__], "not JSON"),
        (["generic", __file__, "--header", "nonsense"], "NAME: VALUE"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["webhook", "test", *arguments]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
