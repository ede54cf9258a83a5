"""Who hands trouble on and who makes it: surprise that a callee explains is taken from the caller."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.analysis.case import Calls, Floats
from app.analysis.metric_meaning import Channel

ON_PATH = 0.5
OFF_PATH_COSTS = 1.0
UNRELATED_COSTS = 2.0
NOTHING_KNOWN = -1000.0
SLOW_EXPLAINS_FAILURE = 0.5
AGREEMENT = 0.5
EXPLAINED = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """Per channel and service, how surprising the service is, in doublings, -1000 where nothing is known.

    `is_audible` is False where nothing would show trouble passing through, as in a proxy without numbers.
    """

    by_channel: dict[Channel, Floats]
    is_audible: NDArray[np.bool_]

    @property
    def total(self) -> Floats:
        """The most surprising channel of each service."""
        found: Floats = np.maximum.reduce(list(self.by_channel.values()))
        return found


def blame(names: Sequence[str], heard: Heard, calls: Calls, target: str | None) -> Floats:
    """How much each service is to blame, in doublings.

    Trouble travels from callee to caller. So a caller keeps of its slowness and of its failures only what its most
    surprising callee does not explain, looking through silent callees. With a target, services that no surprising path
    leads to from it are set back, those that the target does not call at all further. After the traversal baseline of
    PetShop (CLeaR 2024), with degrees instead of a threshold.
    """
    place = {name: index for index, name in enumerate(names)}
    graph = {place[caller]: sorted({place[callee] for callee in callees}) for caller, callees in calls.items()}
    slow, fail, own = (heard.by_channel[channel] for channel in (Channel.SLOW, Channel.FAIL, Channel.OWN))
    explains_slow, explains_fail = np.maximum(slow, own), np.maximum(fail, slow * SLOW_EXPLAINS_FAILURE)
    scores = np.empty(len(names))
    for index in range(len(names)):
        callees = _audible_callees(index, graph, heard)
        parts = (own[index], _left(slow[index], explains_slow[callees]), _left(fail[index], explains_fail[callees]))
        scores[index] = max(parts) + AGREEMENT * (sum(max(part, 0.0) for part in parts) - max(*parts, 0.0))
    if target is not None and target in place and graph:
        scores -= _set_back(place[target], graph, heard)
    return scores


def _left(surprise: float, explanations: Floats) -> float:
    explained = min(float(explanations.max(initial=0.0)), max(surprise, 0.0))
    return float(surprise - EXPLAINED * explained)


def _audible_callees(index: int, graph: dict[int, list[int]], heard: Heard) -> list[int]:
    found: list[int] = []
    seen = {index}
    waiting = deque(graph.get(index, ()))
    while waiting:
        callee = waiting.popleft()
        if callee in seen:
            continue
        seen.add(callee)
        if heard.is_audible[callee]:
            found.append(callee)
        else:
            waiting.extend(graph.get(callee, ()))
    return found


def _set_back(target: int, graph: dict[int, list[int]], heard: Heard) -> Floats:
    total = heard.total
    costs = np.full(len(total), UNRELATED_COSTS)
    costs[_reached(target, graph, np.ones(len(total), dtype=bool))] = OFF_PATH_COSTS
    costs[_reached(target, graph, (total >= ON_PATH) | ~heard.is_audible)] = 0.0
    return costs


def _reached(target: int, graph: dict[int, list[int]], passes: NDArray[np.bool_]) -> list[int]:
    """The target and all it leads to through services that let pass; the last on each way need not."""
    seen = {target}
    waiting = deque([target])
    while waiting:
        index = waiting.popleft()
        if index != target and not passes[index]:
            continue
        for callee in graph.get(index, ()):
            if callee not in seen:
                seen.add(callee)
                waiting.append(callee)
    return sorted(seen)
