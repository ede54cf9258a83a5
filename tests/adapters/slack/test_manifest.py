"""The manifest is valid, current, and asks for exactly what the code uses."""

import ast
import json
import re
from pathlib import Path

import pytest

import app
from app.adapters.slack.manifest import COMMAND, EVENT_SCOPES, METHOD_SCOPES, Transport, manifest, manifest_yaml, scopes
from app.domain.errors import BadInput
from app.entrypoints.slack_bot.bot import EVENTS

ROOT = Path(app.__file__).parent
# Slack's published schema, kept beside the repository and not in it.
SCHEMA = ROOT.parents[1] / "shared" / "data" / "slack" / "manifest.schema.2.0.0.json"
METHOD = re.compile(r"^(auth|chat|conversations|files|pins|users|views|apps)\.[a-zA-Z.]+$")
# What the SDK calls on our behalf: its own names for methods, and a helper that makes two calls.
SDK_CALLS = {
    "auth_test": {"auth.test"},
    "views_open": {"views.open"},
    "files_upload_v2": {"files.getUploadURLExternal", "files.completeUploadExternal"},
}


def sources() -> list[ast.Module]:
    files = [*(ROOT / "adapters" / "slack").glob("*.py"), *(ROOT / "entrypoints" / "slack_bot").glob("*.py")]
    return [ast.parse(path.read_text("utf-8")) for path in files if path.name != "manifest.py"]


def methods_called() -> set[str]:
    found: set[str] = set()
    for tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and METHOD.match(node.value):
                found.add(node.value)
            if isinstance(node, ast.Attribute):
                found |= SDK_CALLS.get(node.attr, set())
    return found


@pytest.mark.parametrize("transport", ["socket", "http"])
def test_slacks_own_schema_accepts_the_manifest(transport: Transport) -> None:
    if not SCHEMA.exists():
        pytest.skip("the manifest schema is not on this machine")
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    schema = json.loads(SCHEMA.read_text("utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    url = "https://sitrep.example/" if transport == "http" else None
    assert [error.message for error in validator.iter_errors(manifest(transport, url))] == []


def test_the_committed_manifest_is_current() -> None:
    assert (ROOT / "adapters" / "slack" / "manifest.yaml").read_text("utf-8") == manifest_yaml()


def test_every_method_the_code_calls_is_listed_with_its_scope_and_no_other() -> None:
    assert methods_called() == set(METHOD_SCOPES)


def test_every_listener_has_its_subscription_and_the_reverse() -> None:
    assert {name.partition(".")[0] for name in EVENT_SCOPES} == set(EVENTS)


def test_the_manifest_asks_for_the_needed_scopes_only() -> None:
    for needed in (*METHOD_SCOPES.values(), *EVENT_SCOPES.values()):
        assert set(needed) <= set(scopes())
    assert not {"users:read.email", "canvases:write", "chat:write.public"} & set(scopes())


def test_http_needs_an_address_and_puts_it_everywhere() -> None:
    with pytest.raises(BadInput):
        manifest("http")
    text = manifest_yaml("http", "https://sitrep.example/")
    assert text.count("https://sitrep.example/slack/events") == 3
    assert "socket_mode_enabled: false" in text
    assert f"command: {COMMAND}" in text
