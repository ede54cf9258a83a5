"""Which change may have caused it: recent ones first, and those after which the changed service itself moved."""

import numpy as np

from app.analysis.case import ChangeSeen

HALF_LIFE_S = 1800.0
FORGOTTEN_S = 86400.0
LATE_S = 120.0


def change_weight(change: ChangeSeen, start: float, own: float) -> float:
    """How suspicious a change is, 0 to 1: halves every 30 minutes before `start`, and little where nothing moved.

    `own` is how surprising the changed service itself is, in doublings. A change after the start can still be the cause
    if the start was seen early, so two minutes are allowed; older ones than a day are forgotten.
    """
    age = start - change.at
    if not -LATE_S <= age <= FORGOTTEN_S:
        return 0.0
    moved = min(max(own, 0.0) / 2.0, 1.0)
    return float(np.exp2(-max(age, 0.0) / HALF_LIFE_S)) * (0.1 + 0.9 * moved)
