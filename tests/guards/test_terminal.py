"""What people see at the terminal: the catalogue, the rules, the verbs, links, the freeze and the audit chain."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from app.adapters.inventory import example
from app.entrypoints.cli.main import main

Sitrep = Callable[..., tuple[int, str, str]]


@pytest.fixture
def sitrep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Sitrep:
    """Runs a command against a data directory of its own; exit code, output and complaints."""
    config = tmp_path / "sitrep.yaml"
    config.write_text(example(), encoding="utf-8")
    monkeypatch.setenv("SITREP_CONFIG", str(config))
    monkeypatch.setenv("SITREP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("SITREP_SHOP_TOKEN", "t")

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(list(arguments))
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_actions_are_listed_shown_and_checked(sitrep: Sitrep) -> None:
    """One line each, everything about one, and what is missing."""
    code, out, _ = sitrep("actions", "list")
    assert code == 0
    assert "set_config_value" in out
    assert "medium" in out
    code, out, _ = sitrep("actions", "show", "set_config_value")
    assert (code, json.loads(out)["name"]) == (0, "set_config_value")
    code, out, _ = sitrep("actions", "check")
    assert code == 0
    assert "all well." in out
    code, _, err = sitrep("actions", "show", "set_everything")
    assert code == 2
    assert err.startswith("sitrep: The catalogue has no action 'set_everything'.")
    assert err.count("\n") == 1


def test_trying_an_action_with_bad_values_says_what_is_allowed(sitrep: Sitrep) -> None:
    """In one line, without touching the target."""
    code, _, err = sitrep("actions", "test", "set_config_value", "checkout", "key")
    assert (code, err.count("\n")) == (2, 1)
    assert "Values are written key=value." in err
    code, _, err = sitrep("actions", "test", "set_config_value", "basket", "key=pool_size", "value=3")
    assert code == 2
    assert "has no target 'basket'" in err


def test_the_policy_is_explained_checked_and_has_a_schema(sitrep: Sitrep, tmp_path: Path) -> None:
    """Who may and why not; exit code 1 when the answer is no."""
    code, out, _ = sitrep("policy", "explain", "U0EVE", "set_config_value", "checkout")
    assert code == 1
    assert "U0EVE may not approve it: no role under approvers." in out
    code, out, _ = sitrep("policy", "schema")
    assert (code, json.loads(out)["additionalProperties"]) == (0, False)
    bad = tmp_path / "bad.yaml"
    bad.write_text(yaml.safe_dump({**yaml.safe_load(example()), "polices": []}))
    code, _, err = sitrep("policy", "check", str(bad))
    assert (code, err.count("\n")) == (2, 1)
    assert "bad.yaml:" in err
    assert "Did you mean policies?" in err


def test_the_freeze_is_thrown_and_lifted_at_the_terminal_and_is_on_record(sitrep: Sitrep) -> None:
    """The chain stays whole, and says who did it."""
    assert sitrep("freeze")[1] == "No new action runs until `sitrep unfreeze`.\n"
    assert sitrep("unfreeze")[1] == "Actions may run again.\n"
    code, out, _ = sitrep("audit", "export")
    assert code == 0
    assert "freezes all actions" in out
    assert "lifts the freeze" in out
    code, out, _ = sitrep("audit", "verify")
    assert code == 0


def test_an_edited_chain_is_named_at_the_terminal(sitrep: Sitrep, tmp_path: Path) -> None:
    """With the number of the first bad entry, and exit code 1."""
    import sqlite3
    from contextlib import closing

    sitrep("freeze")
    sitrep("unfreeze")
    (database,) = (tmp_path / "data").glob("sitrep.db")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE audit_entries SET content = replace(content, 'freezes', 'greets') WHERE seq = 1")
        connection.commit()
    code, out, err = sitrep("audit", "verify")
    assert code != 0
    assert "entry 1 was changed" in out + err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("inc", "--as", "U0ALICE01", "policy", "sign", "heal"), "signed in the chat"),
        (("inc", "--as", "U0ALICE01", "policy", "  sign heal"), "signed in the chat"),
        (("inc", "--as", "U0ALICE01", "approve", "prop_1"), "needs to know who you are"),
        (("inc", "--as", "U0ALICE01", "deny", "prop_1"), "needs to know who you are"),
        (("inc", "--as", "U0ALICE01", "link", "prop_1"), "The chat vouches for who asks for a link."),
        (("inc", "--link", "abc", "approve", "prop_1"), "not made by this Sitrep"),
        (("link", "prop_none", "--user", "U0ALICE01"), "prop_none"),
        (("inc", "dance"), "There is no verb 'dance'."),
    ],
)
def test_s1_the_terminal_vouches_for_nobody(sitrep: Sitrep, arguments: tuple[str, ...], words: str) -> None:
    """A name typed at the terminal decides and signs nothing; one clear line, exit code 2."""
    code, out, err = sitrep(*arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
