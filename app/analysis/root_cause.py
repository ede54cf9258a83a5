"""Where does it start? A walk of the call graph from the symptom along services that are wrong themselves."""

from collections.abc import Mapping, Sequence


def rank_causes(symptom: str, calls: Mapping[str, Sequence[str]], scores: Mapping[str, float], bar: float) -> list[str]:
    """Services ordered by how likely the trouble starts there.

    `calls` maps a caller to its callees and `scores` a service to how wrong it is (0 = as always). Services reached from
    the symptom only through wrong services (score >= `bar`) and with no wrong callee of their own come first, deeper and
    stronger first; then the other wrong ones. Follows the traversal baseline of PetShop (CLeaR 2024).
    """
    depth = _reach(symptom, calls, scores, bar)
    wrong = [name for name in scores if scores[name] >= bar]

    def is_leaf(name: str) -> bool:
        return not any(scores.get(callee, 0.0) >= bar for callee in calls.get(name, ()))

    return sorted(wrong, key=lambda name: (not (name in depth and is_leaf(name)), -depth.get(name, -1), -scores[name], name))


def _reach(symptom: str, calls: Mapping[str, Sequence[str]], scores: Mapping[str, float], bar: float) -> dict[str, int]:
    depth = {symptom: 0}
    frontier = [symptom]
    while frontier:
        name = frontier.pop(0)
        for callee in calls.get(name, ()):
            if callee not in depth and scores.get(callee, 0.0) >= bar:
                depth[callee] = depth[name] + 1
                frontier.append(callee)
    return depth
