"""The shop's entry in Sitrep's configuration: what may be done to it, by whom, and how each action is judged and undone."""

import sys
from pathlib import Path
from typing import Any

from app.drills.shop.launcher import Shop
from app.drills.shop.spec import TOKEN_ENV

ON_CALL, APPROVER = "U0ALICE01", "U0BOB0001"


def shop_inventory(shop: Shop) -> dict[str, Any]:
    """The whole SITREP_CONFIG for a running shop, as plain values."""
    return {
        "environment": "drill",
        "responders": [ON_CALL, APPROVER],
        "approvers": [{"user": ON_CALL, "up_to": "medium"}, {"user": APPROVER, "up_to": "high"}],
        **shop.sitrep_config(),
        "actions": actions(shop.admin_url, shop.spool_dir),
    }


def actions(platform_url: str, spool: Path) -> list[dict[str, Any]]:
    """The catalogue: five calls to the platform's API and one command."""
    return [
        _set_config_value(platform_url),
        _restart(platform_url),
        _scale(platform_url),
        _roll_back(platform_url),
        _switch_flag(platform_url),
        _clean_up(spool),
    ]


def _probe(metric: str, threshold: float, window_s: float = 60.0, hold_s: float = 6.0) -> dict[str, Any]:
    return {"metric": metric, "threshold": threshold, "bad": "above", "window_s": window_s, "hold_s": hold_s}


def _call(method: str, url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    call: dict[str, Any] = {"method": method, "url": url, "token_env": TOKEN_ENV}
    if method != "GET":
        call["expect_status"] = [200]
    if body is not None:
        call["json"] = body
    return call


def _set_config_value(url: str) -> dict[str, Any]:
    return {
        "name": "set_config_value",
        "title": "Set {key} of {target} to {value}",
        "description": "Changes one configuration value; it holds over restarts.",
        "executor": "http",
        "targets": ["checkout"],
        "risk": "medium",
        "is_reversible": True,
        "is_idempotent": True,
        "parameters": [
            {"name": "key", "kind": "string", "choices": ["pool_size", "workers", "queue_limit"], "description": "which value"},
            {"name": "value", "kind": "integer", "minimum": 1, "maximum": 100, "description": "its new value"},
        ],
        "call": _call("PUT", f"{url}/services/{{target}}/config/{{key}}", {"value": "{value}"}),
        "observe": _call("GET", f"{url}/services/{{target}}/config/{{key}}") | {"fields": {"before": "value"}},
        "probe": _probe("error_ratio", 0.05),
        "undo": {"action": "set_config_value", "parameters": {"key": "{key}", "value": "{before}"}},
        "helps_with": [],
    }


def _restart(url: str) -> dict[str, Any]:
    return {
        "name": "restart_service",
        "title": "Restart {target}",
        "description": "Replaces the processes one after the other; what they held in memory is gone.",
        "executor": "http",
        "targets": ["front", "checkout", "payments"],
        "risk": "medium",
        "parameters": [],
        "call": _call("POST", f"{url}/services/{{target}}/restart"),
        "probe": _probe("memory", 110e6),
        "helps_with": ["memory"],
    }


def _scale(url: str) -> dict[str, Any]:
    return {
        "name": "scale_service",
        "title": "Run {replicas} replicas of {target}",
        "description": "Starts or stops processes until there are that many.",
        "executor": "http",
        "targets": ["checkout", "payments"],
        "risk": "medium",
        "is_reversible": True,
        "is_idempotent": True,
        "parameters": [{"name": "replicas", "kind": "integer", "minimum": 1, "maximum": 6, "suggested": 3}],
        "call": _call("POST", f"{url}/services/{{target}}/scale", {"replicas": "{replicas}"}),
        "observe": _call("GET", f"{url}/services/{{target}}") | {"fields": {"before": "replicas"}},
        "probe": _probe("error_ratio", 0.05),
        "undo": {"action": "scale_service", "parameters": {"replicas": "{before}"}},
        "helps_with": ["queue_depth"],
    }


def _roll_back(url: str) -> dict[str, Any]:
    return {
        "name": "rollback_deploy",
        "title": "Roll {target} back to {version}",
        "description": "Runs an earlier version again.",
        "executor": "http",
        "targets": ["checkout"],
        "risk": "medium",
        "is_reversible": True,
        "is_idempotent": True,
        "parameters": [{"name": "version", "kind": "string", "choices": ["v41", "v42"]}],
        "call": _call("POST", f"{url}/services/{{target}}/rollback", {"version": "{version}"}),
        "observe": _call("GET", f"{url}/services/{{target}}") | {"fields": {"before": "version"}},
        "probe": _probe("error_ratio", 0.05),
        "undo": {"action": "rollback_deploy", "parameters": {"version": "{before}"}},
        "helps_with": [],
    }


def _switch_flag(url: str) -> dict[str, Any]:
    return {
        "name": "switch_feature_flag",
        "title": "Switch {flag} of {target} to {enabled}",
        "description": "Charges through the other card provider.",
        "executor": "http",
        "targets": ["payments"],
        "risk": "low",
        "is_reversible": True,
        "is_idempotent": True,
        "parameters": [
            {"name": "flag", "kind": "string", "choices": ["use_fallback_provider"], "suggested": "use_fallback_provider"},
            {"name": "enabled", "kind": "boolean", "suggested": True},
        ],
        "call": _call("PUT", f"{url}/services/{{target}}/flags/{{flag}}", {"enabled": "{enabled}"}),
        "observe": _call("GET", f"{url}/services/{{target}}/flags/{{flag}}") | {"fields": {"before": "enabled"}},
        "probe": _probe("error_ratio", 0.05),
        "undo": {"action": "switch_feature_flag", "parameters": {"flag": "{flag}", "enabled": "{before}"}},
        "helps_with": ["error_ratio", "latency_p95"],
    }


def _clean_up(spool: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "app.drills.shop.cleanup", "--dir", str(spool), "--older-than-s", "{older_than_s}"]
    return {
        "name": "clean_up_disk",
        "title": "Delete rotated files of {target} older than {older_than_s} s",
        "description": "Deletes rotated trace files from the spool folder; orders are never touched.",
        "executor": "command",
        "targets": ["checkout"],
        "risk": "medium",
        "parameters": [
            {"name": "older_than_s", "kind": "integer", "minimum": 60, "maximum": 86400, "suggested": 600, "unit": "s"}
        ],
        "call": {"argv": command, "working_dir": str(Path(__file__).resolve().parents[2])},
        "probe": _probe("disk_used_ratio", 0.9),
        "helps_with": ["disk_used_ratio"],
    }
