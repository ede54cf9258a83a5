"""What the platform was asked for, kept on disk: versions, replicas, settings and flags, and the list of changes."""

import json
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from app.drills.shop.journal import last_lines, utc_now
from app.drills.shop.spec import SERVICES, SpecError, Value, own_service

KEPT_CHANGES = 500

Kind = Literal["deploy", "config", "scale", "flag", "restart"]


@dataclass
class Wanted:
    """The wanted state of one service."""

    version: str
    replicas: int = 1
    config: dict[str, Value] = field(default_factory=dict)
    flags: dict[str, bool] = field(default_factory=dict)
    earlier_versions: list[str] = field(default_factory=list)


class DesiredState:
    """The wanted state of every service in `state.json`; each change is also a line of `changes.jsonl`."""

    def __init__(self, folder: Path) -> None:
        """Read what an earlier run left, or start with the defaults."""
        self._path = folder / "state.json"
        self._changes_path = folder / "changes.jsonl"
        self._changes = deque(last_lines(self._changes_path, KEPT_CHANGES), maxlen=KEPT_CHANGES)
        self.services = {name: _fresh(name) for name in SERVICES}
        if self._path.is_file():
            for name, value in json.loads(self._path.read_text(encoding="utf-8")).items():
                self.services[name] = Wanted(**value)

    def changes(self, limit: int) -> list[dict[str, object]]:
        """The newest changes, oldest first."""
        return list(self._changes)[-limit:]

    def note(
        self, service: str, kind: Kind, text: str, by: str, key: str = "", before: object = "", after: object = ""
    ) -> dict[str, object]:
        """Keep the state and one line about what changed it; `key`, `before` and `after` where a value changed."""
        change: dict[str, object] = {"time": utc_now(), "service": service, "kind": kind, "text": text, "by": by}
        change |= {"key": key, "before": _word(before), "after": _word(after)}
        self._changes.append(change)
        with self._changes_path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(change) + "\n")
        self._save()
        return change

    def set_config(self, service: str, key: str, value: object, by: str) -> dict[str, object]:
        """Wish a setting; it survives restarts."""
        wanted = self.services[service]
        parsed = own_service(service).setting(key).parse(key, value)
        before, wanted.config[key] = wanted.config[key], parsed
        return self.note(service, "config", f"{key}: {before} -> {parsed}", by, key, before, parsed)

    def set_flag(self, service: str, flag: str, enabled: bool, by: str) -> dict[str, object]:
        """Wish a feature flag on or off."""
        wanted = self.services[service]
        before, wanted.flags[flag] = wanted.flags[flag], enabled
        return self.note(service, "flag", f"{flag} switched {'on' if enabled else 'off'}", by, flag, before, enabled)

    def set_replicas(self, service: str, replicas: int, by: str) -> dict[str, object]:
        """Wish a number of replicas."""
        wanted = self.services[service]
        before, wanted.replicas = wanted.replicas, replicas
        return self.note(service, "scale", f"replicas: {before} -> {replicas}", by, "replicas", before, replicas)

    def deploy(self, service: str, version: str, by: str) -> dict[str, object]:
        """Wish a version."""
        wanted = self.services[service]
        _require_version(service, version)
        before, wanted.version = wanted.version, version
        if before != version:
            wanted.earlier_versions.append(before)
        return self.note(service, "deploy", f"deploy {before} -> {version}", by, "version", before, version)

    def roll_back(self, service: str, version: str | None, by: str) -> dict[str, object]:
        """Wish the version before the present one, or a named one; `SpecError` 409 when there is none."""
        wanted = self.services[service]
        if version is None and not wanted.earlier_versions:
            hint = f"Name a version: {', '.join(SERVICES[service].versions)}."
            raise SpecError(f"{service} has no earlier version to go back to", hint, 409)
        target = wanted.earlier_versions[-1] if version is None else version
        _require_version(service, target)
        before, wanted.version = wanted.version, target
        if target in wanted.earlier_versions:
            wanted.earlier_versions = wanted.earlier_versions[: wanted.earlier_versions.index(target)]
        return self.note(service, "deploy", f"rollback {before} -> {target}", by, "version", before, target)

    def forget_changes(self) -> None:
        """Start the list of changes anew."""
        self._changes.clear()
        self._changes_path.unlink(missing_ok=True)
        self._save()

    def reset(self) -> None:
        """Wish the defaults everywhere."""
        self.services = {name: _fresh(name) for name in SERVICES}

    def _save(self) -> None:
        text_of_all = json.dumps({name: asdict(wanted) for name, wanted in self.services.items()}, indent=1)
        draft = self._path.with_suffix(".draft")
        draft.write_text(text_of_all, encoding="utf-8")
        draft.replace(self._path)


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fresh(name: str) -> Wanted:
    spec = SERVICES[name]
    return Wanted(version=spec.version, config=spec.defaults(), flags=dict.fromkeys(spec.flags, False))


def _require_version(service: str, version: str) -> None:
    if version not in SERVICES[service].versions:
        raise SpecError(f"{service} has no version {version!r}", f"Known: {', '.join(SERVICES[service].versions)}.", 404)
