"""The house rules, held by tests: quiet imports, documented settings, runbooks that name real actions."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.drills.catalogue import actions
from app.services.commands import HELP, Commands
from app.services.guarded_commands import GuardedCommands
from app.settings import Settings
from retrieval.documents import load_folder

ROOT = Path(__file__).resolve().parents[2]
RUNBOOKS = ROOT / "runbooks"
ACTIONS = {str(entry["name"]) for entry in actions("http://127.0.0.1:1", Path("spool"))}
KEPT_APART = {"data_dir", "environ", "rate_window_s", "step_s", "store_url"}


def test_every_runbook_parses_and_names_only_catalogue_actions() -> None:
    """A runbook that names an unknown action would promise what nobody can do."""
    loaded = load_folder(RUNBOOKS, "runbook")
    assert not loaded.refused
    books = [document for document in loaded.documents if not document.id.startswith("inc-")]
    assert len(books) >= 15
    named = {
        name
        for document in loaded.documents
        for key in ("actions", "actions.name", "actions.action")
        for name in document.values(key)
    }
    assert named <= ACTIONS, named - ACTIONS
    assert any(
        document.values("actions.name") or document.values("actions.action") or document.values("actions") for document in books
    )


def test_every_setting_stands_in_the_readme() -> None:
    """Read from the code that reads the environment."""
    names = set(re.findall(r'"((?:SITREP|SLACK|OPENAI)_[A-Z_]+)"', (ROOT / "app/settings.py").read_text("utf-8")))
    readme = (ROOT / "README.md").read_text("utf-8")
    assert len(names) >= 12
    assert {name for name in names if name not in readme} == set()
    assert {field.name for field in dataclasses.fields(Settings)} - KEPT_APART <= {
        re.sub("^sitrep_", "", name.lower()) for name in names
    }


def test_every_verb_stands_in_the_help_and_the_other_way_round() -> None:
    """`unfreeze` is explained beside `freeze`."""
    sources = [Path(sys.modules[kind.__module__].__file__ or "").read_text("utf-8") for kind in (Commands, GuardedCommands)]
    verbs = set(re.findall(r'^            "([a-z]+)": ', "\n".join(sources), re.MULTILINE))
    explained = {usage.split()[0] for usage, _ in HELP} | {"unfreeze"}
    assert verbs == explained


@pytest.mark.parametrize(
    "module",
    ["app.bootstrap", "app.entrypoints.cli.main", "app.entrypoints.slack_bot.bot", "app.drills.gameday", "retrieval.index"],
)
def test_importing_does_nothing(module: str) -> None:
    """With an empty environment: no thread, no socket, and none of the heavy libraries."""
    code = f"import sys, threading, {module}; print(threading.active_count(), sorted(set(sys.modules) & {{'chromadb', 'langchain', 'openai', 'dbos', 'torch'}}))"
    done = subprocess.run([sys.executable, "-c", code], env={}, capture_output=True, text=True, timeout=60, cwd=ROOT, check=True)
    assert done.stdout.strip() == "1 []"
