"""`sitrep actions` and `sitrep policy`: the catalogue and the rules, shown, checked, explained and tried without effect."""

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from app.domain.action import ActionSpec
from app.domain.errors import BadInput
from app.domain.inventory import Inventory


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the commands."""
    actions = commands.add_parser("actions", help="the catalogue of guarded actions").add_subparsers(
        metavar="WHAT", required=True
    )
    actions.add_parser("list", help="one line for each action").set_defaults(run=_list)
    show = actions.add_parser("show", help="everything about one action")
    show.add_argument("action")
    show.set_defaults(run=_show)
    actions.add_parser("check", help="read the configuration and say what is wrong with it").set_defaults(run=_check)
    test = actions.add_parser("test", help="look at the target and make a dry run; changes nothing")
    test.add_argument("action")
    test.add_argument("target")
    test.add_argument("values", nargs="*", metavar="key=value")
    test.set_defaults(run=_test)
    policy = commands.add_parser("policy", help="who may do what, and why not").add_subparsers(metavar="WHAT", required=True)
    explain = policy.add_parser("explain", help="say who may ask for and approve an action, and why not")
    for name in ("user", "action", "target"):
        explain.add_argument(name)
    explain.set_defaults(run=_explain)
    policy.add_parser("schema", help="print the configuration's JSON schema").set_defaults(run=_schema)
    check = policy.add_parser("check", help="read a configuration file and say what is wrong with it")
    check.add_argument("file", type=Path)
    check.set_defaults(run=_check)


def _inventory(options: argparse.Namespace) -> Inventory:
    from app.bootstrap import read_inventory
    from app.entrypoints.cli.main import settings_of

    settings = settings_of(options)
    if settings.config is None:
        raise BadInput("No configuration is set.", "Set SITREP_CONFIG to a YAML file.")
    return read_inventory(settings)


def _list(options: argparse.Namespace) -> int:
    for spec in _inventory(options).actions.values():
        undo = f"undo {spec.undo.action}" if spec.undo else "no undo"
        what = f"{', '.join(spec.targets)}: {spec.description or spec.title} ({undo})"
        print(f"{spec.name:24} {spec.risk.label:6} {spec.executor:10} {what}")
    return 0


def _show(options: argparse.Namespace) -> int:
    spec = _inventory(options).action(options.action)
    print(json.dumps(asdict(spec), indent=2, default=str, ensure_ascii=False))
    return 0


def _check(options: argparse.Namespace) -> int:
    if getattr(options, "file", None) is not None:
        from app.adapters.inventory.reader import load

        inventory = load(options.file, {})
    else:
        inventory = _inventory(options)
    without_undo = [spec.name for spec in inventory.actions.values() if spec.undo is None]
    counts = {
        "services": inventory.services,
        "actions": inventory.actions,
        "approvers": inventory.approvers,
        "standing policies": inventory.standing,
        "plans": inventory.plans,
        "freeze windows": inventory.freezes,
    }
    print(f"{', '.join(f'{len(items)} {name}' for name, items in counts.items())}: all well.")
    if without_undo:
        print(f"Without an undo: {', '.join(without_undo)}.")
    nobody = [spec.name for spec in inventory.actions.values() if not _has_approver(spec, inventory)]
    if nobody:
        print(f"Nobody may approve: {', '.join(nobody)}.")
    return 0


def _has_approver(spec: ActionSpec, inventory: Inventory) -> bool:
    return all(any(role.covers(spec, target) for role in inventory.approvers) for target in spec.targets)


def _test(options: argparse.Namespace) -> int:
    from app.bootstrap import build_runner
    from app.entrypoints.cli.main import settings_of

    pairs = [value.partition("=") for value in options.values]
    if any(not equals for _, equals, _ in pairs):
        raise BadInput("Values are written key=value.", "For example: sitrep actions test scale checkout replicas=3")
    inventory = _inventory(options)
    spec = inventory.action(options.action)
    parameters = spec.parse(options.target, {name: value for name, _, value in pairs})
    runner = build_runner(settings_of(options), inventory)
    seen = runner.observe(spec, options.target, parameters)
    print(f"Now: {json.dumps(dict(seen), ensure_ascii=False)}")
    spec.check_state(seen)
    print(f"It would: {runner.preview(spec, options.target, parameters).text}")
    print("Every requirement holds. Nothing was changed.")
    return 0


def _explain(options: argparse.Namespace) -> int:
    from app.domain.permission import explain

    found = explain(options.user, options.action, options.target, _inventory(options), datetime.now(UTC))
    print("\n".join(found.lines))
    return 0 if found.may_request or found.may_approve else 1


def _schema(options: argparse.Namespace) -> int:
    del options
    from app.adapters.inventory.models import Configuration

    print(json.dumps(Configuration.model_json_schema(by_alias=True), indent=2))
    return 0
