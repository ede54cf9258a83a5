"""`sitrep doctor` asks every part and says what is missing and what to do."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.drills.shop.launcher import free_port
from app.entrypoints.cli.upkeep import findings
from app.settings import Settings
from tests.scenario.stack import workspace


class Answers(BaseHTTPRequestHandler):
    """A model, a Prometheus and a Loki in one; the model wants a key."""

    def do_GET(self) -> None:
        """200 for what doctor asks, 401 without the key, 404 otherwise."""
        wants_key = self.path == "/v1/models" and self.headers.get("Authorization") != "Bearer sk-test"
        known = {"/v1/models", "/api/v1/query?query=1", "/loki/api/v1/labels"}
        self.send_response(401 if wants_key else 200 if self.path in known else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Says nothing."""


@pytest.fixture
def answering() -> Iterator[str]:
    """Where they answer."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def _found(settings: Settings) -> dict[str, tuple[str, str]]:
    return {name: (state, words) for name, state, words in findings(settings)}


def test_a_fresh_installation_is_well_and_hears_what_else_there_is(tmp_path: Path) -> None:
    """Nothing is broken; each absent part names the setting that brings it."""
    found = _found(Settings(data_dir=tmp_path / "data"))
    assert {name: state for name, (state, _) in found.items()} == {
        "configuration": "absent",
        "disk": "ok",
        "database": "ok",
        "tasks": "ok",
        "memory": "ok",
        "index": "absent",
        "webhooks": "absent",
        "slack": "absent",
        "model": "absent",
        "prometheus": "absent",
        "loki": "absent",
    }
    for name, setting in (("configuration", "SITREP_CONFIG"), ("model", "SITREP_MODEL"), ("loki", "SITREP_LOKI_URL")):
        assert setting in found[name][1]


def test_what_is_configured_is_really_asked(tmp_path: Path, answering: str) -> None:
    """Slack by both tokens, the model with its key, Prometheus and Loki."""
    with workspace() as place:
        found = _found(
            Settings(
                data_dir=tmp_path,
                slack_bot_token="xoxb-local",
                slack_app_token="xapp-local",
                slack_api_url=f"{place}/api/",
                model="small",
                openai_base_url=f"{answering}/v1",
                openai_api_key="sk-test",
                prometheus_url=answering,
                loki_url=f"{answering}/",
            )
        )
    assert {found[name][0] for name in ("slack", "model", "prometheus", "loki")} == {"ok"}
    assert "sk-test" not in str(found)


def test_what_does_not_answer_is_broken_with_the_setting_to_look_at(tmp_path: Path, answering: str) -> None:
    """A closed port, a wrong path and a wrong key."""
    closed = f"http://127.0.0.1:{free_port()}"
    settings = Settings(
        data_dir=tmp_path,
        database_url=closed.replace("http", "postgresql+psycopg") + "/x",
        slack_bot_token="xoxb-x",
        slack_app_token="xapp-x",
        slack_api_url=f"{closed}/api/",
        model="small",
        openai_base_url=f"{answering}/v1",
        prometheus_url=f"{answering}/wrong",
        loki_url=closed,
    )
    found = _found(settings)
    broken = {name for name, (state, _) in found.items() if state == "broken"}
    assert broken == {"database", "tasks", "slack", "model", "prometheus", "loki"}
    assert "answers 401. Check OPENAI_BASE_URL" in found["model"][1]
    assert "answers 404. Check SITREP_PROMETHEUS_URL" in found["prometheus"][1]
    assert "does not answer (ConnectError). Check SITREP_LOKI_URL" in found["loki"][1]
    assert _found(replace(settings, openai_base_url=""))["model"][0] == "broken"


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "file").write_text("x")
    state, words = _found(Settings(data_dir=tmp_path / "file"))["disk"]
    assert state == "broken"
    assert "Set SITREP_DATA_DIR" in words
