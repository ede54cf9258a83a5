"""Requesters, freezes, policies, plans and limits: each wrong reference is one line that says where and what to do."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from app.adapters.inventory import example, load
from app.domain.errors import BadInput

TOKEN = {"SITREP_SHOP_TOKEN": "t"}


def with_rules(folder: Path, **rules: Any) -> Path:
    document: Any = yaml.safe_load(example())
    path = folder / "sitrep.yaml"
    path.write_text(yaml.safe_dump(document | rules, sort_keys=False), encoding="utf-8")
    return path


def changed_action(**changes: Any) -> dict[str, Any]:
    document: Any = yaml.safe_load(example())
    document["actions"][0] |= changes
    return {"actions": document["actions"]}


WINDOW = {"name": "quiet", "days": ["sat"]}
STEP = {"name": "one", "action": "clean_up_disk", "target": "checkout"}
MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "a requester for an unknown service": ({"requesters": [{"user": "*", "services": ["basket"]}]}, "'basket' is not known"),
    "a requester for an unknown action": ({"requesters": [{"user": "U0EVE", "actions": ["dance"]}]}, "'dance' is not known"),
    "a requester who is nobody": ({"requesters": [{"user": "eve"}]}, r"requesters\[0\]\.user"),
    "an unknown key of a requester": ({"requesters": [{"user": "*", "service": ["x"]}]}, "unknown key. Did you mean services"),
    "a window without a time": ({"freezes": [{"name": "quiet"}]}, "needs either two moments or days"),
    "a window of both kinds": (
        {"freezes": [{**WINDOW, "starts_at": "2026-12-24T18:00Z", "ends_at": "2026-12-25T18:00Z"}]},
        "needs either two moments or days",
    ),
    "a window with one end": ({"freezes": [{"name": "quiet", "starts_at": "2026-12-24T18:00Z"}]}, "needs either two moments"),
    "a window that ends before it starts": (
        {"freezes": [{"name": "q", "starts_at": "2026-12-25T18:00Z", "ends_at": "2026-12-24T18:00Z"}]},
        "is not after starts_at",
    ),
    "a window twice": ({"freezes": [WINDOW, {"name": "quiet", "days": ["sun"]}]}, "'quiet' stands twice"),
    "a day that is none": ({"freezes": [{**WINDOW, "days": ["someday"]}]}, r"freezes\[0\]\.days"),
    "a moment that is none": (
        {"freezes": [{"name": "q", "starts_at": "2026-13-24T18:00Z", "ends_at": "2026-12-25T18:00Z"}]},
        "is no moment",
    ),
    "a window on an unknown service": ({"freezes": [{**WINDOW, "services": ["basket"]}]}, "'basket' is not known"),
    "a policy on an unknown action": (
        {
            "policies": [
                {"name": "p", "action": "dance", "target": "checkout", "alerts": ["A"], "expires_at": "2027-01-01T00:00Z"}
            ]
        },
        "no action is called 'dance'",
    ),
    "a policy on an action of medium risk": (
        {
            "policies": [
                {
                    "name": "p",
                    "action": "set_config_value",
                    "target": "checkout",
                    "alerts": ["A"],
                    "expires_at": "2027-01-01T00:00Z",
                }
            ]
        },
        "set_config_value has medium risk",
    ),
    "a plan with an unknown action": (
        {"plans": [{"name": "p", "steps": [{**STEP, "action": "dance"}]}]},
        "no action is called 'dance'",
    ),
    "a plan with an unknown target": (
        {"plans": [{"name": "p", "steps": [{**STEP, "target": "basket"}]}]},
        "has no target 'basket'",
    ),
    "a requirement on what is not seen": (changed_action(requires=[{"field": "mood", "equals": 1}]), "'mood' is not observed"),
    "a requirement of two kinds": (
        changed_action(requires=[{"field": "before", "equals": 1, "at_least": 1}]),
        "needs exactly one of equals, at_least and at_most",
    ),
    "a limit of no runs": (changed_action(rate_limit={"runs": 0, "per_s": 60}), r"rate_limit\.runs"),
    "a limit without a time": (changed_action(rate_limit={"runs": 1}), r"rate_limit\.per_s: is missing"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_rule_is_one_line_with_its_place_and_a_hint(tmp_path: Path, mistake: str) -> None:
    """File, line, key, what is wrong, what to do."""
    rules, words = MISTAKES[mistake]
    with pytest.raises(BadInput, match=words) as problem:
        load(with_rules(tmp_path, **rules), TOKEN)
    assert "sitrep.yaml:" in problem.value.message
    assert problem.value.hint
    assert "\n" not in str(problem.value)
