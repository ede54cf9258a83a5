"""Writes the configuration Prometheus and Alertmanager need to watch the shop with the drill's rules."""

from collections.abc import Iterable

import yaml

from app.drills.rules import Rule


def rules_yaml(rules: Iterable[Rule]) -> str:
    """A Prometheus rule file."""
    entries = [
        {
            "alert": rule.alert,
            "expr": rule.expression(),
            "for": f"{rule.for_s}s",
            "labels": {key: value for key, value in rule.labels().items() if key != "alertname"},
            "annotations": {
                "summary": rule.summary,
                "description": rule.description.replace("{value}", '{{ $value | printf "%.3g" }}'),
                "runbook": rule.runbook,
            },
        }
        for rule in rules
    ]
    return yaml.safe_dump({"groups": [{"name": "shop", "interval": "1s", "rules": entries}]}, sort_keys=False)


def prometheus_yaml(targets_url: str, rule_file: str, alertmanager: str) -> str:
    """A Prometheus configuration: scrapes what `targets_url` lists each second; `alertmanager` is host:port."""
    return yaml.safe_dump(
        {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [rule_file],
            "scrape_configs": [{"job_name": "shop", "http_sd_configs": [{"url": targets_url, "refresh_interval": "1s"}]}],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        },
        sort_keys=False,
    )


def alertmanager_yaml(webhook_url: str, token: str) -> str:
    """An Alertmanager configuration: everything goes to `webhook_url`, one group per service, quickly."""
    receiver = {
        "url": webhook_url,
        "send_resolved": True,
        "http_config": {"authorization": {"type": "Bearer", "credentials": token}},
    }
    return yaml.safe_dump(
        {
            "route": {
                "receiver": "sitrep",
                "group_by": ["service"],
                "group_wait": "1s",
                "group_interval": "2s",
                "repeat_interval": "1h",
            },
            "receivers": [{"name": "sitrep", "webhook_configs": [receiver]}],
        },
        sort_keys=False,
    )
