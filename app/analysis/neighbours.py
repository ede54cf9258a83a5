"""How two services stand to each other in the call graph."""

from collections import defaultdict
from collections.abc import Iterable
from enum import Enum, auto


class Relation(Enum):
    """Where the effect's service stands, seen from the cause's service."""

    SAME = auto()
    CALLER = auto()
    CALLEE = auto()
    FAR_CALLER = auto()
    FAR_CALLEE = auto()
    SIBLING = auto()
    NONE = auto()
    UNKNOWN = auto()


class Calls:
    """A call graph; relations are looked up, not searched. Services that are not in it stand in an unknown relation."""

    def __init__(self, calls: Iterable[tuple[str, str]], others: Iterable[str] = ()) -> None:
        """`others` are services known to call nobody and to be called by nobody."""
        callers: dict[str, set[str]] = defaultdict(set)
        callees: dict[str, set[str]] = defaultdict(set)
        for caller, callee in calls:
            if caller != callee:
                callers[callee].add(caller)
                callees[caller].add(callee)
        self.services = frozenset(callers) | frozenset(callees) | frozenset(others)
        self._relations = {name: _around(name, callers, callees) for name in self.services}

    def __len__(self) -> int:
        """How many services."""
        return len(self.services)

    def relation(self, cause: str, effect: str) -> Relation:
        """How `effect` stands to `cause`."""
        if cause == effect:
            return Relation.SAME
        if cause in self.services and effect in self.services:
            return self._relations[cause].get(effect, Relation.NONE)
        return Relation.UNKNOWN


def _around(name: str, callers: dict[str, set[str]], callees: dict[str, set[str]]) -> dict[str, Relation]:
    none: set[str] = set()
    near = callers.get(name, none)
    far = {other for caller in near for other in callers.get(caller, none)}
    deep = {other for callee in callees.get(name, none) for other in callees.get(callee, none)}
    siblings = {other for callee in callees.get(name, none) for other in callers.get(callee, none)}
    found: dict[str, Relation] = {}
    for relation, group in (
        (Relation.SIBLING, siblings),
        (Relation.FAR_CALLEE, deep),
        (Relation.FAR_CALLER, far),
        (Relation.CALLEE, callees.get(name, none)),
        (Relation.CALLER, near),
    ):
        found.update(dict.fromkeys(group, relation))
    return found
