"""Seeded histories of trouble: kinds that recur unevenly, actions that help some of them, a fix that stops working."""

import numpy as np

ACTIONS = ("restart", "roll back", "scale up", "clear cache", "fail over", "wait")
OUTCOMES = ("recovered", "no_change", "worse")


def history(
    seed: int, count: int = 400, kinds: int = 12, changes: bool = False
) -> tuple[list[str], list[dict[str, str]], list[dict[str, float]]]:
    """The kind of each trouble, what each action would have done, and the chance of recovery that each action had.

    With `changes` the best action of every kind fails from the middle on.
    """
    random = np.random.default_rng(seed)
    popularity = 1 / np.arange(1, kinds + 1)
    base = random.beta(1, 3, len(ACTIONS))
    chances = np.clip(0.5 * base + 0.5 * random.beta(0.5, 1.2, (kinds, len(ACTIONS))), 0.02, 0.97)
    chances[np.arange(kinds), random.integers(0, len(ACTIONS), kinds)] = random.uniform(0.75, 0.97, kinds)
    picked = random.choice(kinds, count, p=popularity / popularity.sum())
    outcomes, shown = [], []
    for row, kind in enumerate(picked):
        now = chances[kind].copy()
        if changes and row >= count // 2:
            now[np.argmax(now)] = 0.05
        helped = random.random(len(ACTIONS)) < now
        worse = random.random(len(ACTIONS)) < 0.15
        outcomes.append(
            {
                action: "recovered" if good else "worse" if bad else "no_change"
                for action, good, bad in zip(ACTIONS, helped, worse, strict=True)
            }
        )
        shown.append(dict(zip(ACTIONS, now.tolist(), strict=True)))
    return [f"kind {kind}" for kind in picked], outcomes, shown
