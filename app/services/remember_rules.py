"""Keeps the rules that Sitrep started with, so that a change of them is on record and a refusal can say what changed."""

from dataclasses import dataclass

from app.domain.audit import AuditKind
from app.domain.guards import changes
from app.domain.inventory import Inventory
from app.ports.store import Store

IN_FORCE = "policy_version"


@dataclass(frozen=True, slots=True)
class RememberRules:
    """Called once when a process starts."""

    store: Store
    inventory: Inventory

    def __call__(self) -> None:
        """Stores the rules and, if they are others than before, says in the audit chain what changed."""
        version, rules = self.inventory.policy_version, self.inventory.rules
        with self.store.begin() as tx:
            now, before = tx.now(), tx.setting(IN_FORCE)
            tx.rules.remember(version, rules, now)
            if before == version:
                return
            old = tx.rules.of(before) if before else None
            found = changes(dict(old), dict(rules), most=20) if old is not None else []
            text = "The rules changed" if before else "The rules are in force"
            tx.set_setting(IN_FORCE, version)
            tx.audit.append(
                AuditKind.POLICY, text, "configuration", now, {"version": version, "before": before, "changes": [*found]}
            )
